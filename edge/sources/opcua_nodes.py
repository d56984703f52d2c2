"""From addresses to the node ids of one session: namespaces looked up by URI, browse paths walked by the server."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from asyncua import ua

from edge.sources.opcua_address import BASE, Address, NodeRef, Segment
from edge.sources.opcua_session import OpcUaSession

Item = TypeVar("Item")

CHUNK = 100
"""Nodes a request: below the operation limits of small controllers."""
WHOLE_PATH = 0xFFFFFFFF
_MASK = ua.BrowseResultMask.BrowseName | ua.BrowseResultMask.NodeClass | ua.BrowseResultMask.TypeDefinition


@dataclass(frozen=True, slots=True)
class Missing:
    """An address that names no node of this server, and why."""

    problem: str


def chunks(items: Sequence[Item], size: int = CHUNK) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


async def resolve(session: OpcUaSession, addresses: Iterable[Address]) -> Mapping[Address, ua.NodeId | Missing]:
    """The node id of each address in this very session: valid no longer than the session is."""
    found: dict[Address, ua.NodeId | Missing] = {}
    walks: list[tuple[Address, ua.BrowsePath]] = []
    for address in addresses:
        start = _start(session, address)
        if isinstance(start, Missing) or not address.path:
            found[address] = start
        elif isinstance(path := _browse_path(session, start, address.path), Missing):
            found[address] = path
        else:
            walks.append((address, path))
    for part in chunks(walks):
        results = await session.services.translate_browsepaths_to_nodeids([path for _, path in part])
        found.update((address, _target(result)) for (address, _), result in zip(part, results, strict=True))
    return found


async def child(session: OpcUaSession, parent: ua.NodeId, name: Segment) -> ua.NodeId | Missing:
    """The node of that browse name directly below `parent`."""
    path = _browse_path(session, parent, (name,))
    if isinstance(path, Missing):
        return path
    (result,) = await session.services.translate_browsepaths_to_nodeids([path])
    return _target(result)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A node one reference away. `uri`: the namespace of its browse name; `kind`: its node class; `of`: its type."""

    node: ua.NodeId
    name: str
    uri: str = BASE
    kind: ua.NodeClass = ua.NodeClass.Unspecified
    of: ua.NodeId | None = None


async def neighbours(
    session: OpcUaSession, node: ua.NodeId, direction: ua.BrowseDirection = ua.BrowseDirection.Forward
) -> list[Neighbour]:
    """The nodes above (Inverse) or below (Forward) in the hierarchy."""
    (found,) = await browse(session, [node], direction)
    return found


async def browse(
    session: OpcUaSession,
    nodes: Sequence[ua.NodeId],
    direction: ua.BrowseDirection = ua.BrowseDirection.Forward,
    reference: int = ua.ObjectIds.HierarchicalReferences,
) -> list[list[Neighbour]]:
    """For each node those one reference away, however many answers the server needs for them."""
    found: list[list[Neighbour]] = []
    for part in chunks(nodes):
        wanted = [_description(node, direction, reference) for node in part]
        results = await session.services.browse(ua.BrowseParameters(NodesToBrowse=wanted))
        for result in results:
            references = [*(result.References or ())]
            while result.ContinuationPoint:
                more = ua.BrowseNextParameters(ContinuationPoints=[result.ContinuationPoint])
                (result,) = await session.services.browse_next(more)  # noqa: PLW2901 - the rest of the same answer
                references += result.References or ()
            found.append([_neighbour(session, near) for near in references])
    return found


def _description(node: ua.NodeId, direction: ua.BrowseDirection, reference: int) -> ua.BrowseDescription:
    return ua.BrowseDescription(
        NodeId=node,
        BrowseDirection=direction,
        ReferenceTypeId=ua.NodeId(reference),
        IncludeSubtypes=True,
        NodeClassMask=0,
        ResultMask=_MASK,
    )


def _neighbour(session: OpcUaSession, near: ua.ReferenceDescription) -> Neighbour:
    index = near.BrowseName.NamespaceIndex
    uri = session.namespaces[index] if index < len(session.namespaces) else BASE
    of = _local(near.TypeDefinition) if near.TypeDefinition.Identifier else None
    return Neighbour(_local(near.NodeId), near.BrowseName.Name or "", uri, ua.NodeClass(near.NodeClass), of)


async def attributes(
    session: OpcUaSession, nodes: Sequence[ua.NodeId], attribute: ua.AttributeIds = ua.AttributeIds.Value
) -> list[ua.DataValue]:
    """One attribute of each node, with both stamps, as the server has it now."""
    found: list[ua.DataValue] = []
    for part in chunks(nodes):
        wanted = [ua.ReadValueId(NodeId=node, AttributeId=attribute) for node in part]
        found += await session.services.read(
            ua.ReadParameters(MaxAge=0, TimestampsToReturn=ua.TimestampsToReturn.Both, NodesToRead=wanted)
        )
    return found


def _local(found: ua.ExpandedNodeId) -> ua.NodeId:
    return ua.NodeId(found.Identifier, found.NamespaceIndex, found.NodeIdType)


def _start(session: OpcUaSession, address: Address) -> ua.NodeId | Missing:
    index = _index(session, address.start)
    if isinstance(index, Missing):
        return index
    return ua.NodeId.from_string(f"ns={index};{address.start.text}")


def _index(session: OpcUaSession, part: NodeRef | Segment) -> int | Missing:
    try:
        return session.namespaces.index(part.uri)
    except ValueError:
        return Missing(f"the server has no namespace {part.uri}")


def _browse_path(session: OpcUaSession, start: ua.NodeId, path: tuple[Segment, ...]) -> ua.BrowsePath | Missing:
    elements = []
    for segment in path:
        index = _index(session, segment)
        if isinstance(index, Missing):
            return index
        elements.append(
            ua.RelativePathElement(
                ReferenceTypeId=ua.NodeId(ua.ObjectIds.HierarchicalReferences),
                IsInverse=False,
                IncludeSubtypes=True,
                TargetName=ua.QualifiedName(segment.name, index),
            )
        )
    return ua.BrowsePath(StartingNode=start, RelativePath=ua.RelativePath(Elements=elements))


def _target(result: ua.BrowsePathResult) -> ua.NodeId | Missing:
    for target in result.Targets or ():
        if target.RemainingPathIndex == WHOLE_PATH:
            return _local(target.TargetId)
    return Missing(result.StatusCode.name if not result.StatusCode.is_good() else "BadNoMatch")
