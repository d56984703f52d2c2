"""A ledger as coarse as a plant wants it seen: never more than the fine one at any instant, and no less private."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import reduce
from itertools import pairwise
from zoneinfo import ZoneInfo

from gateway.capacity import CapacitySpan, CapacityType, Confidence, Reason, coalesce
from gateway.odds import Odds
from gateway.span import Span


class Detail(StrEnum):
    """How much of its capacity a machine shows.

    `spans`: each span with its reason. `hours`: whole hours that are free all through. `band`: only blocks of four
    hours that are; what is not free has no reason in either. `none`: nothing crosses.
    """

    SPANS = "spans"
    HOURS = "hours"
    BAND = "band"
    NONE = "none"

    @property
    def grain(self) -> timedelta | None:
        """Length of the cells that are told as one; None: as fine as it is."""
        return {Detail.HOURS: timedelta(hours=1), Detail.BAND: timedelta(hours=4)}.get(self)


_UTC = ZoneInfo("UTC")


def coarse(ledger: Iterable[CapacitySpan], grain: timedelta, within: Span, zone: ZoneInfo = _UTC) -> list[CapacitySpan]:
    """The ledger over `within` in cells of `grain`, counted from each midnight of the plant's clock.

    Of a cell as much is Available as there is all through it, as sure as the least sure of it; all else is withheld.
    A cell that `within` cuts counts by its part inside, so that an hour that has begun is not taken back.
    """
    pieces = sorted(ledger, key=lambda piece: piece.span)
    units = max((sum(_open_at(pieces, within.start, free=False)), *(piece.quantity for piece in pieces)), default=0)
    found: list[CapacitySpan] = []
    first = 0
    for cell in cells(within, grain, zone):
        while first < len(pieces) and pieces[first].span.end <= cell.start:
            first += 1
        found += _told(cell, [piece for piece in pieces[first:] if piece.span.overlaps(cell)], units)
    return sorted(_joined(found), key=lambda piece: (piece.span, piece.type))


def cells(within: Span, grain: timedelta, zone: ZoneInfo = _UTC) -> Iterable[Span]:
    """The cells that `within` touches, cut to it. The last of a day on which the clock changes may be shorter."""
    day = within.start.astimezone(zone).date()
    start = _midnight(day, zone)
    while start < within.end:
        day += timedelta(days=1)
        following = _midnight(day, zone)
        while start < following:
            end = min(start + grain, following)
            if cell := Span(start, end).intersection(within):
                yield cell
            start = end


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _told(cell: Span, pieces: Sequence[CapacitySpan], units: int) -> list[CapacitySpan]:
    free = [piece for piece in pieces if piece.type is CapacityType.AVAILABLE]
    borders = sorted({cell.start, cell.end, *(edge for piece in free for edge in (piece.span.start, piece.span.end))})
    inside = [moment for moment in borders if cell.start <= moment <= cell.end]
    least = min(sum(_open_at(free, moment, free=True)) for moment, _ in pairwise(inside))
    found: list[CapacitySpan] = []
    if least:
        sure = min((piece.confidence for piece in free), default=Confidence.FIRM)
        odds = reduce(Odds.at_most, (piece.likely for piece in free)) if any(piece.odds for piece in free) else None
        found.append(CapacitySpan(cell, CapacityType.AVAILABLE, least, Reason.IDLE, sure, odds=odds))
    if units > least:
        found.append(CapacitySpan(cell, CapacityType.UNATTAINABLE, units - least, Reason.WITHHELD))
    return found


def _open_at(pieces: Iterable[CapacitySpan], moment: datetime, *, free: bool) -> list[int]:
    return [
        piece.quantity
        for piece in pieces
        if moment in piece.span and (not free or piece.type is CapacityType.AVAILABLE)
    ]


def _joined(pieces: Sequence[CapacitySpan]) -> list[CapacitySpan]:
    free = [piece for piece in pieces if piece.type is CapacityType.AVAILABLE]
    rest = [piece for piece in pieces if piece.type is not CapacityType.AVAILABLE]
    return [*coalesce(free), *coalesce(rest)]
