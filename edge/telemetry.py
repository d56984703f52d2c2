"""Raw signals on their way out, of those that the plant named: columns of times and values."""

from collections.abc import Iterable

from edge.mapping import StampBounds, stamp
from edge.reading import Reading
from edge.signal import Unfit
from gateway.machine import Quality
from gateway.messages import Samples

Value = float | int | bool | str | None


def samples(machine: str, readings: Iterable[Reading], signals: frozenset[str], bounds: StampBounds) -> list[Samples]:
    """One message a signal, with UNIX times in s; a bad value, or one not of its signal's type, is None."""
    columns: dict[str, tuple[list[float], list[Value]]] = {}
    for reading in readings:
        if reading.signal in signals:
            times, values = columns.setdefault(reading.signal, ([], []))
            times.append(stamp(reading, bounds)[0].timestamp())
            values.append(_value(reading))
    return [
        Samples(machine=machine, signal=signal, at=tuple(times), values=tuple(values))
        for signal, (times, values) in columns.items()
    ]


def _value(reading: Reading) -> Value:
    if reading.quality is Quality.BAD or isinstance(reading.value, Unfit):
        return None
    return reading.value if isinstance(reading.value, float | int | bool | str) else str(reading.value)
