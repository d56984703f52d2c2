"""Raw signals on their way out, of those that the plant named: gathered in columns for a short while, then one message.

What is gathered is not durable yet. A restart tells it as a gap, for the last sign of life is older than it.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from edge.mapping import StampBounds, stamp
from edge.reading import Reading
from edge.signal import Unfit
from gateway.machine import Quality
from gateway.telemetry import LONGEST_TEXT, Value, written

FULL_MESSAGE = 20_000
"""Values in a message at most."""

LARGE_MESSAGE = 256 << 10
"""Bytes beyond which a message is divided: it must fit into one packet of the link, and that into a broker's."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN = frozenset((float, int, bool, str))
_INT64, _UINT64 = -(1 << 63), 1 << 64


@dataclass(frozen=True, slots=True)
class Named:
    """Readings of one machine's signals that may leave the plant, as they came."""

    machine: str
    readings: Sequence[Reading]
    bounds: StampBounds


@dataclass(slots=True)
class _Column:
    """One signal: UNIX times in µs, values, and the indexes of those that are not simply good."""

    at: list[int] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    uncertain: list[int] = field(default_factory=list)
    bad: list[int] = field(default_factory=list)
    restamped: list[int] = field(default_factory=list)
    odd: dict[int, str] = field(default_factory=dict)

    def judge(self, reading: Reading) -> None:
        """Mark the value that comes next."""
        if reading.quality is Quality.BAD or isinstance(reading.value, Unfit):
            self.bad.append(len(self.values))
        elif reading.quality is Quality.UNCERTAIN:
            self.uncertain.append(len(self.values))

    def put(self, value: object) -> None:
        """A value that is no ordinary number: text, a number that JSON has not, nothing, or something else as text."""
        if value is None or isinstance(value, Unfit):
            self.values.append(None)
        elif isinstance(value, float) and not math.isfinite(value):
            self.odd[len(self.values)] = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
            self.values.append(None)
        elif isinstance(value, float | bool) or (isinstance(value, int) and _INT64 <= value < _UINT64):
            self.values.append(value)
        else:
            whole = str(value)
            text = whole[:LONGEST_TEXT].encode(errors="replace").decode()
            if text != whole and len(self.values) not in self.uncertain[-1:]:
                self.uncertain.append(len(self.values))
            self.values.append(text)

    def plain(self, signal: str, base: int, start: int, end: int) -> dict[str, object]:
        """Values [start, end) as a column of the message."""
        times = self.at[start:end]
        steps = [later - earlier for earlier, later in zip([base, *times], times, strict=False)]
        found: dict[str, object] = {"signal": signal, "at": steps, "values": self.values[start:end]}
        for name in ("uncertain", "bad", "restamped"):
            marks = [index - start for index in getattr(self, name) if start <= index < end]
            if marks:
                found[name] = marks
        odd = [{"index": index - start, "number": name} for index, name in self.odd.items() if start <= index < end]
        return found | ({"odd": odd} if odd else {})


_Part = tuple[str, _Column, int, int]
"""Some of a column's values: from the first to before the last."""


@dataclass(slots=True)
class Basket:
    """One machine's readings until they are sent."""

    machine: str
    size: int = 0
    _columns: dict[str, _Column] = field(default_factory=dict)

    def add(self, readings: Iterable[Reading], bounds: StampBounds) -> None:
        """Thousands of readings a second come this way."""
        columns = self._columns
        before = None
        count = micros = 0
        for reading in readings:
            column = columns.get(reading.signal)
            if column is None:
                column = columns[reading.signal] = _Column()
            at, whose = stamp(reading, bounds)
            if at is not before and at != before:
                before, since = at, at - _EPOCH
                micros = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
            column.at.append(micros)
            if whose == "agent":
                column.restamped.append(len(column.values))
            value = reading.value
            if reading.quality is not Quality.GOOD or type(value) not in _PLAIN:
                column.judge(reading)
                column.put(None if reading.quality is Quality.BAD else value)
            elif type(value) is float and value - value == 0.0:
                column.values.append(value)
            else:
                column.put(value)
            count += 1
        self.size += count

    def payloads(self, signals: frozenset[str]) -> Iterator[bytes]:
        """Messages with the values of these signals."""
        parts: list[_Part] = [
            (signal, column, 0, len(column.at)) for signal, column in self._columns.items() if signal in signals
        ]
        room, group = FULL_MESSAGE, list[_Part]()
        for part in (piece for whole in parts for piece in _pieces(whole)):
            if part[3] - part[2] > room:
                yield from _messages(self.machine, group)
                room, group = FULL_MESSAGE, []
            room -= part[3] - part[2]
            group.append(part)
        yield from _messages(self.machine, group)


def _pieces(part: _Part) -> Iterator[_Part]:
    signal, column, start, end = part
    for at in range(start, end, FULL_MESSAGE):
        yield signal, column, at, min(at + FULL_MESSAGE, end)


def _messages(machine: str, parts: Sequence[_Part]) -> Iterator[bytes]:
    """One message, or as many as it takes for none to be too large."""
    if not parts:
        return
    base = parts[0][1].at[parts[0][2]]
    payload = written(machine, base, (column.plain(signal, base, *bounds) for signal, column, *bounds in parts))
    if len(payload) <= LARGE_MESSAGE or (len(parts) == 1 and parts[0][3] - parts[0][2] == 1):
        yield payload
    elif len(parts) > 1:
        middle = len(parts) // 2
        yield from _messages(machine, parts[:middle])
        yield from _messages(machine, parts[middle:])
    else:
        signal, column, start, end = parts[0]
        middle = (start + end) // 2
        yield from _messages(machine, [(signal, column, start, middle)])
        yield from _messages(machine, [(signal, column, middle, end)])
