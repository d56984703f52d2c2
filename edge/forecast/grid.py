"""Time as quarter hours of the plant's wall clock: the form in which a machine's days are kept."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from edge.forecast.signs import SLOTS
from gateway.span import Span

QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)

IDLE, BUSY, UNKNOWN = 0, 1, 2

Cells = NDArray[np.uint8]


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def full_quarter(moment: datetime) -> datetime:
    """The start of the quarter hour that holds `moment`, in UTC."""
    moment = moment.astimezone(UTC)
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)


def cells(busy: Sequence[Span], unknown: Sequence[Span], first: date, days: int, zone: ZoneInfo) -> Cells:
    """(days, 96) what the quarter hours of the wall clock were, from the local day `first` on.

    Busy is a quarter hour of which any part was; unknown wins. An hour that the clock shows twice is one row of cells
    for both; one that it leaves out stays idle.
    """
    found = np.full(days * SLOTS, IDLE, np.uint8)
    for spans, kind in ((busy, BUSY), (unknown, UNKNOWN)):
        for span in spans:
            for begin, end in _ranges(span, first, zone):
                found[max(0, begin) : max(0, end)] = kind
    return found.reshape(days, SLOTS)


def slot(moment: datetime, first: date, zone: ZoneInfo) -> float:
    """Quarter hours of the wall clock from the midnight that begins `first`."""
    local = moment.astimezone(zone).replace(tzinfo=None)
    return (local - datetime.combine(first, time())) / QUARTER


def offsets(start: datetime, count: int, zone: ZoneInfo) -> NDArray[np.int64]:
    """(count,) how many quarter hours the wall clock has gone on from `start` at each of the following ones of UTC."""
    steps = np.arange(count)
    shifts = np.zeros(count, np.int64)
    base = _ahead(start, zone)
    for begin in range(0, count, SLOTS):
        end = min(begin + SLOTS, count)
        if _ahead(start + QUARTER * begin, zone) == _ahead(start + QUARTER * end, zone):
            shifts[begin:end] = _ahead(start + QUARTER * begin, zone) - base
        else:
            shifts[begin:end] = [_ahead(start + QUARTER * step, zone) - base for step in range(begin, end)]
    found: NDArray[np.int64] = steps + shifts
    return found


def _ahead(moment: datetime, zone: ZoneInfo) -> int:
    offset = moment.astimezone(zone).utcoffset()
    return round((offset or timedelta()) / QUARTER)


def _ranges(span: Span, first: date, zone: ZoneInfo) -> list[tuple[int, int]]:
    """The cells from which to which the span reaches; where the clock changes inside it, day by day or finer."""
    begin, end = slot(span.start, first, zone), slot(span.end, first, zone)
    if _ahead(span.start, zone) == _ahead(span.end, zone):
        return [(int(np.floor(begin)), int(np.ceil(end)))]
    if span.duration <= QUARTER:
        begin = int(np.floor(begin))
        return [(begin, begin + 1)]
    half = full_quarter(span.start + span.duration / 2)
    half = half if half > span.start else half + QUARTER
    if half >= span.end:
        return [(int(np.floor(begin)), int(np.floor(begin)) + 1)]
    return _ranges(Span(span.start, half), first, zone) + _ranges(Span(half, span.end), first, zone)
