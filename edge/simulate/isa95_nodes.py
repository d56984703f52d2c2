"""The nodes of ISA-95 job control that a simulated machine exposes, with the published ids, names and data types.

Only what is used: receiver with its methods and job list, response provider, and the data types with their definitions,
so that any client can read them. A server with the whole nodeset looks the same to our own client.
"""

import dataclasses
import types
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_origin, get_type_hints

from asyncua import Node, Server, ua

from edge.orders.isa95_binding import REQUEST_RESPONSE
from edge.orders.isa95_types import PUBLISHED, URI
from edge.sources.opcua_address import PREFIXES

RECEIVER_TYPE, PROVIDER_TYPE = 1002, 1003
"""ISA95JobOrderReceiverObjectType and ISA95JobResponseProviderObjectType."""

Call = Callable[[Any], Awaitable[list[ua.Variant]]]
"""Takes the first input (a job order structure, or a job's id); returns the output arguments."""

_Arguments = tuple[list[ua.Argument], list[ua.Argument]]
"""Of a method: what goes in, what comes out."""

_BUILT_IN: dict[object, int] = {
    ua.String: ua.ObjectIds.String,
    ua.DateTime: ua.ObjectIds.DateTime,
    ua.Int16: ua.ObjectIds.Int16,
    ua.UInt32: ua.ObjectIds.UInt32,
    ua.Variant: ua.ObjectIds.BaseDataType,
    ua.LocalizedText: ua.ObjectIds.LocalizedText,
    ua.EUInformation: ua.ObjectIds.EUInformation,
    ua.RelativePath: ua.ObjectIds.RelativePath,
}


@dataclass(frozen=True, slots=True)
class JobNodes:
    """What the server writes to as jobs change."""

    namespace: int
    job_list: Node


async def add_data_types(server: Server, namespace: int) -> None:
    """The structures as data types, each with its definition and its Default Binary encoding."""
    for kind, ids in PUBLISHED.items():
        node = await server.nodes.base_structure_type.add_data_type(
            ua.NodeId(ids.data_type, namespace), ua.QualifiedName(kind.__name__, namespace)
        )
        await _add_encoding(node, ua.NodeId(ids.binary, namespace))
        await node.write_data_type_definition(_definition(kind, namespace))


async def _add_encoding(data_type: Node, encoding: ua.NodeId) -> None:
    item = ua.AddNodesItem(
        RequestedNewNodeId=encoding,
        BrowseName=ua.QualifiedName("Default Binary", 0),
        ParentNodeId=data_type.nodeid,
        ReferenceTypeId=ua.NodeId(ua.ObjectIds.HasEncoding),
        NodeClass=ua.NodeClass.Object,
        NodeAttributes=ua.ObjectAttributes(DisplayName=ua.LocalizedText("Default Binary")),
        TypeDefinition=ua.NodeId(ua.ObjectIds.DataTypeEncodingType),
    )
    (result,) = await data_type.session.add_nodes([item])
    result.StatusCode.check()


def _definition(kind: type, namespace: int) -> ua.StructureDefinition:
    hints = get_type_hints(kind)
    fields = [_field(entry.name, hints[entry.name], namespace) for entry in dataclasses.fields(kind)]
    fields = [entry for entry in fields if entry.Name != "Encoding"]
    optional = any(entry.IsOptional for entry in fields)
    shape = ua.StructureType.StructureWithOptionalFields if optional else ua.StructureType.Structure
    return ua.StructureDefinition(
        DefaultEncodingId=ua.NodeId(PUBLISHED[kind].binary, namespace),
        BaseDataType=ua.NodeId(ua.ObjectIds.Structure),
        StructureType=shape,
        Fields=fields,
    )


