"""Builds the OPC UA source of one server; the one importer of asyncua on the agent's way up."""

from collections.abc import Mapping

from edge.sources.building import Site, Wanted
from edge.sources.opcua import MachineNodes, OpcUaSource


def build(site: Site, machines: Mapping[str, Wanted]) -> OpcUaSource:
    """One session for all machines. Raises FileInvalid."""
    first = next(iter(machines.values()))
    endpoint = first.device.endpoint(site.vault, first.place)
    nodes = {
        name: MachineNodes({signal: each.node for signal, each in wanted.signals.items()}, wanted.device.root)
        for name, wanted in machines.items()
    }
    return OpcUaSource(endpoint, nodes, site.clock)
