"""Writes columns of samples as InfluxDB line protocol: always the same tags and times, so a replay changes nothing.

`v` is the number, `t` the text, and `q` is 4 * kind + quality: kind 0 a number, 1 a text, 2 no value. With `q`
always there, the last writer of a moment decides what it is, although engines keep each field for itself.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import repeat

import orjson

from cloud.telemetry.model import Series, Value

MEASUREMENT = "sample"
NUMBER, TEXT, NOTHING = 0, 4, 8
MOST_BYTES = 4 << 20
"""Of one request; InfluxDB's own limit is 25 MB, VictoriaMetrics' 64 MB."""

_TAG = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ ", "\n": r"\ ", "\\": "/"})
_STRING = str.maketrans({'"': r"\"", "\\": r"\\"})


@lru_cache(maxsize=100_000)
def head(machine: str, signal: str) -> str:
    """Measurement and tags, with the space that follows them."""
    return f"{MEASUREMENT},machine={machine.translate(_TAG)},signal={signal.translate(_TAG)} "


def lines(series: Series) -> list[str]:
    """A line for each value; times in µs."""
    start = head(series.machine, series.signal)
    qualities = series.qualities or repeat(0)
    return [
        f"{start}v={value!r},q={quality}i {at}"
        if value.__class__ is float and value - value == 0  # neither NaN nor infinite
        else f"{start}{_odd(value, quality)} {at}"
        for at, value, quality in zip(series.at, series.values, qualities, strict=False)
    ]


def numbers(series: Series) -> tuple[list[str], int]:
    """The same for an engine that keeps numbers alone, and how many texts were left out.

    Such an engine makes a series of each field, so a good value has no `q`.
    """
    start = head(series.machine, series.signal)
    if series.values and series.qualities is None and _all_finite(series.values):
        # In their shortest exact form, as repr has it, but of all at once.
        written = orjson.dumps(series.values).decode()[1:-1].split(",")
        return [f"{start}v={value} {at}" for at, value in zip(series.at, written, strict=False)], 0
    found = []
    texts = 0
    for at, value, quality in zip(series.at, series.values, series.qualities or repeat(0), strict=False):
        if isinstance(value, str):
            texts += 1
        elif value is None or not math.isfinite(value):
            found.append(f"{start}q={NOTHING + quality} {at}")
        elif quality:
            found.append(f"{start}v={value!r},q={quality} {at}")
        else:
            found.append(f"{start}v={value!r} {at}")
    return found, texts


def requests(blocks: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """Lines as bodies of requests, none of them much larger than MOST_BYTES."""
    parts: list[str] = []
    size = 0
    for block in blocks:
        for start in range(0, len(block), 20_000):
            parts.append("\n".join(block[start : start + 20_000]))
            size += len(parts[-1])
            if size >= MOST_BYTES:
                yield "\n".join(parts).encode()
                parts, size = [], 0
    if parts:
        yield "\n".join(parts).encode()


def _all_finite(values: Sequence[Value]) -> bool:
    """Whether all are numbers of a finite sum, so that each of them is finite: the usual case, and cheap to see."""
    try:
        return math.isfinite(sum(values))  # type: ignore[arg-type]
    except TypeError:
        return False


def _odd(value: Value, quality: int) -> str:
    if isinstance(value, str):
        return f't="{value.translate(_STRING)}",q={TEXT + quality}i'
    return f"q={NOTHING + quality}i"