def _field(name: str, hint: Any, namespace: int) -> ua.StructureField:
    optional = get_origin(hint) is types.UnionType
    if optional:
        hint = next(part for part in get_args(hint) if part is not type(None))
    array = get_origin(hint) is list
    if array:
        (hint,) = get_args(hint)
    published = PUBLISHED.get(hint)
    data_type = ua.NodeId(published.data_type, namespace) if published else ua.NodeId(_BUILT_IN[hint])
    return ua.StructureField(
        Name=name,
        DataType=data_type,
        ValueRank=ua.ValueRank.OneDimension if array else ua.ValueRank.Scalar,
        ArrayDimensions=[0] if array else [],
        IsOptional=optional,
    )


async def add_job_control(
    server: Server, blocks: Node, commands: Mapping[str, Call], respond: Call, limit: int
) -> JobNodes:
    """JobManagement below the machine's building blocks (OPC 40001-3), with job control and job results inside."""
    namespace = await server.register_namespace(URI)
    jobs = await server.register_namespace(PREFIXES["jobs"])
    await add_data_types(server, namespace)
    for number, name in (
        (RECEIVER_TYPE, "ISA95JobOrderReceiverObjectType"),
        (PROVIDER_TYPE, "ISA95JobResponseProviderObjectType"),
    ):
        await server.nodes.base_object_type.add_object_type(
            ua.NodeId(number, namespace), ua.QualifiedName(name, namespace)
        )
    management = await blocks.add_object(_new(jobs), ua.QualifiedName("JobManagement", jobs))
    receiver = await management.add_object(
        _new(jobs), ua.QualifiedName("JobOrderControl", jobs), ua.NodeId(RECEIVER_TYPE, namespace)
    )
    provider = await management.add_object(
        _new(jobs), ua.QualifiedName("JobOrderResults", jobs), ua.NodeId(PROVIDER_TYPE, namespace)
    )
    for name, call in commands.items():
        takes_order = name in {"Store", "StoreAndStart"}
        subject = _argument("JobOrder", 3008, namespace) if takes_order else _argument("JobOrderID", 12, 0)
        inputs = [subject, _argument("Comment", ua.ObjectIds.LocalizedText, 0, array=True)]
        await _add_method(receiver, ua.QualifiedName(name, namespace), call, (inputs, [_status()]))
    response = [_argument("JobResponse", 3013, namespace), _status()]
    by_id = [_argument("JobOrderID", ua.ObjectIds.String, 0)]
    await _add_method(provider, ua.QualifiedName(REQUEST_RESPONSE, namespace), respond, (by_id, response))
    return JobNodes(namespace, await _add_job_list(receiver, namespace, limit))


async def _add_job_list(receiver: Node, namespace: int, limit: int) -> Node:
    most = ua.Variant(limit, ua.VariantType.UInt16)
    await receiver.add_property(_new(namespace), ua.QualifiedName("MaxDownloadableJobOrders", namespace), most)
    empty = ua.Variant([], ua.VariantType.ExtensionObject, is_array=True)
    entry = ua.NodeId(3015, namespace)
    node = await receiver.add_variable(
        _new(namespace), ua.QualifiedName("JobOrderList", namespace), empty, datatype=entry
    )
    await node.write_value_rank(ua.ValueRank.OneDimension)
    return node


async def _add_method(owner: Node, name: ua.QualifiedName, call: Call, arguments: _Arguments) -> None:
    async def called(_parent: ua.NodeId, subject: ua.Variant, *_comment: ua.Variant) -> list[ua.Variant]:
        return await call(subject.Value)

    await owner.add_method(_new(name.NamespaceIndex), name, called, *arguments)


def _argument(name: str, data_type: int, namespace: int, *, array: bool = False) -> ua.Argument:
    rank = ua.ValueRank.OneDimension if array else ua.ValueRank.Scalar
    return ua.Argument(Name=name, DataType=ua.NodeId(data_type, namespace), ValueRank=rank)


def _status() -> ua.Argument:
    return _argument("ReturnStatus", ua.ObjectIds.UInt64, 0)


def _new(namespace: int) -> ua.NodeId:
    """Any free id of the namespace."""
    return ua.NodeId(0, namespace)
