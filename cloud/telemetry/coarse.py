"""Makes few pieces of many states: each says for how long the machine was what, and is drawn as what was longest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

from cloud.telemetry.model import MICRO, micros, moment
from cloud.telemetry.steps import step_for
from gateway.machine import PLANT
from gateway.span import Span

HOUR = 3600
FOLDED = 12_000
"""So many changes are read one by one and folded here; of more, the rollups tell."""

MINUTES = timedelta(days=10)
"""The longest window whose minutes are added up."""


@dataclass(frozen=True, slots=True)
class Share:
    """In the bucket that begins at `start` the machine was for `seconds` in this state, which it entered so often."""

    start: datetime
    state: str
    mode: str
    booked: bool
    seconds: float
    entered: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """From `start` to `end` the machine was in this state."""

    start: datetime
    end: datetime
    state: str
    mode: str
    origin: str


@dataclass(frozen=True, slots=True)
class Piece:
    """What is drawn as one: the state that lasted longest, among `changes` of them, with the seconds in each."""

    span: Span
    state: str
    mode: str
    booked: bool
    changes: int
    shares: dict[str, float] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Nothing but this state was in it."""
        return len(self.shares) == 1 and self.changes <= 1


@dataclass(frozen=True, slots=True)
class Plan:
    """How to tell a window: in buckets of `step`, of rollups of that `width`, or of the changes where that is None."""

    step: timedelta
    width: str | None


def plan(window: Span, pieces: int, changes: int, minutes_since: datetime) -> Plan:
    """The way that reads least; minutes are kept since `minutes_since`."""
    step = step_for(window.duration, pieces)
    if changes <= FOLDED:
        return Plan(timedelta(seconds=step), None)
    if step < HOUR and window.start >= minutes_since and window.duration <= MINUTES:
        return Plan(timedelta(seconds=max(step, 60)), "minute")
    return Plan(timedelta(seconds=max(step, HOUR)), "hour")


def folded(changes: Iterable[Change], window: Span, step: timedelta) -> list[Share]:
    """The changes' shares of the buckets in the window."""
    found: dict[tuple[int, str, str, bool], list[int]] = {}
    width, first, last = step // MICRO, micros(window.start), micros(window.end)
    for change in changes:
        begun, end = micros(change.start), min(micros(change.end), last)
        at, entered = max(begun, first), int(begun >= first)
        while at < end:
            bucket = at - at % width
            until = min(end, bucket + width)
            told = found.setdefault((bucket, change.state, change.mode, change.origin != PLANT), [0, 0])
            told[0] += until - at
            told[1] += entered
            at, entered = until, 0
    return [
        Share(moment(bucket), state, mode, booked, spent / 1e6, entered)
        for (bucket, state, mode, booked), (spent, entered) in sorted(found.items(), key=lambda each: each[0][0])
    ]


def pieces(shares: Iterable[Share], window: Span, step: timedelta) -> tuple[Piece, ...]:
    """A piece a bucket, cut to the window; neighbours in which nothing else was are one. `shares` in order of time."""
    found: list[Piece] = []
    for start, several in groupby(shares, key=lambda share: share.start):
        span = Span.between(max(start, window.start), min(start + step, window.end))
        if span is None:
            continue
        piece = _piece(span, list(several))
        if found and _alike(found[-1], piece):
            piece = _joined(found.pop(), piece)
        found.append(piece)
    return tuple(found)


def _piece(span: Span, shares: Sequence[Share]) -> Piece:
    longest = max(shares, key=lambda share: share.seconds)
    seconds: dict[str, float] = {}
    for share in shares:
        seconds[share.state] = seconds.get(share.state, 0.0) + share.seconds
    changes = max(1, sum(share.entered for share in shares))
    return Piece(span, longest.state, longest.mode, longest.booked, changes if len(shares) > 1 else 1, seconds)


def _alike(one: Piece, other: Piece) -> bool:
    same = (one.state, one.mode, one.booked) == (other.state, other.mode, other.booked)
    return same and one.whole and other.whole and one.span.end == other.span.start


def _joined(one: Piece, other: Piece) -> Piece:
    seconds = {state: one.shares[state] + other.shares[state] for state in one.shares}
    return Piece(Span(one.span.start, other.span.end), one.state, one.mode, one.booked, 1, seconds)


def merged(gaps: Sequence[tuple[datetime, datetime, str]], step: timedelta) -> list[tuple[datetime, datetime, str]]:
    """Gaps (start, end, reason; in order of time) that lie closer than `step` to one another as one."""
    found: list[tuple[datetime, datetime, str]] = []
    for start, end, reason in gaps:
        if found and start - found[-1][1] < step:
            before = found.pop()
            found.append((before[0], max(before[1], end), before[2]))
        else:
            found.append((start, end, reason))
    return found
