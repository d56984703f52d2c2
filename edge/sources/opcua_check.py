"""Looks at an OPC UA server the way `thirdshift edge check` does: every node, its type and value, and what to mend."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from asyncua import ua

from edge.sources.opcua_address import Address, AddressError, parse
from edge.sources.opcua_endpoint import OpcUaEndpoint
from edge.sources.opcua_nodes import Missing, chunks, neighbours, resolve
from edge.sources.opcua_problems import explain
from edge.sources.opcua_session import LOST, OpcUaSession, quiet_library
from edge.sources.opcua_values import content, quality
from gateway.errors import UsageError
from gateway.machine import Quality

TRIED: tuple[type[Exception], ...] = (*LOST, UsageError)
UNREACHABLE = "endpoint"
"""The name of the one verdict that a server gets to which no session could be opened."""


@dataclass(frozen=True, slots=True)
class SignalVerdict:
    """One signal: whether it can be used, what was found there, and if not, why and what to do."""

    signal: str
    address: str
    ok: bool
    type: str | None = None
    value: object = None
    quality: Quality | None = None
    problem: str | None = None
    advice: str | None = None


async def check(
    endpoint: OpcUaEndpoint,
    signals: Mapping[str, str],
    *,
    root: str = "/Objects",
    types: Mapping[str, str] | None = None,
) -> list[SignalVerdict]:
    """A verdict per signal, in their order; a single one named `endpoint` where no session could be opened.

    `types` names the data type that a signal must have (OPC 10000-3, 8; `Enumeration` is any subtype of it, or Int32).
    """
    quiet_library()
    try:
        session = await OpcUaSession.open(endpoint)
    except TRIED as error:
        return [SignalVerdict(UNREACHABLE, endpoint.url, ok=False, problem=explain(error, endpoint))]
    try:
        return await _check(session, signals, root, types or {})
    except LOST as error:
        return [SignalVerdict(UNREACHABLE, endpoint.url, ok=False, problem=explain(error, endpoint))]
    finally:
        await session.close()


async def _check(
    session: OpcUaSession, signals: Mapping[str, str], root: str, types: Mapping[str, str]
) -> list[SignalVerdict]:
    read = {name: _parsed(text, root) for name, text in signals.items()}
    addresses = {address for address in read.values() if isinstance(address, Address)}
    found = await resolve(session, addresses)
    nodes = [node for node in found.values() if not isinstance(node, Missing)]
    seen = await _read(session, nodes)
    verdicts = []
    for name, address in read.items():
        if isinstance(address, AddressError):
            verdicts.append(SignalVerdict(name, signals[name], ok=False, problem=str(address)))
        elif isinstance(node := found[address], Missing):
            advice = await _nearest(session, address)
            verdicts.append(SignalVerdict(name, str(address), ok=False, problem=_missing(node), advice=advice))
        else:
            verdicts.append(_judge(name, str(address), seen[node], types.get(name)))
    return verdicts


def _parsed(text: str, root: str) -> Address | AddressError:
    try:
        return parse(text, parse(root))
    except AddressError as error:
        return error


@dataclass(frozen=True, slots=True)
class _Found:
    value: ua.DataValue
    type: str | None


async def _read(session: OpcUaSession, nodes: Sequence[ua.NodeId]) -> dict[ua.NodeId, _Found]:
    """Value and data type name of each node."""
    found: dict[ua.NodeId, _Found] = {}
    for part in chunks(nodes):
        values = await session.services.read_attributes(list(part), ua.AttributeIds.Value)
        types = await session.services.read_attributes(list(part), ua.AttributeIds.DataType)
        for node, value, kind in zip(part, values, types, strict=True):
            found[node] = _Found(value, await _type_name(session, kind))
    return found


async def _type_name(session: OpcUaSession, kind: ua.DataValue) -> str | None:
    """The name of the data type; `Enumeration` for any kind of one."""
    if not kind.StatusCode.is_good() or not isinstance(kind.Value.Value, ua.NodeId):
        return None
    data_type = kind.Value.Value
    (name,) = await session.services.read_attributes([data_type], ua.AttributeIds.BrowseName)
    parents = await neighbours(session, data_type, ua.BrowseDirection.Inverse)
    if any(parent.node == ua.NodeId(ua.ObjectIds.Enumeration) for parent in parents):
        return "Enumeration"
    return str(content(name))


def _judge(name: str, address: str, found: _Found, wanted: str | None) -> SignalVerdict:
    status = found.value.StatusCode
    problem, advice = None, None
    if status is not None and status.value == ua.StatusCodes.BadNodeIdUnknown:
        problem, advice = "is not on this server", "check the node id, and that the server has loaded the namespace"
    elif found.type is None:
        problem, advice = "is not a variable", "name the variable below it that carries the value"
    elif wanted is not None and not _fits(found.type, wanted):
        problem, advice = f"has type {found.type}, not {wanted}", "correct `type` in the profile, or name another node"
    elif quality(status) is Quality.BAD:
        problem = f"has no value now ({status.name})"
        advice = "look at the machine: its own server does not get the value"
    return SignalVerdict(
        name,
        address,
        ok=problem is None,
        type=found.type,
        value=content(found.value),
        quality=quality(status),
        problem=problem,
        advice=advice,
    )


def _fits(found: str, wanted: str) -> bool:
    return found == wanted or (wanted == "Enumeration" and found == "Int32")


def _missing(missing: Missing) -> str:
    return "is not on this server" if missing.problem == "BadNoMatch" else missing.problem


async def _nearest(session: OpcUaSession, address: Address) -> str:
    """Where the path still held, and the names there that come close."""
    for length in range(len(address.path) - 1, -1, -1):
        parent = Address(address.start, address.path[:length])
        (node,) = (await resolve(session, [parent])).values()
        if isinstance(node, Missing):
            continue
        names = [near.name for near in await neighbours(session, node)]
        close = difflib.get_close_matches(address.path[length].name, names, n=3) or sorted(names)[:8]
        return f"{address.path[length].name!r} is not below {parent}; there: {', '.join(close) or 'nothing'}"
    return "check the node id, and that the server has loaded the namespace"
