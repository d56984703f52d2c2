"""The plant's working time: staffed hours and maintenance, from calendars inherited site, line, machine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from edge.ics import Event, IcsFile, Occurrence
from edge.week import DAYS, Ics, Once, WeekCalendar, Weekly, levels, weekdays
from gateway.span import Span, difference, union

__all__ = ["Calendar", "Shift", "WeekCalendar", "WorkingTime", "at", "days", "unstaffed", "weekdays"]

_DAY = timedelta(days=1)

KEPT = 8
"""Stretches of days for which a calendar keeps what it worked out."""

AUTO = {"X_BREAK": "breaks", "X_MAINTENANCE": "maintenance"}
"""Extension variables by which IDTA 02067 marks an event's kind."""

CATEGORIES = {
    "BREAK": "breaks",
    "MAINTENANCE": "maintenance",
    "HOLIDAY": "closures",
    "HOLIDAYS": "closures",
    "CLOSED": "closures",
    "CLOSURE": "closures",
}


class WorkingTime(Protocol):
    """Any calendar."""

    def staffed(self, within: Span) -> list[Span]:
        """The working time inside `within`, sorted and disjoint."""
        ...

    def maintenance(self, within: Span) -> list[Span]:
        """The planned maintenance inside `within`, sorted and disjoint."""
        ...

    def why(self, moment: datetime) -> str:
        """What the calendar says of an instant, for a person."""
        ...

    def resting(self, within: Span) -> frozenset[date]:
        """The plant's own days on which nobody begins a shift that the week would have: holidays and closures."""
        ...


@dataclass(frozen=True, slots=True)
class Shift:
    """A stretch of working time, and the plant's own day on which it begins."""

    span: Span
    day: date
    name: str


@dataclass(frozen=True, slots=True)
class _Entry:
    """Something that takes working time away or adds some, and why."""

    span: Span
    name: str


