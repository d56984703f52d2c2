"""What every signal of a profile has, from whichever source: type, unit, scale, names and levels of its values."""

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from edge import unit
from edge.duration import Duration
from edge.misfit import Place, misfits
from gateway.wire import Unit

DataType = Literal[
    "Boolean", "SByte", "Byte", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64", "Float", "Double",
    "String", "LocalizedText", "Enumeration",
]  # fmt: skip
"""The data type of a value (names of OPC 10000-3, 8); `Enumeration` is any subtype of it, or Int32."""

WORDS = {"Boolean", "String", "LocalizedText", "Enumeration"}
"""Types whose values are no measure: nothing to scale."""

Types = frozenset[type]

TRUE, FALSE = {"true", "on", "1", "yes"}, {"false", "off", "0", "no"}


@dataclass(frozen=True, slots=True)
class Unfit:
    """A raw value that cannot be of the signal's type."""

    raw: object


def key(value: object) -> str:
    """How the tables write a raw value: 1 and 1.0 are "1", true is "true", text is itself."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


class ProfileData(BaseModel):
    """The manners of everything in a profile: unknown keys are refused, nothing changes after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False)


class Level(ProfileData):
    """A named stretch of a measured value: it is entered at `from`, and left again below `until` (`from`, if absent).

    The lowest level has neither.
    """

    name: Annotated[str, Field(min_length=1)]
    start: Annotated[float | None, Field(alias="from")] = None
    until: float | None = None

    @property
    def enters(self) -> float:
        return -math.inf if self.start is None else self.start

    @property
    def leaves(self) -> float:
        return self.enters if self.until is None else self.until


class Signal(ProfileData):
    """One value of the machine; each kind of source adds how it is addressed.

    The value is `raw * scale + offset`, in `unit`, and then in the unit `as`. `values` names raw values (one that is
    not in it is unknown), `levels` stretches of the measured value. `deadband`: a smaller change, in the final unit,
    is none. `optional`: a machine may do without. `staleness`: real time without a reading after which the value is
    bad.
    """

    type: DataType | None = None
    unit: Unit | None = None
    wanted: Annotated[Unit | None, Field(alias="as")] = None
    scale: float = 1.0
    offset: float = 0.0
    values: dict[str, str] = Field(default_factory=dict)
    levels: tuple[Level, ...] = ()
    deadband: Annotated[float | None, Field(gt=0)] = None
    optional: bool = False
    staleness: Duration | None = None

    @field_validator("values", mode="before")
    @classmethod
    def _raw(cls, values: object) -> object:
        return {key(raw): key(name) for raw, name in values.items()} if isinstance(values, Mapping) else values

    @model_validator(mode="after")
    def _whole(self) -> Self:
        faults = [*self._units(), *self._measures(), *_ladder(self.levels)]
        if self.values and self.levels:
            faults.append((("levels",), "stands beside `values`; a value has names or levels, not both"))
        if faults:
            raise misfits(type(self).__name__, faults)
        return self

    def _units(self) -> list[tuple[Place, str]]:
        try:
            if self.unit is not None:
                unit.check(self.unit)
        except ValueError as error:
            return [(("unit",), str(error))]
        if self.wanted is None:
            return []
        if self.unit is None:
            return [(("as",), "needs `unit`, the one that the machine measures in")]
        try:
            unit.line(self.unit, self.wanted)
        except ValueError as error:
            return [(("as",), str(error))]
        return []

    def _measures(self) -> list[tuple[Place, str]]:
        faults: list[tuple[Place, str]] = []
        if self.scale == 0:
            faults.append((("scale",), "is 0, which makes every value the same; write what one raw step is worth"))
        if self.type in WORDS:
            given = {"as" if name == "wanted" else name for name in self.model_fields_set}
            astray = [name for name in ("scale", "offset", "as", "levels", "deadband") if name in given]
            faults += [((name,), f"has no meaning for a {self.type}; remove it or correct `type`") for name in astray]
        return faults

    @property
    def measured_in(self) -> str | None:
        """The unit of the final value, None where the profile names none."""
        return self.wanted or self.unit

    @functools.cached_property
    def line(self) -> tuple[float, float] | None:
        """(gain, offset) from a raw number to the final one; None where it stays what it is."""
        gain, bias = unit.line(self.unit, self.wanted) if self.unit and self.wanted else (1.0, 0.0)
        found = (self.scale * gain, self.offset * gain + bias)
        return None if found == (1.0, 0.0) else found

    @functools.cached_property
    def names(self) -> frozenset[str]:
        """Every name that a table may ask for; empty where any value may come."""
        if self.type == "Boolean" and not self.values:
            return frozenset({"true", "false"})
        return frozenset(self.values.values()) | {level.name for level in self.levels}

    @functools.cached_property
    def passing(self) -> Types | None:
        """The types of raw value that are what the profile wants already; None where any is."""
        if self.line or self.deadband:
            return frozenset()
        if self.type == "Boolean":
            return frozenset({bool})
        return frozenset({int, float}) if self.measured else None

    @functools.cached_property
    def measured(self) -> bool:
        """Whether the value must be a number."""
        return bool(self.levels or self.deadband or self.line) or (self.type is not None and self.type not in WORDS)

    def measure(self, raw: object) -> Any:
        """The value in its final unit, or Unfit. Text is read as what `type` says it is."""
        if not self.measured:
            return _truth(raw) if self.type == "Boolean" else raw
        number = _number(raw)
        if number is None or self.line is None:
            return Unfit(raw) if number is None else number
        gain, bias = self.line
        return number * gain + bias

    def named(self, value: object, before: str | None) -> str | None:
        """The value as the tables know it, given how it was called before (hysteresis); None if it has no name."""
        if self.levels:
            number = _number(value)
            return None if number is None else level(self.levels, number, before)
        return self.values.get(key(value)) if self.values else key(value)


