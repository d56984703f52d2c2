"""Takes a structure apart that only its server knows, by the fields that the server says it has (OPC 10000-6, 5.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from asyncua import ua
from asyncua.common.utils import Buffer, NotEnoughData
from asyncua.ua import ua_binary

OPTIONAL, UNIONS = ua.StructureType.StructureWithOptionalFields, (2, 4)
DEEPEST = 20


class Coded(int):
    """The number of an enumeration's value, which knows its name too."""

    name: str

    def __new__(cls, number: int, name: str) -> "Coded":
        made = super().__new__(cls, number)
        made.name = name
        return made


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """One field: a builtin type, an enumeration with its names, or a structure (None where its server has none)."""

    name: str
    builtin: ua.VariantType | None = None
    names: Mapping[int, str] | None = None
    structure: "StructurePlan | None" = None
    rank: int = -1
    optional: bool = False


@dataclass(frozen=True, slots=True)
class StructurePlan:
    """What a structure is made of; `kind` as in OPC 10000-3, 8.49."""

    kind: int
    fields: tuple[FieldPlan, ...]


class Unreadable(ValueError):
    """The bytes are not what the server said that they are."""


def take_apart(plan: StructurePlan, body: bytes) -> dict[str, Any]:
    """Field → value; absent optional fields are left out. Raises Unreadable."""
    data = Buffer(body)
    try:
        return _structure(plan, data, 0)
    except (NotEnoughData, ua.UaError, ValueError, TypeError, IndexError, OverflowError, RecursionError) as error:
        msg = f"a structure of {len(plan.fields)} fields cannot be read: {error}"
        raise Unreadable(msg) from error


def _structure(plan: StructurePlan, data: Buffer, depth: int) -> dict[str, Any]:
    if depth > DEEPEST:
        msg = "it is nested too deeply"
        raise Unreadable(msg)
    if plan.kind in UNIONS:
        chosen = ua_binary.Primitives.UInt32.unpack(data)
        return {plan.fields[chosen - 1].name: _field(plan.fields[chosen - 1], data, depth)} if chosen else {}
    mask = ua_binary.Primitives.UInt32.unpack(data) if plan.kind == OPTIONAL else 0
    found = {}
    for field in plan.fields:
        if plan.kind == OPTIONAL and field.optional:
            present, mask = mask & 1, mask >> 1
            if not present:
                continue
        found[field.name] = _field(field, data, depth)
    return found


def _field(field: FieldPlan, data: Buffer, depth: int) -> Any:
    if field.rank < 0:
        return _one(field, data, depth)
    if field.rank > 1:
        dimensions = ua_binary.unpack_uatype_array(ua.VariantType.Int32, data) or []
    else:
        dimensions = [ua_binary.Primitives.Int32.unpack(data)]
    return _array(field, data, depth, dimensions)


def _array(field: FieldPlan, data: Buffer, depth: int, dimensions: list[int]) -> Any:
    """The elements, the last dimension moving fastest."""
    size = dimensions[0] if dimensions else 0
    if size < 0:
        return None
    if size > len(data):
        msg = f"{field.name} claims {size} elements in {len(data)} bytes"
        raise Unreadable(msg)
    if len(dimensions) > 1:
        return [_array(field, data, depth, dimensions[1:]) for _ in range(size)]
    return [_one(field, data, depth) for _ in range(size)]


def _one(field: FieldPlan, data: Buffer, depth: int) -> Any:
    if field.structure is not None:
        return _structure(field.structure, data, depth + 1)
    if field.builtin is None:
        msg = f"{field.name} is of a type that the server does not describe"
        raise Unreadable(msg)
    value = ua_binary.unpack_uatype(field.builtin, data)
    if field.names is None:
        return value
    return Coded(value, field.names.get(value, str(value)))
