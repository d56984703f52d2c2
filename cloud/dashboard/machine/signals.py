"""A signal as it is drawn: a line that breaks where nothing was measured, texts as bands, doubtful values marked."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from cloud.registry.model import Gap
from cloud.telemetry.wire import Point, Samples

HOLE = 20
"""Samples so many times farther apart than usual have a hole between them."""


def drawn(samples: Samples, gaps: Sequence[Gap]) -> dict[str, Any]:
    """`line`: [time, value, least, most], with None for the values where the line breaks; `texts`: [start, end, text];
    `doubts`: [time, value, quality]. Times are seconds since 1970; least and most are of the point's bucket.
    """
    numbers = [point for point in samples.items if isinstance(point.value, float)]
    texts = [point for point in samples.items if isinstance(point.value, str)]
    return {
        "signal": samples.signal,
        "unit": samples.unit,
        "step": samples.step_s,
        "total": samples.total,
        "store": samples.store,
        "line": _line(numbers, _broken(numbers, samples.step_s), gaps),
        "texts": _texts(texts, samples.end) if len(texts) > len(numbers) else [],
        "doubts": [
            [_s(point.at), point.value, point.quality] for point in numbers if point.quality not in {None, "good"}
        ],
        "last": _s(samples.items[-1].at) if samples.items else None,
    }


def _broken(points: Sequence[Point], step: int | None) -> float:
    """Seconds between two points from which on nothing was measured between them."""
    if step:
        return step * 1.5
    apart = sorted((after.at - before.at).total_seconds() for before, after in pairwise(points))
    return HOLE * apart[int(len(apart) * 0.9)] if apart else 0.0


def _line(points: Sequence[Point], broken: float, gaps: Sequence[Gap]) -> list[list[Any]]:
    found: list[list[Any]] = []
    before: datetime | None = None
    for point in points:
        if before and ((point.at - before).total_seconds() > broken or _unseen(before, point.at, gaps)):
            found.append([_s(before) + 1, None, None, None])
        found.append([_s(point.at), point.value, point.least, point.most])
        before = point.at
    return found


def _unseen(before: datetime, after: datetime, gaps: Sequence[Gap]) -> bool:
    return any(gap.start < after and gap.end > before for gap in gaps)


def _texts(points: Sequence[Point], until: datetime) -> list[list[Any]]:
    found: list[list[Any]] = []
    for point in points:
        if found and found[-1][2] == point.value:
            continue
        if found:
            found[-1][1] = _s(point.at)
        found.append([_s(point.at), _s(until), point.value])
    return found


def _s(at: datetime) -> float:
    return round(at.timestamp(), 3)
