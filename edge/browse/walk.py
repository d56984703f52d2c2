"""Walks an OPC UA server from a node down, level by level, and reads what every variable is and says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from asyncua import ua

from edge.browse.tree import METADATA, Branch, Tree
from edge.sources.opcua_address import OBJECTS, Segment, parse
from edge.sources.opcua_endpoint import OpcUaEndpoint
from edge.sources.opcua_nodes import Missing, Neighbour, attributes, browse, resolve
from edge.sources.opcua_problems import explain
from edge.sources.opcua_session import LOST, OpcUaSession, quiet_library
from edge.sources.opcua_types import Names, TypeBook
from gateway.errors import UsageError

SERVER = ua.NodeId(ua.ObjectIds.Server)
"""The server's description of itself: on every server, and never a machine."""

Tell = Callable[[str], None]
TRIED: tuple[type[Exception], ...] = (*LOST, UsageError)


class NotWalked(UsageError):
    """The server could not be looked at; the message says why and what to do."""

    code = "opcua.not_walked"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far to go: levels below the start, and nodes in all."""

    depth: int = 12
    nodes: int = 20_000


@dataclass
class _Seen:
    """What one walk has found so far."""

    below: dict[ua.NodeId, list[Neighbour]] = field(default_factory=dict)
    known: set[ua.NodeId] = field(default_factory=set)
    variables: list[ua.NodeId] = field(default_factory=list)
    types: dict[ua.NodeId, str | None] = field(default_factory=dict)
    values: dict[ua.NodeId, object] = field(default_factory=dict)
    names: dict[ua.NodeId, Names] = field(default_factory=dict)
    units: dict[ua.NodeId, str] = field(default_factory=dict)
    whole: bool = True


async def walk(
    endpoint: OpcUaEndpoint, root: str = "/Objects", bounds: Bounds = Bounds(), tell: Tell = lambda _: None
) -> Tree:
    """Everything below `root`. Raises NotWalked, AddressError."""
    start = parse(root)
    quiet_library()
    try:
        session = await OpcUaSession.open(endpoint)
    except TRIED as error:
        raise NotWalked(explain(error, endpoint)) from error
    try:
        node = (await resolve(session, [start]))[start]
        if isinstance(node, Missing):
            msg = f"{endpoint.url}: {root} is not on this server ({node.problem}); browse without --root to see what is"
            raise NotWalked(msg)
        seen = await _descend(session, node, bounds, tell)
        tell(f"{len(seen.variables)} variables are read")
        await _read(session, seen)
        segment = start.path[-1] if start.path else OBJECTS.path[-1]
        branch = _branch(session, Neighbour(node, segment.name, segment.uri, ua.NodeClass.Object), seen)
        return Tree(endpoint.url, start, branch, seen.whole, str(session.level))
    except LOST as error:
        raise NotWalked(explain(error, endpoint)) from error
    finally:
        await session.close()


async def _descend(session: OpcUaSession, start: ua.NodeId, bounds: Bounds, tell: Tell) -> _Seen:
    """All nodes, the nearest first, so that each has its shortest path; one that is reached twice is kept once."""
    seen = _Seen(known={start, SERVER})
    level = [start]
    for _ in range(bounds.depth):
        if not level:
            break
        found = await browse(session, level)
        following = []
        for node, below in zip(level, found, strict=True):
            fresh = [near for near in below if near.node not in seen.known and _wanted(near)]
            seen.below[node] = fresh
            seen.known.update(near.node for near in fresh)
            seen.variables += [near.node for near in fresh if near.kind == ua.NodeClass.Variable]
            following += [near.node for near in fresh]
        tell(f"{len(seen.known)} nodes")
        if len(seen.known) > bounds.nodes:
            seen.whole = False
            return seen
        level = following
    seen.whole = not level
    return seen


def _wanted(near: Neighbour) -> bool:
    return near.kind in {ua.NodeClass.Object, ua.NodeClass.Variable}


async def _read(session: OpcUaSession, seen: _Seen) -> None:
    """Type, value, names of values and unit of every variable, and the types of objects."""
    book = TypeBook(session)
    values = await attributes(session, seen.variables)
    kinds = await attributes(session, seen.variables, ua.AttributeIds.DataType)
    await book.learn(book.unknown(values))
    for node, kind, value in zip(seen.variables, kinds, values, strict=True):
        seen.types[node] = await book.type_name(kind, value)
        good = value.StatusCode is None or value.StatusCode.is_good()
        seen.values[node] = book.content(value) if good else None
    named = [node for node in seen.variables if _has_names(seen, node)]
    for node, names in zip(named, await book.names(named), strict=True):
        if names:
            seen.names[node] = names
    _units(seen)
    await _object_types(session, seen)


def _has_names(seen: _Seen, node: ua.NodeId) -> bool:
    below = {near.name for near in seen.below.get(node, ())}
    return seen.types.get(node) == "Enumeration" or bool(below & {"EnumStrings", "EnumValues", "TrueState"})


def _units(seen: _Seen) -> None:
    for node, below in seen.below.items():
        for near in below:
            unit = seen.values.get(near.node) if near.name == "EngineeringUnits" else None
            if isinstance(unit, Mapping) and unit.get("DisplayName"):
                seen.units[node] = str(unit["DisplayName"])


async def _object_types(session: OpcUaSession, seen: _Seen) -> None:
    objects = {
        near.node: near.of for below in seen.below.values() for near in below if near.kind == ua.NodeClass.Object
    }
    types = sorted({of for of in objects.values() if of is not None}, key=str)
    names = await attributes(session, types, ua.AttributeIds.BrowseName)
    known = {of: name.Value.Value.Name for of, name in zip(types, names, strict=True) if name.Value is not None}
    seen.types.update({node: known.get(of) for node, of in objects.items() if of is not None})


def _branch(session: OpcUaSession, near: Neighbour, seen: _Seen) -> Branch:
    children = sorted(seen.below.get(near.node, ()), key=lambda each: each.kind == ua.NodeClass.Object)
    return Branch(
        segment=Segment(near.uri, near.name),
        node=_id(session, near.node),
        variable=near.kind == ua.NodeClass.Variable,
        type=seen.types.get(near.node),
        value=seen.values.get(near.node) if near.name not in METADATA else None,
        names=seen.names.get(near.node),
        unit=seen.units.get(near.node),
        children=tuple(_branch(session, each, seen) for each in children),
    )


def _id(session: OpcUaSession, node: ua.NodeId) -> str:
    """The node's id with its namespace's URI."""
    text = node.to_string()
    uri = session.namespaces[node.NamespaceIndex] if node.NamespaceIndex < len(session.namespaces) else ""
    return text if node.NamespaceIndex == 0 else f"nsu={uri};{text.split(';', 1)[1]}"
