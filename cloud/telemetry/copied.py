"""Writes columns of samples in PostgreSQL's binary COPY format, a third of the work that a general encoder has.

Layout: PostgreSQL 15 manual, COPY, "Binary Format"; a timestamptz is int64 µs since 2000-01-01.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping
from itertools import repeat

from cloud.telemetry.model import Series, Value

COLUMNS = ("series_id", "at", "quality", "value", "text_value")
HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TAIL = b"\xff\xff"
_FROM_2000 = 946_684_800_000_000
_WEEK = 7 * 86_400_000_000
_MONDAY = 4 * 86_400_000_000
"""The first Monday of UNIX time, in µs."""

_number = struct.Struct(">hiiiqihidi").pack
_none = struct.Struct(">hiiiqihii").pack
_text = struct.Struct(">hiiiqihii").pack


def week(at: int) -> int:
    """The Monday 00:00 UTC before it; UNIX times in µs."""
    return at - (at - _MONDAY) % _WEEK


def rows(number: int, series: Series) -> Iterator[bytes]:
    """The series' rows, under its number."""
    for at, value, quality in zip(series.at, series.values, series.qualities or repeat(0), strict=False):
        yield _row(number, at - _FROM_2000, value, quality)


def _row(number: int, at: int, value: Value, quality: int) -> bytes:
    if value.__class__ is float:
        return _number(5, 4, number, 8, at, 2, quality, 8, value, -1)
    if value is None:
        return _none(5, 4, number, 8, at, 2, quality, -1, -1)
    text = str(value).encode()
    return _text(5, 4, number, 8, at, 2, quality, -1, len(text)) + text


def by_week(batch: Iterable[Series], numbers: Mapping[tuple[str, str], int]) -> dict[int, bytes]:
    """The Monday of each week (UNIX time in µs), and the COPY data of its rows."""
    found: dict[int, list[bytes]] = {}
    for series in batch:
        number = numbers[series.machine, series.signal]
        if (first := week(min(series.at))) == week(max(series.at)):
            found.setdefault(first, []).extend(rows(number, series))
            continue
        for at, row in zip(series.at, rows(number, series), strict=True):
            found.setdefault(week(at), []).append(row)
    return {monday: HEAD + b"".join(parts) + TAIL for monday, parts in found.items()}
