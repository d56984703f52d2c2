"""What the plant keeps back: the last staffed hours of each day, and pieces too short to be worth a set-up."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from edge.layers import join
from edge.shifts import WorkingTime, at, days
from gateway.capacity import CapacitySpan, CapacityType, Reason
from gateway.span import Span, union

_NONE = timedelta()
TOO_SHORT = "too short to sell"


@dataclass(frozen=True, slots=True)
class Reserve:
    """What stays in the plant of each of its days: so many staffed hours, or a share of them, whichever is more."""

    per_day: timedelta = _NONE
    share: float = 0.0

    def of(self, staffed: timedelta) -> timedelta:
        return max(self.per_day, staffed * self.share)


def reserved(reserve: Reserve, calendar: WorkingTime, zone: ZoneInfo, within: Span) -> list[Span]:
    """The last staffed hours of each of the plant's days, as far as the reserve goes.

    They hang on the calendar alone: an order that comes in uses the reserve up and pushes it into no sold hour.
    """
    if reserve == Reserve():
        return []
    midnights = [at(day, 0, zone) for day in days(within, zone)]
    whole = Span(min(midnights[0], within.start), at(within.end.astimezone(zone).date(), 1440, zone))
    by_day = _by_day(calendar.staffed(whole), midnights)
    return [span for spans in by_day.values() for span in _last(spans, reserve.of(sum(_lengths(spans), _NONE)))]


def without_short(pieces: Sequence[CapacitySpan], shortest: timedelta, within: Span) -> list[CapacitySpan]:
    """Free runs too short to be worth a set-up become reserve.

    A run that has begun already is never taken back (somebody may use it), and one at the horizon's end will grow.
    """
    runs = union(piece.span for piece in pieces if piece.type is CapacityType.AVAILABLE)
    short = {run.start for run in runs if run.duration < shortest and run.end < within.end and run.start > within.start}
    if not short:
        return list(pieces)
    starts = [run.start for run in runs]
    return join(_shorten(piece) if _run(piece, starts) in short else piece for piece in pieces)


def _by_day(spans: Iterable[Span], midnights: Sequence[datetime]) -> dict[int, list[Span]]:
    """The spans cut at the midnights, by the number of the day."""
    found: dict[int, list[Span]] = defaultdict(list)
    for span in spans:
        start, day = span.start, bisect_right(midnights, span.start)
        while day < len(midnights) and midnights[day] < span.end:
            found[day].append(Span(start, midnights[day]))
            start, day = midnights[day], day + 1
        found[day].append(Span(start, span.end))
    return found


def _lengths(spans: Iterable[Span]) -> list[timedelta]:
    return [span.duration for span in spans]


def _last(spans: Sequence[Span], length: timedelta) -> list[Span]:
    """The last `length` of the spans' time."""
    found: list[Span] = []
    for span in reversed(spans):
        if length <= _NONE:
            break
        part = min(length, span.duration)
        found.append(Span(span.end - part, span.end))
        length -= part
    return found[::-1]


def _run(piece: CapacitySpan, starts: Sequence[datetime]) -> datetime | None:
    if piece.type is not CapacityType.AVAILABLE:
        return None
    return starts[bisect_right(starts, piece.span.start) - 1]


def _shorten(piece: CapacitySpan) -> CapacitySpan:
    return CapacitySpan(piece.span, CapacityType.UNATTAINABLE, piece.quantity, Reason.RESERVE, detail=TOO_SHORT)
