"""Looks at an OPC UA server the way `thirdshift edge check` does: every node, its type and value, and what to mend."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from asyncua import ua

from edge.sources.opcua_address import Address, AddressError
from edge.sources.opcua_endpoint import OpcUaEndpoint
from edge.sources.opcua_nodes import Missing, attributes, neighbours, resolve
from edge.sources.opcua_pki import CERTIFICATE, read
from edge.sources.opcua_problems import explain
from edge.sources.opcua_reader import Reader
from edge.sources.opcua_session import LOST, OpcUaSession, quiet_library
from edge.sources.opcua_signals import Ask, MachineNodes, Signal
from edge.sources.opcua_values import quality
from edge.verdict import ENDPOINT, Verdict
from gateway.errors import UsageError
from gateway.machine import Quality

TRIED: tuple[type[Exception], ...] = (*LOST, UsageError)
SOON = timedelta(days=60)
"""How long before its end an own certificate is worth a word."""

_WHOLE = {"SByte", "Byte", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64", "Enumeration"}
_REAL = {"Float", "Double"}
_KINDS: Mapping[type, tuple[str, set[str]]] = {
    bool: ("true or false", {"Boolean"}),
    int: ("a whole number", _WHOLE | _REAL),
    float: ("a number", _REAL),
    str: ("text", {"String", "LocalizedText", "Enumeration"}),
}
"""How a value without a data type of its own (a part of another) is called, and which types it may stand for."""


@dataclass(frozen=True, slots=True)
class Questions:
    """What is asked of one machine. `types`: the data type that a signal must have (OPC 10000-3, 8)."""

    nodes: MachineNodes
    types: Mapping[str, str]


async def check(
    endpoint: OpcUaEndpoint, signals: Mapping[str, str | Ask], *, root: str = "/Objects", types: Mapping[str, str] = {}
) -> list[Verdict]:
    """A verdict per signal of one nameless machine, in their order; see `check_all`."""
    found = await check_all(endpoint, {"": Questions(MachineNodes(signals, root), types)})
    return [each for each in found if each.signal != ENDPOINT or not each.ok]


async def check_all(endpoint: OpcUaEndpoint, machines: Mapping[str, Questions]) -> list[Verdict]:
    """For each machine a verdict on the endpoint, and one per signal in their order if it could be asked."""
    quiet_library()
    try:
        session = await OpcUaSession.open(endpoint)
    except TRIED as error:
        return _unreachable(endpoint, machines, error)
    try:
        found: list[Verdict] = []
        for name, questions in machines.items():
            found += [_reached(session, name), *await _check(session, name, questions)]
    except LOST as error:
        return _unreachable(endpoint, machines, error)
    else:
        return found
    finally:
        await session.close()


def _unreachable(endpoint: OpcUaEndpoint, machines: Mapping[str, Questions], error: Exception) -> list[Verdict]:
    problem = explain(error, endpoint)
    return [Verdict(name, ENDPOINT, endpoint.url, ok=False, problem=problem) for name in machines]


def _reached(session: OpcUaSession, machine: str) -> Verdict:
    """How the session is secured, and what of that will need somebody soon."""
    endpoint, advice = session.endpoint, None
    if not session.level.secure and endpoint.security == "auto":
        advice = "not encrypted: switch that on in the server, or write `security: none` if its network is safe"
    elif session.level.secure:
        ends = read(endpoint.identity / CERTIFICATE).not_valid_after_utc
        if ends - datetime.now(UTC) < SOON:
            renew = f"thirdshift edge certs create --replace --pki {endpoint.identity}"
            advice = f"our own certificate ends on {ends:%Y-%m-%d}: {renew}"
    user = endpoint.user or ("by certificate" if endpoint.user_certificate else "anonymous")
    value = f"{session.level}, user {user}"
    return Verdict(machine, ENDPOINT, endpoint.url, ok=True, value=value, quality=Quality.GOOD, advice=advice)


async def _check(session: OpcUaSession, machine: str, questions: Questions) -> list[Verdict]:
    asked = {name: _parsed(machine, name, questions.nodes) for name in questions.nodes.signals}
    signals = [each for each in asked.values() if isinstance(each, Signal)]
    places = await resolve(session, {signal.address for signal in signals})
    nodes = {signal: node for signal in signals if not isinstance(node := places[signal.address], Missing)}
    reader = Reader(session)
    await reader.prepare(nodes)
    seen = await _read(reader, list(nodes.values()))
    await reader.learn([each.value for each in seen.values()])
    verdicts = []
    for name, signal in asked.items():
        if isinstance(signal, Verdict):
            verdicts.append(signal)
        elif isinstance(place := places[signal.address], Missing):
            bare = Verdict(machine, name, str(signal.address), ok=False, problem=_missing(place))
            verdicts.append(replace(bare, advice=await _nearest(session, signal.address)))
        else:
            verdicts.append(_judge(reader, signal, seen[place], questions.types.get(name)))
    return verdicts


def _parsed(machine: str, name: str, nodes: MachineNodes) -> Signal | Verdict:
    try:
        return MachineNodes({name: nodes.signals[name]}, nodes.root).of(machine)[0]
    except (AddressError, ValueError) as error:
        each = nodes.signals[name]
        return Verdict(machine, name, each if isinstance(each, str) else each.node, ok=False, problem=str(error))


@dataclass(frozen=True, slots=True)
class _Found:
    value: ua.DataValue
    type: str | None


async def _read(reader: Reader, nodes: Sequence[ua.NodeId]) -> dict[ua.NodeId, _Found]:
    """Value and data type name of each node."""
    values = await attributes(reader.book.session, nodes)
    types = await attributes(reader.book.session, nodes, ua.AttributeIds.DataType)
    return {
        node: _Found(value, await reader.book.type_name(kind, value))
        for node, value, kind in zip(nodes, values, types, strict=True)
    }


def _judge(reader: Reader, signal: Signal, found: _Found, wanted: str | None) -> Verdict:
    status = found.value.StatusCode
    value, unreadable = reader.content(signal, found.value)
    problem, advice = None, None
    if status is not None and status.value == ua.StatusCodes.BadNodeIdUnknown:
        problem, advice = "is not on this server", "check the node id, and that the server has loaded the namespace"
    elif found.type is None:
        problem, advice = "is not a variable", "name the variable below it that carries the value"
    elif quality(status) is Quality.BAD:
        problem = f"has no value now ({status.name})"
        advice = "look at the machine: its own server does not get the value"
    elif unreadable is not None:
        problem, advice = unreadable, "correct `pointer` in the profile"
    elif wanted is not None and (other := _other(signal, found.type, value, wanted)):
        problem, advice = f"{other}, not {wanted}", "correct `type` in the profile, or name another node"
    return Verdict(
        signal.machine,
        signal.name,
        str(signal.address) + signal.ask.pointer,
        ok=problem is None,
        type=found.type,
        value=value,
        quality=quality(status),
        problem=problem,
        advice=advice,
    )


def _other(signal: Signal, found: str, value: object, wanted: str) -> str | None:
    """What the value is instead of the wanted type; None if that is what it is."""
    if not signal.steps and not signal.ask.names:
        return None if found == wanted or (wanted == "Enumeration" and found == "Int32") else f"has type {found}"
    name, types = _KINDS.get(type(value), ("a value of several parts", set()))
    if signal.ask.names and isinstance(value, int):
        return "has no names on this server"
    return None if wanted in types else f"is {name}"


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
