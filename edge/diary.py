"""What one machine did of late: which quarter hours it worked for its own plant, and which prove nothing."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from gateway.machine import PLANT, ItemState, OperationMode, Quality
from gateway.messages import GapNotice, Message, StateChange
from gateway.span import Span, union

QUARTER = timedelta(minutes=15)
KEPT = timedelta(days=3)
"""What is older was learnt long ago, or never will be."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Use(StrEnum):
    """What a state says of the plant's own need of the machine."""

    IDLE = "idle"
    BUSY = "busy"
    UNKNOWN = "unknown"


def use_of(change: StateChange) -> Use:
    """A sold hour is not busy, and proves no idleness; a machine that is broken or being set up is not idle either."""
    if change.quality is not Quality.GOOD or change.origin != PLANT:
        return Use.UNKNOWN
    busy = change.state in {ItemState.EXECUTING, ItemState.OUT_OF_SERVICE}
    return Use.BUSY if busy or change.mode in {OperationMode.SETUP, OperationMode.MAINTENANCE} else Use.IDLE


@dataclass(frozen=True, slots=True)
class Diary:
    """`use` holds since `since`; nothing is known from before `first` (None: nothing was written yet). `busy` and
    `unknown` are numbers of quarter hours; one is busy if any part of it was. `serves`: what it does, if for a booking.
    """

    first: datetime | None = None
    since: datetime | None = None
    use: Use = Use.UNKNOWN
    busy: frozenset[int] = frozenset()
    unknown: frozenset[int] = frozenset()
    serves: str | None = None

    def note(self, use: Use, at: datetime) -> "Diary":
        """From `at` on the machine is used so. What came before is settled; a stamp of the past moves nothing."""
        if self.since is not None and at < self.since:
            return replace(self, use=use)
        return replace(self.settled(at), first=self.first or at, since=at, use=use)

    def blank(self, start: datetime, end: datetime) -> "Diary":
        """Nobody saw the machine between these."""
        return replace(self, unknown=self.unknown | _quarters(start, end))

    def settled(self, now: datetime) -> "Diary":
        """With the quarter hours up to `now` written down, and old ones dropped."""
        if self.since is None or now <= self.since:
            return self
        mine = _quarters(self.since, now)
        busy = self.busy | mine if self.use is Use.BUSY else self.busy
        unknown = self.unknown | mine if self.use is Use.UNKNOWN else self.unknown
        oldest = _number(now - KEPT)
        return replace(
            self,
            since=now,
            busy=frozenset(each for each in busy if each >= oldest),
            unknown=frozenset(each for each in unknown if each >= oldest),
        )

    def spans(self, start: datetime, now: datetime) -> tuple[list[Span], list[Span]]:
        """(busy, unknown) from `start` to `now`."""
        whole = self.settled(now)
        before = Span.between(start, min(self.first or now, now))
        unknown = [*_spans(whole.unknown), *([before] if before else [])]
        return _within(_spans(whole.busy), start, now), _within(unknown, start, now)

    def dump(self) -> dict[str, Any]:
        """Times, and runs of quarter hours as [first, how many]."""
        return {
            "first": self.first,
            "since": self.since,
            "use": self.use,
            "busy": _runs(self.busy),
            "unknown": _runs(self.unknown),
            "serves": self.serves,
        }

    @classmethod
    def load(cls, data: dict[str, Any] | None) -> "Diary":
        """What `dump` gave, over JSON; an empty one for nothing."""
        if not data:
            return cls()
        first, since = (datetime.fromisoformat(data[name]) if data[name] else None for name in ("first", "since"))
        busy, unknown = (
            frozenset(start + step for start, count in data[name] for step in range(count))
            for name in ("busy", "unknown")
        )
        return cls(first, since, Use(data["use"]), busy, unknown, data.get("serves"))


def written(diary: Diary, told: Iterable[Message]) -> Diary:
    """The diary after these messages, which are told of one machine."""
    for message in told:
        match message:
            case StateChange():
                diary = _changed(diary, message)
            case GapNotice():
                diary = diary.blank(message.start, message.end)
    return diary


def _changed(diary: Diary, change: StateChange) -> Diary:
    """What a machine still does when a booking's time is over is the booking's, until it does something else."""
    does = f"{change.state}/{change.mode}"
    if change.origin != PLANT:
        return replace(diary.note(use_of(change), change.at), serves=does)
    if diary.serves == does:
        return diary.note(Use.UNKNOWN, change.at)
    return replace(diary.note(use_of(change), change.at), serves=None)


def _number(moment: datetime) -> int:
    return (moment - _EPOCH) // QUARTER


def _quarters(start: datetime, end: datetime) -> frozenset[int]:
    """Those that [start, end) touches; at most as many as are kept."""
    if end <= start:
        return frozenset()
    start = max(start, end - KEPT)
    return frozenset(range(_number(start), _number(end - timedelta(microseconds=1)) + 1))


def _spans(numbers: frozenset[int]) -> list[Span]:
    return union(Span(_EPOCH + QUARTER * each, _EPOCH + QUARTER * (each + 1)) for each in numbers)


def _within(spans: list[Span], start: datetime, end: datetime) -> list[Span]:
    clipped = (Span.between(max(span.start, start), min(span.end, end)) for span in spans)
    return union(span for span in clipped if span)


def _runs(numbers: frozenset[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for each in sorted(numbers):
        if found and found[-1][0] + found[-1][1] == each:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((each, 1))
    return found