def at(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """The instant at which a wall clock in `zone` shows that minute of that day (of the first, where it does twice)."""
    local = datetime.combine(day, time(), zone) + timedelta(minutes=minutes)
    return local.astimezone(UTC)


def days(within: Span, zone: ZoneInfo) -> list[date]:
    """The plant's own calendar days that `within` touches, and the day before, whose night shift may reach in."""
    first = within.start.astimezone(zone).date() - _DAY
    return [first + _DAY * step for step in range((within.end.astimezone(zone).date() - first).days + 1)]


class Calendar:
    """The calendars of a machine in a zone, the site's first. Shifts follow the wall clock: a night shift lasts an hour
    less in spring. `files`: the RFC 5545 calendars that they name.

    Working time is that of the lowest level that has shifts; going down, each level takes its closures away (a shift is
    closed by the day on which it begins) and adds what it opens; then breaks are taken out.
    """

    def __init__(
        self, week: WeekCalendar, zone: ZoneInfo, *below: WeekCalendar, files: Mapping[Ics, IcsFile] | None = None
    ) -> None:
        self.levels = levels([week, *below])
        self.zone = zone
        self.files = files or {}
        self._worked_out: dict[Span, tuple[list[Span], list[Span]]] = {}

    def staffed(self, within: Span) -> list[Span]:
        return _clip(self._around(within)[0], within)

    def maintenance(self, within: Span) -> list[Span]:
        return _clip(self._around(within)[1], within)

    def _around(self, within: Span) -> tuple[list[Span], list[Span]]:
        """Staffed time and maintenance over whole days around `within`, worked out once."""
        start = within.start.replace(hour=0, minute=0, second=0, microsecond=0)
        wide = Span(start, within.end.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY)
        if wide not in self._worked_out:
            while len(self._worked_out) >= KEPT:
                del self._worked_out[next(iter(self._worked_out))]
            breaks = [entry.span for entry in self._breaks(wide)]
            upkeep = union(entry.span for entry in self._maintenance(wide))
            self._worked_out[wide] = (difference(self._kept(wide), breaks), upkeep)
        return self._worked_out[wide]

    def why(self, moment: datetime) -> str:
        around = Span(moment, moment + timedelta(microseconds=1))
        repair = next((entry.name for entry in self._maintenance(around) if moment in entry.span), None)
        if repair:
            return repair
        pause = next((entry.name for entry in self._breaks(around) if moment in entry.span), None)
        shifts = [shift for shift in self._shifts(around) if moment in shift.span]
        if any(moment in span for span in self._kept(around)):
            return pause or (shifts[0].name if shifts else "opened")
        closures = [name for level in self.levels for name in self._closing(level, shifts, around)]
        return closures[-1] if closures else "no shift"

    def resting(self, within: Span) -> frozenset[date]:
        return frozenset(
            day
            for level in self.levels
            for shut in [self._shut_days(level, within)]
            for day in days(within, self.zone)
            if self._shut(level, shut, day)
        )

    def _kept(self, within: Span) -> list[Span]:
        """Working time before breaks."""
        shifts = self._shifts(within)
        opened: list[Span] = []
        for level in self.levels:
            shut = self._shut_days(level, within)
            shifts = [shift for shift in shifts if self._shut(level, shut, shift.day) is None]
            gone = [entry.span for entry in self._closures(level, within)]
            shifts = [Shift(rest, shift.day, shift.name) for shift in shifts for rest in difference([shift.span], gone)]
            opened = difference(opened, gone)
            opened = union([*opened, *(self._once(entry).span for entry in level.open)])
        return union([*(shift.span for shift in shifts), *opened])

    def _closing(self, level: WeekCalendar, shifts: Sequence[Shift], within: Span) -> list[str]:
        shut = self._shut_days(level, within)
        days_off = [reason for shift in shifts if (reason := self._shut(level, shut, shift.day))]
        return [*days_off, *(entry.name for entry in self._closures(level, within) if entry.span.overlaps(within))]

    def _shifts(self, within: Span) -> list[Shift]:
        """The shifts of the lowest level that has any; around the clock if none has."""
        for level in reversed(self.levels):
            files = [source for source in level.ics if self._has_shifts(source)]
            if level.week is None and not files:
                continue
            found = [
                Shift(each.span, each.span.start.astimezone(self.zone).date(), _named("shift", each))
                for source in files
                for each in self._events(source, within, "shifts")
            ]
            return [*self._weekly(level.week or {}, within), *found]
        return self._weekly({"mon-sun": ((0, 1440),)}, within)

    def _has_shifts(self, source: Ics) -> bool:
        """Whether a calendar file says when people work, whenever that is."""
        file = self.files.get(source)
        if source.kind != "auto" or file is None:
            return source.kind == "shifts"
        return any(kind_of(event) == "shifts" for event in file.events if _wanted(source, event))

    def _weekly(self, week: Mapping[str, Sequence[tuple[int, int]]], within: Span) -> list[Shift]:
        by_day: list[list[tuple[int, int]]] = [[] for _ in DAYS]
        for name, shifts in week.items():
            for day in weekdays(name):
                by_day[day] += shifts
        found = [
            (day, shift, self._span(day, shift)) for day in days(within, self.zone) for shift in by_day[day.weekday()]
        ]
        return [Shift(span, day, f"shift {_clock(shift)}") for day, shift, span in found if span]

    def _breaks(self, within: Span) -> list[_Entry]:
        """Those of the lowest level that speaks of breaks, and of every calendar file."""
        found = [
            _Entry(each.span, _named("break", each))
            for level in self.levels
            for source in level.ics
            for each in self._events(source, within, "breaks")
        ]
        said = [level.breaks for level in self.levels if level.breaks is not None]
        return found + (self._windows("break", said[-1], within) if said else [])

    def _maintenance(self, within: Span) -> list[_Entry]:
        found: list[_Entry] = []
        for level in self.levels:
            found += self._windows("maintenance", level.maintenance, within)
            for source in level.ics:
                found += [
                    _Entry(each.span, _named("maintenance", each))
                    for each in self._events(source, within, "maintenance")
                ]
        return found

    def _shut(self, level: WeekCalendar, shut: Mapping[date, str], day: date) -> str | None:
        """Why nobody begins a shift on that day."""
        return level.closed_on(day) or shut.get(day)

    def _shut_days(self, level: WeekCalendar, within: Span) -> dict[date, str]:
        """The whole days that a calendar file closes."""
        found: dict[date, str] = {}
        for source in level.ics:
            for each in self._events(source, within, "closures"):
                if each.whole_days:
                    closed = days(each.span, self.zone)[1:]
                    found |= {day: _named("closed", each) for day in closed if at(day, 0, self.zone) < each.span.end}
        return found

    def _closures(self, level: WeekCalendar, within: Span) -> list[_Entry]:
        found = [_Entry(self._once(entry).span, "closed") for entry in level.closed if isinstance(entry, Once)]
        for source in level.ics:
            found += [
                _Entry(each.span, _named("closed", each))
                for each in self._events(source, within, "closures")
                if not each.whole_days
            ]
        return found

    def _events(self, source: Ics, within: Span, kind: str) -> list[Occurrence]:
        """What a calendar file has of one kind. A night's shift may reach in, so a day more is looked at."""
        file = self.files.get(source)
        if file is None or source.kind not in {"auto", kind}:
            return []
        found = [each for each in file.within(Span(within.start - _DAY, within.end)) if _wanted(source, each.event)]
        return [each for each in found if source.kind == kind or kind_of(each.event) == kind]

    def _windows(self, name: str, entries: Sequence[Weekly | Once], within: Span) -> list[_Entry]:
        found: list[_Entry] = []
        for entry in entries:
            if isinstance(entry, Once):
                found.append(_Entry(self._once(entry).span, name))
                continue
            chosen = weekdays(entry.day)
            spans = [self._span(day, entry.time) for day in days(within, self.zone) if day.weekday() in chosen]
            found += [_Entry(span, f"{name} {_clock(entry.time)}") for span in spans if span]
        return found

    def _span(self, day: date, shift: tuple[int, int]) -> Span | None:
        return Span.between(at(day, shift[0], self.zone), at(day, shift[1], self.zone))

    def _once(self, entry: Once) -> _Entry:
        return _Entry(Span(self._instant(entry.start), self._instant(entry.end)), "")

    def _instant(self, moment: datetime) -> datetime:
        return moment if moment.tzinfo else moment.replace(tzinfo=self.zone)


def kind_of(event: Event) -> str:
    """What an event of a calendar without a declared kind is: by IDTA 02067's variables, else by its categories."""
    for name, kind in AUTO.items():
        if event.has(name):
            return kind
    marked = next((CATEGORIES[each] for each in sorted(event.categories) if each in CATEGORIES), None)
    if marked:
        return marked
    return "closures" if event.denies("X_PRODUCTION_DAY") else "shifts"


def _wanted(source: Ics, event: Event) -> bool:
    return source.category is None or source.category.upper() in event.categories


def unstaffed(calendar: WorkingTime, within: Span) -> list[Span]:
    """The dark hours of `within`."""
    return difference([within], calendar.staffed(within))


def _named(kind: str, event: Occurrence) -> str:
    summary = event.event.text.get("SUMMARY", "")
    return f"{kind} {summary[:60]!r}" if summary else kind


def _clock(shift: tuple[int, int]) -> str:
    return "-".join(f"{minutes // 60 % 24 if minutes != 1440 else 24:02}:{minutes % 60:02}" for minutes in shift)


def _clip(found: Sequence[Span], within: Span) -> list[Span]:
    """The part of sorted, disjoint spans that lies in `within`."""
    clipped = [span if within.covers(span) else span.intersection(within) for span in found]
    return [span for span in clipped if span]
