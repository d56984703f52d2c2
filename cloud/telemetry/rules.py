"""Decides what a message of telemetry means as rows."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from cloud.telemetry.model import Sample, Value
from gateway.messages import Samples, Telemetry

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""No sample lies outside: a broken clock must not make the store open a partition for the year 9999."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_FROM, _TO = ((moment - _EPOCH) // _MICRO for moment in (EARLIEST, LATEST))


def unpack(message: Samples | Telemetry, machines: Mapping[str, str]) -> list[Sample]:
    """The message's columns as samples, their times in UTC. Raises ValueError for an impossible time."""
    machine = machines[message.machine]
    if isinstance(message, Telemetry):
        return list(_columns(message, machine))
    return [
        Sample(machine, message.signal, _moment(at * 1_000_000), _value(value))
        for at, value in zip(message.at, message.values, strict=True)
    ]


def _columns(message: Telemetry, machine: str) -> Iterator[Sample]:
    moments: dict[int, datetime] = {}
    for column in message.columns:
        qualities = column.qualities()
        for at, value, quality in zip(column.times(message.base), column.exact(), qualities, strict=True):
            moment = moments.get(at)
            if moment is None:
                moment = moments[at] = _moment(at)
            yield Sample(machine, column.signal, moment, _value(value), quality)


def _moment(at: float) -> datetime:
    """Of UNIX time in µs."""
    if not _FROM <= at < _TO:
        msg = (
            f"a sample of UNIX time {at / 1e6} lies outside {EARLIEST.year} to {LATEST.year}; "
            "mend the clock that stamped it"
        )
        raise ValueError(msg)
    return _EPOCH + timedelta(microseconds=round(at))


def _value(value: float | bool | str | None) -> Value:
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) else _number(value)


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)
