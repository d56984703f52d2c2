"""The structures of ISA-95 job control on the wire (OPC 10031-4, 7.3), coded without asyncua's global registry.

That registry knows a structure by namespace *index*; two machines whose namespaces are in another order would overwrite
each other's entries. Here a structure is bound to an index only when it is sent. Fields and encoding ids are those of
the published nodeset, version 2.0.0.
"""

from dataclasses import dataclass, field
from typing import Any, TypeVar

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary

from edge.sources.opcua_address import PREFIXES

URI = PREFIXES["isa95"]

Structure = TypeVar("Structure")


@dataclass
class WithOptionalFields:
    """A structure whose first field tells which of its optional ones follow; the codec works it out."""

    Encoding: ua.UInt32 = field(default=0, init=False, repr=False, compare=False)


@dataclass
class ISA95PropertyDataType(WithOptionalFields):
    """A property of a resource."""

    ID: ua.String = ""
    Value: ua.Variant = field(default_factory=ua.Variant)
    Description: list[ua.LocalizedText] | None = None
    EngineeringUnits: ua.EUInformation | None = None
    Subproperties: list["ISA95PropertyDataType"] | None = None


@dataclass
class ISA95ParameterDataType(WithOptionalFields):
    """A key and its value."""

    ID: ua.String = ""
    Value: ua.Variant = field(default_factory=ua.Variant)
    Description: list[ua.LocalizedText] | None = None
    EngineeringUnits: ua.EUInformation | None = None
    Subparameters: list["ISA95ParameterDataType"] | None = None


@dataclass
class ISA95PersonnelDataType(WithOptionalFields):
    """Persons needed or used."""

    ID: ua.String = ""
    Description: list[ua.LocalizedText] | None = None
    PersonnelUse: ua.String | None = None
    Quantity: ua.String | None = None
    EngineeringUnits: ua.EUInformation | None = None
    Properties: list[ISA95PropertyDataType] | None = None


@dataclass
class ISA95EquipmentDataType(WithOptionalFields):
    """Equipment needed or used."""

    ID: ua.String = ""
    Description: list[ua.LocalizedText] | None = None
    EquipmentUse: ua.String | None = None
    Quantity: ua.String | None = None
    EngineeringUnits: ua.EUInformation | None = None
    Properties: list[ISA95PropertyDataType] | None = None


@dataclass
class ISA95PhysicalAssetDataType(WithOptionalFields):
    """Assets needed or used."""

    ID: ua.String = ""
    Description: list[ua.LocalizedText] | None = None
    PhysicalAssetUse: ua.String | None = None
    Quantity: ua.String | None = None
    EngineeringUnits: ua.EUInformation | None = None
    Properties: list[ISA95PropertyDataType] | None = None


@dataclass
class ISA95MaterialDataType(WithOptionalFields):
    """Material needed, used or made."""

    MaterialClassID: ua.String | None = None
    MaterialDefinitionID: ua.String | None = None
    MaterialLotID: ua.String | None = None
    MaterialSublotID: ua.String | None = None
    Description: list[ua.LocalizedText] | None = None
    MaterialUse: ua.String | None = None
    Quantity: ua.String | None = None
    EngineeringUnits: ua.EUInformation | None = None
    Properties: list[ISA95PropertyDataType] | None = None


@dataclass
class ISA95WorkMasterDataType(WithOptionalFields):
    """A kind of work with its defined parameters."""

    ID: ua.String = ""
    Description: ua.LocalizedText | None = None
    Parameters: list[ISA95ParameterDataType] | None = None


@dataclass
class ISA95StateDataType:
    """A state; the top-level one has an empty browse path and comes first."""

    BrowsePath: ua.RelativePath = field(default_factory=ua.RelativePath)
    StateText: ua.LocalizedText = field(default_factory=ua.LocalizedText)
    StateNumber: ua.UInt32 = 0


@dataclass
class ISA95JobOrderDataType(WithOptionalFields):
    """The job order (7.3.4)."""

    JobOrderID: ua.String = ""
    Description: list[ua.LocalizedText] | None = None
    WorkMasterID: list[ISA95WorkMasterDataType] | None = None
    StartTime: ua.DateTime | None = None
    EndTime: ua.DateTime | None = None
    Priority: ua.Int16 | None = None
    JobOrderParameters: list[ISA95ParameterDataType] | None = None
    PersonnelRequirements: list[ISA95PersonnelDataType] | None = None
    EquipmentRequirements: list[ISA95EquipmentDataType] | None = None
    PhysicalAssetRequirements: list[ISA95PhysicalAssetDataType] | None = None
    MaterialRequirements: list[ISA95MaterialDataType] | None = None


@dataclass
class ISA95JobResponseDataType(WithOptionalFields):
    """What became of a job order (7.3.5)."""

    JobResponseID: ua.String = ""
    Description: ua.LocalizedText | None = None
    JobOrderID: ua.String = ""
    StartTime: ua.DateTime | None = None
    EndTime: ua.DateTime | None = None
    JobState: list[ISA95StateDataType] = field(default_factory=list)
    JobResponseData: list[ISA95ParameterDataType] | None = None
    PersonnelActuals: list[ISA95PersonnelDataType] | None = None
    EquipmentActuals: list[ISA95EquipmentDataType] | None = None
    PhysicalAssetActuals: list[ISA95PhysicalAssetDataType] | None = None
    MaterialActuals: list[ISA95MaterialDataType] | None = None


@dataclass
class ISA95JobOrderAndStateDataType:
    """One entry of the JobOrderList (7.3.3)."""

    JobOrder: ISA95JobOrderDataType = field(default_factory=ISA95JobOrderDataType)
    State: list[ISA95StateDataType] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Published:
    """The ids of a structure in the published nodeset: its data type, and its Default Binary encoding."""

    data_type: int
    binary: int


PUBLISHED: dict[type, Published] = {
    ISA95PropertyDataType: Published(3002, 5002),
    ISA95ParameterDataType: Published(3003, 5005),
    ISA95EquipmentDataType: Published(3005, 5008),
    ISA95StateDataType: Published(3006, 5029),
    ISA95WorkMasterDataType: Published(3007, 5011),
    ISA95JobOrderDataType: Published(3008, 5014),
    ISA95MaterialDataType: Published(3010, 5017),
    ISA95PersonnelDataType: Published(3011, 5020),
    ISA95PhysicalAssetDataType: Published(3012, 5023),
    ISA95JobResponseDataType: Published(3013, 5026),
    ISA95JobOrderAndStateDataType: Published(3015, 5032),
}


def pack(structure: object, namespace: int) -> ua.ExtensionObject:
    """The structure for a server whose ISA-95 namespace has this index."""
    encoding = ua.NodeId(PUBLISHED[type(structure)].binary, namespace)
    return ua.ExtensionObject(TypeId=encoding, Body=struct_to_binary(structure))


def unpack(kind: type[Structure], found: Any) -> Structure:
    """The structure in what a server sent. Raises ValueError if it is of another type.

    asyncua hands out undecoded what is not in its registry, which is the rule here; should some other part of the
    program have registered the server's types, an object of asyncua's own making with the same fields comes instead.
    """
    if type(found).__name__ == kind.__name__:
        return struct_from_binary(kind, Buffer(struct_to_binary(found)))  # type: ignore[no-any-return]
    if not isinstance(found, ua.ExtensionObject) or found.TypeId.Identifier != PUBLISHED[kind].binary:
        msg = f"expected {kind.__name__}, got {found!r:.80}"
        raise ValueError(msg)
    return struct_from_binary(kind, Buffer(found.Body))  # type: ignore[no-any-return]
