"""Decides what a message of samples means as rows."""

from collections.abc import Mapping
from datetime import UTC, datetime

from cloud.telemetry.model import Sample, Value
from gateway.messages import Samples

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""No sample lies outside: a broken clock must not make the store open a partition for the year 9999."""


def unpack(message: Samples, machines: Mapping[str, str]) -> list[Sample]:
    """The message's columns as samples, its times (UNIX seconds) as UTC. Raises ValueError for an impossible time."""
    machine = machines[message.machine]
    return [
        Sample(machine, message.signal, _moment(at), _value(value))
        for at, value in zip(message.at, message.values, strict=True)
    ]


def _moment(at: float) -> datetime:
    if not EARLIEST.timestamp() <= at < LATEST.timestamp():
        msg = (
            f"a sample of UNIX time {at} lies outside {EARLIEST.year} to {LATEST.year}; mend the clock that stamped it"
        )
        raise ValueError(msg)
    return datetime.fromtimestamp(at, UTC)


def _value(value: float | bool | str | None) -> Value:
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) else _number(value)


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)
