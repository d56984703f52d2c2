"""Builds the OPC UA source of one server; the one importer of asyncua on the agent's way up."""

from collections.abc import Mapping

from edge.sources.building import Site, Wanted
from edge.sources.opcua import MachineNodes, OpcUaSource
from edge.sources.opcua_check import Questions, check_all
from edge.sources.opcua_endpoint import OpcUaEndpoint
from edge.sources.opcua_signal import OpcUaSignal
from edge.sources.opcua_signals import Ask
from edge.verdict import JOB_LIST, Verdict


def build(site: Site, machines: Mapping[str, Wanted]) -> OpcUaSource:
    """One session for all machines. Raises FileInvalid."""
    nodes = {name: _nodes(wanted) for name, wanted in machines.items()}
    return OpcUaSource(_endpoint(site, machines), nodes, site.clock)


async def probe(site: Site, machines: Mapping[str, Wanted]) -> list[Verdict]:
    """Every node and its type, for `edge check`. Raises FileInvalid."""
    questions = {name: Questions(_nodes(wanted), _types(wanted)) for name, wanted in machines.items()}
    return await check_all(_endpoint(site, machines), questions)


def _endpoint(site: Site, machines: Mapping[str, Wanted]) -> OpcUaEndpoint:
    first = next(iter(machines.values()))
    found: OpcUaEndpoint = first.device.endpoint(site.vault, first.place)
    return found


def _nodes(wanted: Wanted) -> MachineNodes:
    return MachineNodes({signal: ask(each) for signal, each in wanted.signals.items()}, wanted.device.root)


def _types(wanted: Wanted) -> dict[str, str]:
    return {name: signal.type for name, signal in wanted.signals.items() if name != JOB_LIST}


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
