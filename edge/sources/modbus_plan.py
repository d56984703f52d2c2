"""Which requests bring all signals of a unit: as few as the table's limits and the holes between signals allow."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from edge.sources.modbus_codec import decode
from edge.sources.modbus_signal import BITS, ModbusSignal, Table

MOST_BITS = 2000
"""Coils or discrete inputs in one request (Modbus Application Protocol 1.1b3, 6.1)."""


@dataclass(frozen=True, slots=True)
class Want:
    """One signal of one machine."""

    machine: str
    name: str
    signal: ModbusSignal


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """One read of `count` neighbours, and the signals that it brings; each is itself, however alike."""

    table: Table
    start: int
    count: int
    poll: timedelta
    wants: tuple[Want, ...]

    @property
    def shown(self) -> str:
        end = self.start + self.count - 1
        return f"{self.table} {self.start}" + (f" to {end}" if self.count > 1 else "")

    def alone(self) -> "list[Request]":
        """The same signals, one request for each."""
        return [Request(self.table, want.signal.address, want.signal.width, self.poll, (want,)) for want in self.wants]

    def values(self, words: Sequence[int | bool]) -> list[tuple[Want, object]]:
        """What the answer says of each signal. `words` may be longer than asked for, as bits come in bytes."""
        found: list[tuple[Want, object]] = []
        for want in self.wants:
            at = want.signal.address - self.start
            found.append((want, decode(want.signal, words[at : at + want.signal.width])))
        return found


def plan(wants: Iterable[Want], poll: timedelta, bridge: int, largest: int) -> list[Request]:
    """Requests of one unit. `poll`: for signals that do not say; `bridge`: words read along between two signals."""
    ordered = sorted(wants, key=lambda want: (want.signal.table, want.signal.poll or poll, want.signal.address))
    found: list[Request] = []
    for want in ordered:
        joined = _join(found[-1], want, poll, bridge, largest) if found else None
        if joined is None:
            own = want.signal
            found.append(Request(own.table, own.address, own.width, own.poll or poll, (want,)))
        else:
            found[-1] = joined
    return found


def _join(request: Request, want: Want, poll: timedelta, bridge: int, largest: int) -> Request | None:
    """The request with one more signal; None if that would be another table or pace, too far, or too much."""
    signal = want.signal
    if (request.table, request.poll) != (signal.table, signal.poll or poll):
        return None
    if signal.address - (request.start + request.count) > bridge:
        return None
    count = max(request.count, signal.address + signal.width - request.start)
    if count > (MOST_BITS if signal.table in BITS else largest):
        return None
    return Request(request.table, request.start, count, request.poll, (*request.wants, want))
