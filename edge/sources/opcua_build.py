"""Builds the OPC UA source of one server; the one importer of asyncua on the agent's way up."""

from collections.abc import Mapping

from edge.sources.building import Site, Wanted
from edge.sources.opcua import MachineNodes, OpcUaSource
from edge.sources.opcua_signal import OpcUaSignal
from edge.sources.opcua_signals import Ask


def build(site: Site, machines: Mapping[str, Wanted]) -> OpcUaSource:
    """One session for all machines. Raises FileInvalid."""
    first = next(iter(machines.values()))
    endpoint = first.device.endpoint(site.vault, first.place)
    nodes = {
        name: MachineNodes({signal: ask(each) for signal, each in wanted.signals.items()}, wanted.device.root)
        for name, wanted in machines.items()
    }
    return OpcUaSource(endpoint, nodes, site.clock)


def ask(signal: OpcUaSignal) -> Ask:
    """How the source asks for a signal of a profile. The deadband is in final units there, in raw ones here."""
    gain = abs(signal.line[0]) if signal.line else 1.0
    return Ask(
        node=signal.node,
        pointer=signal.pointer,
        names=signal.names_of,
        sampling_ms=None if signal.sampling is None else round(signal.sampling.total_seconds() * 1000),
        queue=signal.queue,
        poll_s=None if signal.poll is None else signal.poll.total_seconds(),
        deadband=None if signal.deadband is None else signal.deadband / gain,
        stale_s=None if signal.staleness is None else signal.staleness.total_seconds(),
    )
