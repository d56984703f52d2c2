"""What is left of a machine: the offer in force minus what claims take, as stairs over time; pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from math import prod
from typing import NamedTuple

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


def steps(offer: Iterable[Offered], takings: Sequence[Taking], units: int, quantity: int) -> tuple[Step, ...]:
    """Each stretch on which nothing changes and something is left, in order of time.

    Pieces over one instant add up, to no more than the `units` that the machine has. The odds are those of all that is
    offered there at the highest confidence at which `quantity` is left (cloud/booking/sql/quote.sql, ts_graded).
    """
    coming = sorted((piece for piece in offer if piece.quantity > 0), reverse=True)
    whole: tuple[Offered | Taking, ...] = (*coming, *takings)
    moments = sorted({each.start for each in whole} | {each.end for each in whole})
    here: list[Offered] = []
    found: list[Step] = []
    for start, end in pairwise(moments):
        here = [piece for piece in here if piece.end > start]
        while coming and coming[-1].start <= start:
            here.append(coming.pop())
        if here:
            taken = sum(each.quantity for each in takings if each.start <= start < each.end) if takings else 0
            step = _step(Span(start, end), here, taken, units, quantity)
            if step:
                found.append(step)
    return tuple(found)


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
    one, two, three, four, five = (left if piece.confidence >= band else 0 for band in BANDS)
    return Step(span, (one, two, three, four, five), _odds(piece.chance, piece.fading))


def _odds(chance: float, fading: float) -> Odds:
    return Odds(round(chance, 6), round(max(fading, 0.0), 6))
