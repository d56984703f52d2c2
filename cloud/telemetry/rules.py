"""Decides what a message of telemetry means as columns."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import accumulate

from cloud.telemetry.model import QUALITIES, Series, Value, micros
from gateway.machine import Quality
from gateway.messages import Samples, Telemetry
from gateway.telemetry import Column

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""No sample lies outside: a broken clock must not make the store open a partition for the year 9999."""

_FROM, _TO = micros(EARLIEST), micros(LATEST)
_UNCERTAIN, _BAD = QUALITIES.index(Quality.UNCERTAIN), QUALITIES.index(Quality.BAD)


def unpack(message: Samples | Telemetry, machine: str) -> list[Series]:
    """The message's columns under the machine's id. Raises ValueError for an impossible time."""
    if isinstance(message, Telemetry):
        times: dict[tuple[int, ...], list[int]] = {}
        return [_series(machine, _times(message.base, column.at, times), column) for column in message.columns]
    _possible(at * 1e6 for at in message.at)
    at = [round(at * 1e6) for at in message.at]
    return [Series(machine, message.signal, at, [_value(value) for value in message.values])]


def _series(machine: str, at: list[int], column: Column) -> Series:
    values = column.exact() if column.odd else column.values
    plain = values if set(map(type, values)) == {float} else [_value(value) for value in values]
    return Series(machine, column.signal, at, plain, _qualities(column))


def _times(base: int, steps: tuple[int, ...], known: dict[tuple[int, ...], list[int]]) -> list[int]:
    """UNIX times in µs. Signals that were read together have the same ones, which are worked out once."""
    at = known.get(steps)
    if at is None:
        at = known[steps] = list(accumulate(steps, initial=base))[1:]
        _possible((min(at), max(at)))
    return at


def _qualities(column: Column) -> bytes | None:
    if not column.uncertain and not column.bad:
        return None
    found = bytearray(len(column.values))
    for index in column.uncertain:
        found[index] = _UNCERTAIN
    for index in column.bad:
        found[index] = _BAD
    return bytes(found)


def _possible(times: Iterable[float] | Sequence[int]) -> None:
    """UNIX times in µs."""
    for at in times:
        if not _FROM <= at < _TO:
            msg = (
                f"a sample of UNIX time {at / 1e6} lies outside {EARLIEST.year} to {LATEST.year}; "
                "mend the clock that stamped it"
            )
            raise ValueError(msg)


def _value(value: float | bool | str | None) -> Value:
    if isinstance(value, str):
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return None if value is None else float(value)
