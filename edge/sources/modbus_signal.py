"""How a profile addresses a signal in a Modbus server: table, address, and how its words make a value."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge.duration import Duration
from edge.misfit import Place, misfits
from edge.profilemodel import Profile
from edge.signal import DataType, Signal
from gateway.messages import Name

Table = Literal["coil", "discrete", "holding", "input"]
"""Coils, discrete inputs, holding registers, input registers (Modbus Application Protocol 1.1b3, 4.3)."""

Order = Literal["big", "little"]
FUNCTIONS: dict[Table, int] = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
"""The function code that reads each table; no other is ever sent (Modbus Application Protocol 1.1b3, 6.1 to 6.4)."""

BITS = ("coil", "discrete")
LAST = 65_535

WORDS: dict[DataType, int] = {
    "SByte": 1,
    "Byte": 1,
    "Int16": 1,
    "UInt16": 1,
    "Enumeration": 1,
    "Boolean": 1,
    "Int32": 2,
    "UInt32": 2,
    "Float": 2,
    "Int64": 4,
    "UInt64": 4,
    "Double": 4,
}
"""Registers that a value of each type takes."""


class ModbusSignal(Signal):
    """`address` counts from 0, as on the wire: a manual's holding register 40018 is `table: holding, address: 17`.

    `word_order: little`: the low word comes first; `byte_order: little`: the bytes of each word are swapped. `bit`: one
    bit of a register, 0 the lowest. `length`: characters of a String. `poll`: how often, if not as often as the device.
    """

    table: Table
    address: Annotated[int, Field(ge=0, le=LAST)]
    word_order: Order = "big"
    byte_order: Order = "big"
    bit: Annotated[int | None, Field(ge=0, le=15)] = None
    length: Annotated[int | None, Field(ge=1, le=240)] = None
    poll: Duration | None = None

    @model_validator(mode="after")
    def _value(self) -> Self:
        faults = list(self._bits() if self.table in BITS else self._registers())
        if not faults and self.address + self.width > LAST + 1:
            faults.append((("address",), f"its {self.width} words reach beyond the last address, {LAST}"))
        if self.poll is not None and self.poll < timedelta(milliseconds=20):
            faults.append((("poll",), "is shorter than 20 ms, which no Modbus server keeps up with"))
        if faults:
            raise misfits(type(self).__name__, faults)
        return self

    def _bits(self) -> list[tuple[Place, str]]:
        given = self.model_fields_set & {"bit", "length", "word_order", "byte_order"}
        faults: list[tuple[Place, str]] = [
            ((name,), f"has no meaning for a {self.table}, which is a single bit; remove it") for name in sorted(given)
        ]
        if self.type not in {None, "Boolean"}:
            faults.append((("type",), f"a {self.table} is a Boolean, not {self.type}; correct it or the table"))
        return faults

    def _registers(self) -> list[tuple[Place, str]]:
        faults: list[tuple[Place, str]] = []
        if self.bit is not None and self.type not in {None, "Boolean"}:
            faults.append((("type",), f"one bit is a Boolean, not {self.type}; remove `bit` or correct `type`"))
        if self.bit is None and self.type is None:
            kinds = ", ".join([*WORDS, "String"])
            faults.append((("type",), f"a register says nothing of its type; write one of {kinds}, or a `bit`"))
        if self.type == "LocalizedText":
            faults.append((("type",), "no Modbus server has LocalizedText; write String"))
        if (self.type == "String") != (self.length is not None):
            faults.append((("length",), "a String needs its length in characters, and nothing else has one"))
        return faults

    @property
    def width(self) -> int:
        """Bits of a bit table, words of a register table."""
        if self.table in BITS or self.bit is not None or self.type is None:
            return 1
        return -(-(self.length or 0) // 2) if self.type == "String" else WORDS[self.type]

    @property
    def shown(self) -> str:
        """The address as a person reads it."""
        bit = f".{self.bit}" if self.bit is not None else ""
        return f"{self.table} {self.address}{bit}"


class ModbusProfile(Profile):
    """A kind of machine that has nothing but Modbus."""

    source: Literal["modbus"]
    signals: Annotated[dict[Name, ModbusSignal], Field(min_length=1)]
