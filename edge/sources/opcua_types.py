"""What one server says of its own types: the names of its enumerations, and what its structures are made of.

Nothing of it outlives the session, and nothing is kept for the whole process: two servers may mean different things by
the same id (docs/decisions/0005).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass

from asyncua import ua

from edge.sources.opcua_nodes import Neighbour, attributes, browse
from edge.sources.opcua_session import OpcUaSession
from edge.sources.opcua_structure import FieldPlan, StructurePlan, Unreadable, take_apart
from edge.sources.opcua_values import plain

Names = Mapping[int, str]
_LAST_BUILTIN = 25
_VARIANTS = {24, 26, 27, 28}
"""BaseDataType, Number, Integer, UInteger: any of several, so a value brings its own type along."""

_ENUMERATION, _STRUCTURE = ua.ObjectIds.Enumeration, ua.ObjectIds.Structure


class TypeBook:
    """What was learnt of the types of one session's server."""

    def __init__(self, session: OpcUaSession) -> None:
        self.session = session
        self._plans: dict[ua.NodeId, StructurePlan | None] = {}
        self._by_encoding: dict[ua.NodeId, StructurePlan | None] = {}
        self._type_names: dict[ua.NodeId, str | None] = {}

    def unknown(self, values: Iterable[ua.DataValue]) -> set[ua.NodeId]:
        """The encodings of structures among the values that are still to be learnt."""
        found = set()
        for value in values:
            content = value.Value.Value if value.Value is not None else None
            for each in content if type(content) is list else (content,):
                if isinstance(each, ua.ExtensionObject) and each.Body and each.TypeId not in self._by_encoding:
                    found.add(each.TypeId)
        return found

    async def learn(self, encodings: Iterable[ua.NodeId]) -> None:
        """Ask the server what these structures are made of; those that it does not describe stay unreadable."""
        for encoding in encodings:
            (types,) = await browse(self.session, [encoding], ua.BrowseDirection.Inverse, ua.ObjectIds.HasEncoding)
            self._by_encoding[encoding] = await self._plan(types[0].node, ()) if types else None

    def content(self, value: ua.DataValue) -> object:
        """What the data value carries, in plain Python: a structure as a mapping of its fields; None for none."""
        return None if value.Value is None else self._plain(value.Value.Value)

    def _plain(self, value: object) -> object:
        if type(value) is list:
            return tuple(map(self._plain, value))
        if isinstance(value, ua.ExtensionObject):
            return self._structure(value)
        if isinstance(value, dict):
            return {name: self._plain(each) for name, each in value.items()}
        if isinstance(value, ua.Variant | ua.DataValue):
            return self._plain(value.Value)
        found = plain(value)
        if found is value and is_dataclass(value) and not isinstance(value, type):
            return {each.name: self._plain(getattr(value, each.name)) for each in fields(value)}
        return found

    def _structure(self, value: ua.ExtensionObject) -> object:
        plan = self._by_encoding.get(value.TypeId)
        if plan is None:
            return None
        try:
            return self._plain(take_apart(plan, value.Body))
        except Unreadable:
            return None

    async def _plan(self, data_type: ua.NodeId, above: tuple[ua.NodeId, ...]) -> StructurePlan | None:
        if data_type in self._plans:
            return self._plans[data_type]
        if data_type in above:
            return None
        (found,) = await attributes(self.session, [data_type], ua.AttributeIds.DataTypeDefinition)
        definition = found.Value.Value if found.Value is not None else None
        plan = None
        if isinstance(definition, ua.StructureDefinition):
            kind = int(definition.StructureType)
            parts = [await self._field(each, kind, (*above, data_type)) for each in definition.Fields or ()]
            plan = StructurePlan(kind, tuple(parts))
        self._plans[data_type] = plan
        return plan

    async def _field(self, field: ua.StructureField, kind: int, above: tuple[ua.NodeId, ...]) -> FieldPlan:
        """`IsOptional` means "or a subtype" where a structure's fields may be of subtypes (OPC 10000-3, 8.49)."""
        subtyped = kind in {3, 4} and field.IsOptional
        base = await self.base(field.DataType)
        rank = field.ValueRank
        if base == _ENUMERATION:
            names = await self._names_of_type(field.DataType)
            return FieldPlan(field.Name, ua.VariantType.Int32, names=names, rank=rank, optional=field.IsOptional)
        if base == _STRUCTURE and field.DataType != ua.NodeId(_STRUCTURE) and not subtyped:
            inner = await self._plan(field.DataType, above)
            return FieldPlan(field.Name, structure=inner, rank=rank, optional=field.IsOptional)
        builtin = ua.VariantType.Variant if base in _VARIANTS else ua.VariantType(base) if base else None
        return FieldPlan(field.Name, builtin, rank=rank, optional=field.IsOptional)

    async def base(self, data_type: ua.NodeId) -> int | None:
        """The builtin type that a data type comes from, or Enumeration; None where the server does not say."""
        for _ in range(20):
            number = data_type.Identifier if data_type.NamespaceIndex == 0 else None
            if isinstance(number, int) and (number <= _LAST_BUILTIN or number in {_ENUMERATION, *_VARIANTS}):
                return number
            (parents,) = await browse(self.session, [data_type], ua.BrowseDirection.Inverse, ua.ObjectIds.HasSubtype)
            if not parents:
                return None
            data_type = parents[0].node
        return None

    async def type_name(self, kind: ua.DataValue, value: ua.DataValue) -> str | None:
        """What a variable's DataType says: a builtin type's name for all its subtypes, `Enumeration`, a structure's own
        name; where any of several may come, that of the value. None if the node has no data type.
        """
        data_type = kind.Value.Value if kind.Value is not None else None
        if not isinstance(data_type, ua.NodeId):
            return None
        if data_type not in self._type_names:
            self._type_names[data_type] = await self._type_name(data_type)
        name = self._type_names[data_type]
        return name if name is not None else value.Value.VariantType.name if value.Value is not None else "Variant"

    async def _type_name(self, data_type: ua.NodeId) -> str | None:
        base = await self.base(data_type)
        if base in _VARIANTS:
            return None
        if base == _ENUMERATION:
            return "Enumeration"
        if base is not None and base != _STRUCTURE:
            return str(ua.VariantType(base).name)
        (name,) = await attributes(self.session, [data_type], ua.AttributeIds.BrowseName)
        return str(name.Value.Value.Name) if name.Value is not None and name.Value.Value is not None else "Structure"

    async def names(self, nodes: Sequence[ua.NodeId]) -> list[Names | None]:
        """Of each variable the names of its values, from its own properties or else from its data type."""
        own = await self._properties(nodes)
        types = await attributes(self.session, nodes, ua.AttributeIds.DataType)
        found: list[Names | None] = []
        for names, kind in zip(own, types, strict=True):
            data_type = kind.Value.Value if kind.Value is not None else None
            by_type = await self._names_of_type(data_type) if isinstance(data_type, ua.NodeId) and not names else None
            found.append(names or by_type)
        return found

    async def _names_of_type(self, data_type: ua.NodeId) -> Names | None:
        if data_type.NamespaceIndex == 0 and data_type.Identifier in range(_LAST_BUILTIN + 1):
            return None
        (found,) = await attributes(self.session, [data_type], ua.AttributeIds.DataTypeDefinition)
        definition = found.Value.Value if found.Value is not None else None
        if isinstance(definition, ua.EnumDefinition) and definition.Fields:
            return {int(each.Value): each.Name or str(each.Value) for each in definition.Fields}
        return (await self._properties([data_type]))[0]

    async def _properties(self, nodes: Sequence[ua.NodeId]) -> list[Names | None]:
        """The names that properties give (OPC 10000-3, 5.8.3; OPC 10000-8, 5.3.3): EnumStrings, EnumValues, states."""
        below = await browse(self.session, nodes, reference=ua.ObjectIds.HasProperty)
        wanted = [near.node for group in below for near in group if near.name in _NAMING]
        values = dict(zip(wanted, await attributes(self.session, wanted), strict=True)) if wanted else {}
        return [_names(group, values) for group in below]


_NAMING = ("EnumStrings", "EnumValues", "FalseState", "TrueState")


def _names(group: Sequence[Neighbour], values: Mapping[ua.NodeId, ua.DataValue]) -> Names | None:
    by_name = {near.name: values[near.node] for near in group if near.node in values}
    found = {name: value.Value.Value for name, value in by_name.items() if value.Value is not None}
    if found.get("EnumValues"):
        return {int(each.Value): each.DisplayName.Text or str(each.Value) for each in found["EnumValues"]}
    if found.get("EnumStrings"):
        return {number: text.Text or str(number) for number, text in enumerate(found["EnumStrings"])}
    if "FalseState" in found and "TrueState" in found:
        return {0: found["FalseState"].Text or "false", 1: found["TrueState"].Text or "true"}
    return None
