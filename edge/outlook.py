"""How sure the plant's free time is: what a forecast says of it, as few spans of five bands, laid over the ledger."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from edge.layers import join
from gateway.capacity import CapacitySpan, CapacityType, Confidence, Reason
from gateway.odds import Odds
from gateway.span import Span, difference


class Chances(Protocol):
    """A forecast, as far as an explanation needs it."""

    def at(self, moment: datetime) -> float:
        """P(idle) at an instant."""
        ...

    def span(self, span: Span) -> float:
        """P(idle all through the span)."""
        ...


@dataclass(frozen=True, slots=True)
class Band:
    """Over `span` the machine is idle with this confidence; `odds`: the numbers behind it, which are no news either."""

    span: Span
    confidence: Confidence
    odds: Odds | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is expected of a machine: bands, sorted and disjoint; time that is in none is not foretold.

    `chances`: the numbers behind them, and `days`: how many days of evidence those stand on; two outlooks with the same
    bands say the same.
    """

    bands: tuple[Band, ...] = ()
    chances: Chances | None = field(default=None, compare=False)
    days: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class View:
    """What the ledger's free time is looked at with.

    `trust`: the most that the plan and the calendar are good for by their age. `planned_until`: up to there the plan
    tells everything, and no forecast is asked. `least`: what is surer is offered; below it the plant keeps the hours.
    `kept`: spans that are promised already; no forecast takes them back.
    """

    trust: Confidence = Confidence.FIRM
    outlook: Outlook | None = None
    planned_until: datetime | None = None
    least: Confidence = Confidence.VERY_LOW
    kept: tuple[Span, ...] = ()


def weigh(pieces: Iterable[CapacitySpan], view: View) -> list[CapacitySpan]:
    """The ledger with its Available time divided by confidence, and what is too unsure of it Unattainable.

    A forecast speaks of one unit, as a plan's order and a running job take one: of several units the others are as sure
    as the plan. Whatever it is, no instant gets more Available than it had.
    """
    bands = _after(view.outlook.bands, view.planned_until) if view.outlook else []
    starts = [band.span.start for band in bands]
    found: list[CapacitySpan] = []
    for piece in pieces:
        if piece.type is CapacityType.AVAILABLE:
            found += _weighed(piece, view, bands, starts)
        else:
            found.append(piece)
    return join(found)


def _after(bands: Sequence[Band], moment: datetime | None) -> list[Band]:
    if moment is None:
        return list(bands)
    cut = (
        (band, Span.between(max(band.span.start, moment), band.span.end)) for band in bands if band.span.end > moment
    )
    return [replace(band, span=span) for band, span in cut if span]


def _weighed(
    piece: CapacitySpan, view: View, bands: Sequence[Band], starts: Sequence[datetime]
) -> Iterator[CapacitySpan]:
    """The piece divided by what is foretold of it; what is not foretold is as sure as the plan."""
    at = piece.span.start
    for band in bands[max(0, bisect_right(starts, at) - 1) :]:
        if band.span.start >= piece.span.end:
            break
        part = piece.span.intersection(band.span)
        if part is None:
            continue
        if at < part.start:
            yield from _judged(piece, Span(at, part.start), piece.quantity, view)
        foretold = piece.quantity if band.confidence >= view.trust or view.trust < view.least else 1
        yield from _judged(piece, part, foretold, view, band)
        if piece.quantity > foretold:
            yield from _judged(piece, part, piece.quantity - foretold, view)
        at = part.end
    if at < piece.span.end:
        yield from _judged(piece, Span(at, piece.span.end), piece.quantity, view)


def _judged(
    piece: CapacitySpan, span: Span, quantity: int, view: View, band: Band | None = None
) -> Iterator[CapacitySpan]:
    """A part of the piece as it is offered; below the plant's threshold Unattainable, but for what is sold of it."""
    sure = min(view.trust, band.confidence) if band else view.trust
    odds = band.odds if band and sure == band.confidence else None
    if sure >= view.least:
        yield CapacitySpan(span, piece.type, quantity, piece.reason, sure, piece.detail, odds)
        return
    reason = Reason.STALE_DATA if view.trust < view.least else Reason.FORECAST_BUSY
    for lost in difference([span], view.kept):
        yield CapacitySpan(lost, CapacityType.UNATTAINABLE, quantity, reason)
    for kept in view.kept:
        if part := span.intersection(kept):
            yield CapacitySpan(part, piece.type, quantity, piece.reason, sure, piece.detail, odds)