def level(levels: tuple[Level, ...], value: float, before: str | None) -> str:
    """The level of `value`, seen from the one before: up at `from`, down only below `until`."""
    index = next((index for index, each in enumerate(levels) if each.name == before), 0)
    while index > 0 and value < levels[index].leaves:
        index -= 1
    while index + 1 < len(levels) and value >= levels[index + 1].enters:
        index += 1
    return levels[index].name


def _truth(raw: object) -> object:
    text = str(raw).strip().lower() if isinstance(raw, str | int | float) else None
    return True if text in TRUE else False if text in FALSE else Unfit(raw)


def _number(raw: object) -> float | int | None:
    if isinstance(raw, str):
        try:
            raw = float(raw)
        except ValueError:
            return None
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not math.isfinite(raw):
        return None
    return raw


def _ladder(levels: tuple[Level, ...]) -> list[tuple[Place, str]]:
    """What is wrong with the order of the levels."""
    faults: list[tuple[Place, str]] = []
    if len(levels) == 1:
        faults.append((("levels",), "has one level, so it tells nothing; give at least two, the lowest first"))
    for index, each in enumerate(levels):
        place: Place = ("levels", index)
        if any(each.name == other.name for other in levels[:index]):
            faults.append(((*place, "name"), f"{each.name!r} is there twice; give each level a name of its own"))
        if index == 0 and (each.start is not None or each.until is not None):
            faults.append((place, "is the lowest level and takes all below the next; remove `from` and `until`"))
        if index and each.start is None:
            faults.append((place, "has no `from`; write the value at which this level is entered"))
        elif index and each.leaves > each.enters:
            faults.append(
                ((*place, "until"), f"is above `from` ({each.enters:g}); a level is left below where it is entered")
            )
        elif index and (each.enters <= levels[index - 1].enters or each.leaves <= levels[index - 1].leaves):
            faults.append((place, f"does not lie above {levels[index - 1].name!r}; list the levels from low to high"))
    return faults
