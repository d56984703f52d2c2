"""Where job control lives in one session with a machine: receiver, job list, methods, and the response provider."""

from collections.abc import Mapping
from dataclasses import dataclass

from asyncua import ua

from edge.orders.isa95_types import URI
from edge.sources.opcua_address import Address, Segment
from edge.sources.opcua_nodes import Missing, child, neighbours, resolve
from edge.sources.opcua_session import OpcUaSession
from gateway.errors import ThirdshiftError

REQUEST_RESPONSE = "RequestJobResponseByJobOrderID"
METHODS = frozenset({"Store", "Start", "Abort", "Cancel", "Clear", REQUEST_RESPONSE})
"""All that is ever called on a machine (OPC 10031-4, 7.2)."""


class NoJobControl(ThirdshiftError):
    """The machine has no job control at the configured node; the message names it."""

    code = "orders.no_job_control"


@dataclass(frozen=True, slots=True)
class Bound:
    """The nodes of one session; worthless in the next."""

    session: OpcUaSession
    namespace: int
    receiver: ua.NodeId
    provider: ua.NodeId
    job_list: ua.NodeId
    methods: Mapping[str, ua.NodeId]


async def bind(session: OpcUaSession, receiver: Address, responses: Address | None) -> Bound:
    """Find job control in this session. Raises NoJobControl, or one of LOST."""
    if URI not in session.namespaces:
        msg = f"the server has no ISA-95 job control (namespace {URI})"
        raise NoJobControl(msg)
    names = sorted(METHODS - {REQUEST_RESPONSE})
    wanted = [receiver, *(_below(receiver, name) for name in ("JobOrderList", *names))]
    found = await resolve(session, wanted)
    here, job_list = found[receiver], found[_below(receiver, "JobOrderList")]
    if isinstance(here, Missing) or isinstance(job_list, Missing):
        msg = f"{receiver} is not an ISA95JobOrderReceiver of this server; mend `job_orders`"
        raise NoJobControl(msg)
    methods = {name: node for name in names if not isinstance(node := found[_below(receiver, name)], Missing)}
    provider, request = await _provider(session, here, responses)
    methods[REQUEST_RESPONSE] = request
    return Bound(session, session.namespaces.index(URI), here, provider, job_list, methods)


def _below(address: Address, name: str) -> Address:
    return Address(address.start, (*address.path, Segment(URI, name)))


async def _provider(
    session: OpcUaSession, receiver: ua.NodeId, responses: Address | None
) -> tuple[ua.NodeId, ua.NodeId]:
    """The response provider and its method: where the config says, else on the receiver itself or on a sibling."""
    for candidate in await _candidates(session, receiver, responses):
        method = await child(session, candidate, Segment(URI, REQUEST_RESPONSE))
        if not isinstance(method, Missing):
            return candidate, method
    msg = "the machine has no ISA95JobResponseProvider beside its job order receiver; name it in the config"
    raise NoJobControl(msg)


async def _candidates(session: OpcUaSession, receiver: ua.NodeId, responses: Address | None) -> list[ua.NodeId]:
    if responses is not None:
        found = await resolve(session, [responses])
        return [node for node in found.values() if not isinstance(node, Missing)]
    parents = await neighbours(session, receiver, ua.BrowseDirection.Inverse)
    siblings = [near.node for parent in parents for near in await neighbours(session, parent.node)]
    return [receiver, *siblings]
