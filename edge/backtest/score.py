"""Scores of what was said against what was seen. Idle means reported idle: logs leave reports out."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.backtest.walk import Page
from edge.forecast.signs import Floats

OFFERED_AT = 0.9
SHORTEST = 8
"""Quarter hours of the shortest window that is offered: two hours."""

THRESHOLDS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98)


@dataclass(frozen=True, slots=True)
class Bin:
    """Hours for which a probability in [start, end) was said: what was said on average, and the share that was idle."""

    start: float
    end: float
    said: float
    seen: float
    hours: float


@dataclass(frozen=True, slots=True)
class Offer:
    """Hours in windows of two hours or more at this probability or above, the share of them that was reported idle, and
    the share of all idle hours that they are. Shares are None where there is nothing to divide by.
    """

    at: float
    offered_hours: float
    idle_share: float | None
    recall: float | None


def brier(said: Floats, seen: Floats) -> float:
    """The mean squared difference of probability and outcome."""
    return float(((said - seen) ** 2).mean())


def reliability(said: Floats, seen: Floats, hours: float = 0.25) -> list[Bin]:
    """Ten bins of equal width; empty ones are left out."""
    place = np.minimum((said * 10).astype(int), 9)
    found = []
    for index in range(10):
        chosen = place == index
        if chosen.any():
            means = float(said[chosen].mean()), float(seen[chosen].mean())
            found.append(Bin(index / 10, (index + 1) / 10, *means, float(chosen.sum()) * hours))
    return found


def gap(bins: Sequence[Bin]) -> float:
    """The mean distance between said and seen, weighted by hours."""
    hours = sum(each.hours for each in bins)
    return sum(abs(each.said - each.seen) * each.hours for each in bins) / hours if hours else 0.0


def offer(pages: Iterable[Page], at: float = OFFERED_AT) -> Offer:
    """What a plant would have offered for the next day; hours of a window beyond its midnight do not count."""
    offered = idle = good = 0.0
    for page in pages:
        chosen = _windows(page.idle >= at)[: page.quarters]
        seen = page.seen[: page.quarters]
        offered += float(chosen.sum())
        good += float(seen[chosen].sum())
        idle += float(seen.sum())
    return Offer(at, offered / 4, good / offered if offered else None, good / idle if idle else None)


def summary(pages: Sequence[Page]) -> dict[str, Any]:
    """All figures of these pages, as the JSON document names them."""
    said = np.concatenate([page.idle[: page.quarters] for page in pages])
    seen = np.concatenate([page.seen[: page.quarters] for page in pages])
    bins = reliability(said, seen)
    offered = offer(pages)
    week = np.concatenate([page.idle for page in pages]), np.concatenate([page.seen for page in pages])
    return {
        "brier": brier(said, seen),
        "baselines": {name: _baseline(pages, name) for name in pages[0].baselines},
        "reliability": [asdict(each) for each in bins],
        "reliability_gap": gap(bins),
        "offered_hours": offered.offered_hours,
        "idle_share": offered.idle_share,
        "recall": offered.recall,
        "spans": {str(hours): _span(pages, hours) for hours in pages[0].spans},
        "horizons": {"1": {"brier": brier(said, seen)}, "7": {"brier": brier(*week)}},
    }


def curve(pages: Sequence[Page]) -> list[dict[str, Any]]:
    """The offer at other thresholds: precision against share of the idle hours."""
    return [asdict(offer(pages, at)) for at in THRESHOLDS]


def _baseline(pages: Sequence[Page], name: str) -> float:
    said = np.concatenate([page.baselines[name] for page in pages])
    return brier(said, np.concatenate([page.seen[: page.quarters] for page in pages]))


def _span(pages: Sequence[Page], hours: int) -> dict[str, Any]:
    said = np.concatenate([page.spans[hours][0] for page in pages])
    seen = np.concatenate([page.spans[hours][1] for page in pages])
    bins = reliability(said, seen, hours)
    quoted = reliability(np.concatenate([page.quoted[hours] for page in pages]), seen, hours)
    return {
        "gap": gap(bins),
        "brier": brier(said, seen),
        "reliability": [asdict(each) for each in bins],
        "quoted_gap": gap(quoted),
        "quoted_reliability": [asdict(each) for each in quoted],
    }


def _windows(chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Without the runs that are shorter than the shortest window."""
    borders = np.flatnonzero(np.diff(np.concatenate([[False], chosen, [False]]).astype(np.int8)))
    kept = np.zeros(len(chosen), np.bool_)
    for start, end in zip(borders[::2], borders[1::2], strict=True):
        kept[start:end] = end - start >= SHORTEST
    return kept
