"""The plant's working time: staffed hours and maintenance windows, from a weekly calendar in the plant's own zone."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal, Protocol, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from gateway.span import Span, difference, union

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = timedelta(days=1)


class WorkingTime(Protocol):
    """Any calendar: the weekly one below, or one from a standard file later."""

    def staffed(self, within: Span) -> list[Span]:
        """The working time inside `within`, sorted and disjoint."""
        ...

    def maintenance(self, within: Span) -> list[Span]:
        """The planned maintenance inside `within`, sorted and disjoint."""
        ...


def _minutes(text: str) -> int:
    hour, colon, minute = text.strip().partition(":")
    if not (
        colon and hour.isdigit() and minute.isdigit() and int(minute) < 60 and int(hour) * 60 + int(minute) <= 1440
    ):
        msg = f"{text!r} is not a time of day; write HH:MM, at most 24:00"
        raise ValueError(msg)
    return int(hour) * 60 + int(minute)


def hours(value: object) -> tuple[int, int]:
    """`22:00-06:00` as minutes from the day's midnight; an end at or before the start is on the following day."""
    if isinstance(value, list | tuple):
        return int(value[0]), int(value[1])
    start, dash, end = str(value).partition("-")
    if not dash:
        msg = f"{value!r} is not a shift; write it as `06:00-14:00`"
        raise ValueError(msg)
    begin, finish = _minutes(start), _minutes(end)
    return begin, finish if finish > begin else finish + 1440


Hours = Annotated[tuple[int, int], BeforeValidator(hours)]


def weekdays(text: str) -> tuple[int, ...]:
    """`mon-fri`, `sat` or `sat, sun` as numbers, Monday 0. Raises ValueError."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().lower().partition("-")
        try:
            start, end = DAYS.index(first), DAYS.index(last if dash else first)
        except ValueError:
            msg = f"{text!r} is not a weekday or a range of them; write for example `mon-fri` or `sat, sun`"
            raise ValueError(msg) from None
        found += [(start + step) % 7 for step in range((end - start) % 7 + 1)]
    return tuple(found)


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Days(_Data):
    """The days from `first` to `last`, both included."""

    first: date = Field(alias="from")
    last: date = Field(alias="to")


class Weekly(_Data):
    """A maintenance window that comes every week."""

    day: str
    time: Hours

    @model_validator(mode="after")
    def _known(self) -> Self:
        weekdays(self.day)
        return self


class Once(_Data):
    """A maintenance window that comes once; naive times are the plant's own."""

    start: datetime
    end: datetime


class WeekCalendar(_Data):
    """The working week, days on which nobody works, maintenance, and whether dark hours may be sold."""

    week: dict[str, tuple[Hours, ...]]
    closed: tuple[date | Days, ...] = ()
    maintenance: tuple[Weekly | Once, ...] = ()
    off_shift: Literal["sellable", "closed"] = "closed"

    @model_validator(mode="after")
    def _known(self) -> Self:
        for name in self.week:
            weekdays(name)
        return self

    def closed_on(self, day: date) -> bool:
        return any(
            entry.first <= day <= entry.last if isinstance(entry, Days) else entry == day for entry in self.closed
        )


def at(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """The instant at which a wall clock in `zone` shows that minute of that day (of the first, where it does twice)."""
    local = datetime.combine(day, time(), zone) + timedelta(minutes=minutes)
    return local.astimezone(UTC)


def days(within: Span, zone: ZoneInfo) -> list[date]:
    """The plant's own calendar days that `within` touches, and the day before, whose night shift may reach in."""
    first = within.start.astimezone(zone).date() - _DAY
    return [first + _DAY * step for step in range((within.end.astimezone(zone).date() - first).days + 1)]


class Calendar:
    """A weekly calendar in a zone. Shifts follow the wall clock: a night shift lasts an hour less in spring."""

    def __init__(self, week: WeekCalendar, zone: ZoneInfo) -> None:
        self.week = week
        self.zone = zone
        self._shifts: list[list[tuple[int, int]]] = [[] for _ in DAYS]
        for name, shifts in week.week.items():
            for day in weekdays(name):
                self._shifts[day] += shifts

    def staffed(self, within: Span) -> list[Span]:
        found = [
            self._span(day, shift)
            for day in days(within, self.zone)
            if not self.week.closed_on(day)
            for shift in self._shifts[day.weekday()]
        ]
        return _clip(found, within)

    def maintenance(self, within: Span) -> list[Span]:
        found: list[Span | None] = []
        for entry in self.week.maintenance:
            if isinstance(entry, Once):
                found.append(Span.between(self._instant(entry.start), self._instant(entry.end)))
            else:
                chosen = weekdays(entry.day)
                found += [self._span(day, entry.time) for day in days(within, self.zone) if day.weekday() in chosen]
        return _clip(found, within)

    def _span(self, day: date, shift: tuple[int, int]) -> Span | None:
        return Span.between(at(day, shift[0], self.zone), at(day, shift[1], self.zone))

    def _instant(self, moment: datetime) -> datetime:
        return moment if moment.tzinfo else moment.replace(tzinfo=self.zone)


def unstaffed(calendar: WorkingTime, within: Span) -> list[Span]:
    """The dark hours of `within`."""
    return difference([within], calendar.staffed(within))


def _clip(found: list[Span | None], within: Span) -> list[Span]:
    clipped = [span.intersection(within) for span in found if span]
    return union(span for span in clipped if span)
