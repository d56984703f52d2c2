"""The telemetry message: the values of one machine's named signals over a short while, a column for each signal.

On the wire `base` and `columns` are one JSON object, packed by zlib (RFC 1950) and base64 into `z` where that is
shorter; whoever writes by hand may leave them as they are. Nothing is rounded: times are whole microseconds, numbers
are what JSON makes of a double (its shortest exact form), and each value keeps its quality.
"""

import base64
import binascii
import zlib
from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.machine import Quality
from gateway.wire import Message, Name

Value = float | int | bool | str | None

MOST_VALUES = 50_000
LONGEST_TEXT = 10_000
MOST_BYTES = 16 << 20
"""Of the unpacked JSON: what unpacks to more is refused before it does."""

WORTH_PACKING = 512
LEVEL = 1
"""Of zlib: the next levels win a tenth of the bytes for five times the work."""

INFINITE = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
"""JSON has no such numbers; a column lists them in `odd`, where its value is null."""

Index = Annotated[int, Field(ge=0, lt=MOST_VALUES)]
Marks = Annotated[tuple[Index, ...], Field(max_length=MOST_VALUES)]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Odd(_Data):
    """A number that JSON cannot write: value `index` of its column."""

    index: Index
    number: Literal["NaN", "Infinity", "-Infinity"]


class Column(_Data):
    """One signal: `at` in µs, the first counted from the message's `base`, each other from the one before it.

    `uncertain` and `bad` list the indexes of values that are not good; a bad one may be null. `restamped` lists those
    whose time is the agent's, because the source gave none or an impossible one.
    """

    signal: Name
    at: Annotated[tuple[int, ...], Field(min_length=1, max_length=MOST_VALUES)]
    values: Annotated[tuple[Value, ...], Field(min_length=1, max_length=MOST_VALUES)]
    uncertain: Marks = ()
    bad: Marks = ()
    restamped: Marks = ()
    odd: Annotated[tuple[Odd, ...], Field(max_length=MOST_VALUES)] = ()

    @model_validator(mode="after")
    def _equal(self) -> "Column":
        count = len(self.values)
        if len(self.at) != count:
            msg = f"{len(self.at)} times but {count} values"
            raise ValueError(msg)
        if not (self.uncertain or self.bad or self.restamped or self.odd):
            return self
        marks = (*self.uncertain, *self.bad, *self.restamped, *(odd.index for odd in self.odd))
        if max(marks) >= count:
            msg = f"a mark at {max(marks)}, but there are {count} values"
            raise ValueError(msg)
        return self

    def qualities(self) -> list[Quality]:
        """One for each value."""
        found = [Quality.GOOD] * len(self.values)
        for index in self.uncertain:
            found[index] = Quality.UNCERTAIN
        for index in self.bad:
            found[index] = Quality.BAD
        return found

    def exact(self) -> list[Value]:
        """The values, with those numbers that JSON cannot write."""
        found = list(self.values)
        for odd in self.odd:
            found[odd.index] = INFINITE[odd.number]
        return found

    def times(self, base: int) -> Iterator[int]:
        """UNIX times in µs."""
        for step in self.at:
            base += step
            yield base


class Telemetry(Message):
    """Telemetry or backfill, up. `base`: UNIX time in µs from which every column starts to count."""

    kind: Literal["telemetry"] = "telemetry"
    machine: Name
    base: int
    columns: Annotated[tuple[Column, ...], Field(min_length=1, max_length=MOST_VALUES)]

    @model_validator(mode="before")
    @classmethod
    def _unpacked(cls, data: object) -> object:
        if not isinstance(data, dict) or "z" not in data:
            return data
        rest = {name: value for name, value in data.items() if name != "z"}
        body = unpack(data["z"])
        twice = sorted(rest.keys() & body.keys())
        if twice:
            msg = f"{twice[0]!r} is there twice, packed and not"
            raise ValueError(msg)
        return {**body, **rest}

    @model_validator(mode="after")
    def _bounded(self) -> "Telemetry":
        if self.size > MOST_VALUES:
            msg = f"{self.size} values in one message, the most is {MOST_VALUES}"
            raise ValueError(msg)
        return self

    @property
    def size(self) -> int:
        """How many values it carries."""
        return sum(len(column.values) for column in self.columns)

    def only(self, signals: Iterable[str]) -> "Telemetry | None":
        """The columns of these signals; None where there are none."""
        wanted = frozenset(signals)
        columns = tuple(column for column in self.columns if column.signal in wanted)
        if len(columns) == len(self.columns):
            return self
        return self.model_copy(update={"columns": columns}) if columns else None

    def payload(self) -> bytes:
        columns = [_plain(column) for column in self.columns]
        return written(self.machine, self.base, columns)


def _plain(column: Column) -> dict[str, object]:
    return column.model_dump(exclude_defaults=True)


def written(machine: str, base: int, columns: Iterable[dict[str, object]]) -> bytes:
    """The payload of a Telemetry message whose columns are plain dictionaries of what is not the default."""
    body = orjson.dumps({"base": base, "columns": list(columns)})
    head = b'{"v":1,"kind":"telemetry","machine":%b,' % orjson.dumps(machine)
    if len(body) >= WORTH_PACKING:
        packed = base64.b64encode(zlib.compress(body, LEVEL))
        if len(packed) < len(body):
            return b'%b"z":"%b"}' % (head, packed)
    return head + body[1:]


def unpack(text: object) -> dict[str, object]:
    """What is packed in `z`. Raises ValueError for what is no such thing, or is too large."""
    try:
        engine = zlib.decompressobj()
        body = engine.decompress(base64.b64decode(text, validate=True), MOST_BYTES)  # type: ignore[arg-type]
    except (TypeError, binascii.Error, zlib.error) as error:
        msg = f"z is not zlib in base64: {error}"
        raise ValueError(msg) from error
    if not engine.eof or engine.unused_data:
        msg = f"z is cut off, is followed by something else, or unpacks to more than {MOST_BYTES} bytes"
        raise ValueError(msg)
    found = orjson.loads(body)
    if not isinstance(found, dict):
        msg = "z does not hold an object"
        raise ValueError(msg)  # noqa: TRY004 - Pydantic wants a ValueError
    return found
