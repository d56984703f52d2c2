"""A forecast as few spans of five bands: each hour of a band lies in a stretch that keeps what the band promises."""

from datetime import datetime, timedelta
from itertools import groupby
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.outlook import Band, Outlook
from gateway.capacity import Confidence
from gateway.odds import Odds
from gateway.span import Span

QUARTER = timedelta(minutes=15)

PROMISE = 8
"""Quarter hours that a band's promise is for: a booking of two hours inside it is idle all through with its floor."""

MOST = 72
"""Bands in an outlook, at most; what is more is told as the less sure of two neighbours."""

Floats = NDArray[np.float64]


class Foretold(Protocol):
    """What a forecast gives: (n,) P(idle) of quarter hours from `start` on, and of whole spans."""

    @property
    def start(self) -> datetime: ...
    @property
    def idle(self) -> Floats: ...

    def at(self, moment: datetime) -> float: ...

    def span(self, span: Span) -> float: ...

    def spans(self, quarters: int) -> Floats:
        """(n - quarters + 1,) P(idle all through) of every span of that many quarter hours."""
        ...


def outlook(found: Foretold, most: int = MOST) -> Outlook:
    """The forecast in bands, each with its odds: how likely at an instant of it, and how bands of its kind last."""
    parts = merged(runs(promised(found)), most)
    numbers = np.repeat([number for _, number in parts], [length for length, _ in parts])
    lasting = {number: _fading(found, numbers == number) for number in set(numbers.tolist())}
    bands, first = [], 0
    for length, number in parts:
        start = found.start + QUARTER * first
        chance = max(0.01, round(float(found.idle[first : first + length].mean()), 2))
        bands.append(Band(Span(start, start + QUARTER * length), Confidence(number), Odds(chance, lasting[number])))
        first += length
    return Outlook(tuple(bands), found)


def _fading(found: Foretold, chosen: NDArray[np.bool_]) -> float:
    """Per hour, over the chosen quarter hours: minus the log of P(idle | idle in the quarter hour before)."""
    if len(chosen) < 2 or not chosen[1:].any():
        return 0.0
    lost = np.log(found.idle[:-1]) - np.log(found.spans(2))
    return round(float(lost[chosen[1:]].mean()) * 4, 3)


def promised(found: Foretold) -> NDArray[np.int64]:
    """(n,) the number of the highest band that some stretch of PROMISE quarter hours around each of them keeps.

    A shorter good stretch keeps no promise, however sure each of its quarter hours is.
    """
    count = len(found.idle)
    length = min(PROMISE, count)
    floors = np.array([band.floor for band in Confidence][1:])
    kept = np.searchsorted(floors, found.spans(length), side="right") + 1
    padded = np.concatenate([np.zeros(length - 1, kept.dtype), kept, np.zeros(length - 1, kept.dtype)])
    best: NDArray[np.int64] = np.lib.stride_tricks.sliding_window_view(padded, length).max(axis=1)
    return best[:count]


def merged(found: list[tuple[int, int]], most: int) -> list[tuple[int, int]]:
    """At most so many runs of (quarter hours, band): the cheapest are told as the less sure of their neighbours.

    Never surer than before; what it costs is quarter hours times bands that they lose.
    """
    rest = list(found)
    costs = [_cost(rest, place) for place in range(len(rest))]
    while len(rest) > most:
        place = costs.index(min(costs))
        gone = _lower(rest, place)
        del costs[place : place + gone]
        first = max(0, place - 2)
        last = min(len(rest), place + 3)
        costs[first:last] = [_cost(rest, each) for each in range(first, last)]
    return rest


def runs(bands: NDArray[np.int64]) -> list[tuple[int, int]]:
    """(quarter hours, band) of each stretch on which the band does not change."""
    return [(len(list(group)), int(band)) for band, group in groupby(bands.tolist())]


def _around(parts: list[tuple[int, int]], place: int) -> int:
    """The surest of the neighbours that are less sure than the run; 0 where there is none."""
    band = parts[place][1]
    near = [parts[other][1] for other in (place - 1, place + 1) if 0 <= other < len(parts)]
    return max((each for each in near if each < band), default=0)


def _cost(parts: list[tuple[int, int]], place: int) -> float:
    lower = _around(parts, place)
    return parts[place][0] * (parts[place][1] - lower) if lower else float("inf")


def _lower(parts: list[tuple[int, int]], place: int) -> int:
    """Tell a run as its surest less sure neighbour, and make it one with what it touches; how many that saves."""
    parts[place] = (parts[place][0], _around(parts, place))
    before = len(parts)
    for other in (place + 1, place):
        if 0 < other < len(parts) and parts[other][1] == parts[other - 1][1]:
            parts[other - 1] = (parts[other - 1][0] + parts[other][0], parts[other][1])
            del parts[other]
    return before - len(parts)
