"""What is left of a machine: the offer in force minus what claims take, as stairs over time; pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from math import prod
from typing import NamedTuple, overload

from cloud.market.candidate import Step
from gateway.capacity import Confidence
from gateway.odds import Odds
from gateway.span import Span

BANDS = tuple(Confidence)


class Offered(NamedTuple):
    """An available piece of the offer, with the odds of it."""

    start: datetime
    end: datetime
    quantity: int
    confidence: int
    chance: float
    fading: float


class Taking(NamedTuple):
    """What a claim takes."""

    start: datetime
    end: datetime
    quantity: int


class Stairs(Sequence[Step]):
    """Steps in order of time, each worked out when somebody first comes to it: a search mostly stays on the lowest."""

    def __init__(self, coming: Iterator[Step]) -> None:
        self._coming = coming
        self._known: list[Step] = []

    def __iter__(self) -> Iterator[Step]:
        place = 0
        while place < len(self._known) or self._climb():
            yield self._known[place]
            place += 1

    def __len__(self) -> int:
        return len(self._all())

    @overload
    def __getitem__(self, place: int) -> Step: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Step]: ...
    def __getitem__(self, place: int | slice) -> Step | Sequence[Step]:
        return self._all()[place]

    def _climb(self) -> bool:
        """Whether there was another."""
        step = next(self._coming, None)
        if step:
            self._known.append(step)
        return step is not None

    def _all(self) -> list[Step]:
        self._known += self._coming
        return self._known


def steps(offer: Iterable[Offered], takings: Sequence[Taking], units: int, quantity: int) -> Stairs:
    """Each stretch on which nothing changes and something is left, in order of time.

    Pieces over one instant add up, to no more than the `units` that the machine has. The odds are those of all that is
    offered there at the highest confidence at which `quantity` is left (cloud/booking/sql/quote.sql, ts_graded).
    """
    return Stairs(_rising(offer, takings, units, quantity))


def _rising(offer: Iterable[Offered], takings: Sequence[Taking], units: int, quantity: int) -> Iterator[Step]:
    coming = sorted((piece for piece in offer if piece.quantity > 0), reverse=True)
    whole: tuple[Offered | Taking, ...] = (*coming, *takings)
    moments = sorted([*(each.start for each in whole), *(each.end for each in whole)])
    here: list[Offered] = []
    for start, end in pairwise(moments):
        if start == end:
            continue
        here = [piece for piece in here if piece.end > start]
        while coming and coming[-1].start <= start:
            here.append(coming.pop())
        if here:
            taken = sum(each.quantity for each in takings if each.start <= start < each.end) if takings else 0
            step = _step(Span(start, end), here, taken, units, quantity)
            if step:
                yield step


def _step(span: Span, here: Sequence[Offered], taken: int, units: int, quantity: int) -> Step | None:
    if len(here) == 1:
        return _plain(span, here[0], min(here[0].quantity, units) - taken)
    one, two, three, four, five = (
        min(sum(piece.quantity for piece in here if piece.confidence >= band), units) - taken for band in BANDS
    )
    if one <= 0:
        return None
    left = (one, max(two, 0), max(three, 0), max(four, 0), max(five, 0))
    sure = next((band for band in reversed(BANDS) if left[band - 1] >= quantity), BANDS[0])
    counted = [piece for piece in here if piece.confidence >= sure]
    return Step(span, left, _odds(prod(piece.chance for piece in counted), sum(piece.fading for piece in counted)))


def _plain(span: Span, piece: Offered, left: int) -> Step | None:
    if left <= 0:
        return None
    sure = piece.confidence
    two, three, four, five = (left if sure >= band else 0 for band in (2, 3, 4, 5))
    return Step(span, (left, two, three, four, five), _odds(piece.chance, piece.fading))


def _odds(chance: float, fading: float) -> Odds:
    return Odds(round(chance, 6), round(max(fading, 0.0), 6))
