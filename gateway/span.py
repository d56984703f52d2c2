"""Half-open spans of UTC time, and their algebra."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


def utc(moment: datetime) -> datetime:
    """The same instant in UTC. Raises ValueError for a naive one, whose instant nobody knows, and past the calendar."""
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        msg = f"{moment.isoformat()} has no time zone; give an offset, for example {moment.isoformat()}Z"
        raise ValueError(msg)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        msg = f"{moment.isoformat()} is out of range in UTC"
        raise ValueError(msg) from error


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """[start, end) in UTC. Never empty, never naive: both raise ValueError."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is not UTC or self.end.tzinfo is not UTC:
            object.__setattr__(self, "start", utc(self.start))
            object.__setattr__(self, "end", utc(self.end))
        if self.start >= self.end:
            msg = f"a span must end after it starts: {self.start.isoformat()} to {self.end.isoformat()}"
            raise ValueError(msg)

    @classmethod
    def between(cls, start: datetime, end: datetime) -> "Span | None":
        """The span from start to end, or None where that would be empty."""
        return cls(start, end) if utc(start) < utc(end) else None

    @property
    def duration(self) -> timedelta:
        return self.end - self.start

    @property
    def hours(self) -> float:
        return self.duration / timedelta(hours=1)

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    def covers(self, other: "Span") -> bool:
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: "Span") -> bool:
        return self.start < other.end and other.start < self.end

    def intersection(self, other: "Span") -> "Span | None":
        start = self.start if self.start > other.start else other.start
        end = self.end if self.end < other.end else other.end
        return Span(start, end) if start < end else None

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%dT%H:%M:%SZ}/{self.end:%Y-%m-%dT%H:%M:%SZ}"


def union(spans: Iterable[Span]) -> list[Span]:
    """The same time as `spans`, as sorted, disjoint spans that do not touch."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start <= merged[-1].end:
            if span.end > merged[-1].end:
                merged[-1] = Span(merged[-1].start, span.end)
        else:
            merged.append(span)
    return merged


def intersection(left: Iterable[Span], right: Iterable[Span]) -> list[Span]:
    """The time that is in both, sorted and disjoint. Linear in the sorted inputs."""
    ours, theirs = union(left), union(right)
    found: list[Span] = []
    i = j = 0
    while i < len(ours) and j < len(theirs):
        common = ours[i].intersection(theirs[j])
        if common:
            found.append(common)
        if ours[i].end <= theirs[j].end:
            i += 1
        else:
            j += 1
    return found


def difference(left: Iterable[Span], right: Iterable[Span]) -> list[Span]:
    """The time that is in `left` and not in `right`, sorted and disjoint."""
    taken = union(right)
    pieces: list[Span] = []
    first = 0
    for span in union(left):
        start = span.start
        while first < len(taken) and taken[first].end <= span.start:
            first += 1
        for hole in taken[first:]:
            if hole.start >= span.end:
                break
            piece = Span.between(start, hole.start)
            if piece:
                pieces.append(piece)
            start = max(start, hole.end)
        rest = Span.between(start, span.end)
        if rest:
            pieces.append(rest)
    return pieces


def total(spans: Iterable[Span]) -> timedelta:
    """How long the union of the spans is."""
    return sum((span.duration for span in union(spans)), timedelta())
