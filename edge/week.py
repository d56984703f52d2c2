"""How people write down working time: shifts by weekday, breaks, closures, holidays, overtime and maintenance."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Literal, Self

from dateutil.easter import easter
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from edge.copied import Copied
from edge.duration import Duration

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_YEARLY = re.compile(r"(?:easter\s*(?P<after>[+-]\s*\d{1,3})?|(?P<month>\d{2})-(?P<day>\d{2}))")


def _minutes(text: str) -> int:
    hour, colon, minute = text.strip().partition(":")
    if not (
        colon and hour.isdigit() and minute.isdigit() and int(minute) < 60 and int(hour) * 60 + int(minute) <= 1440
    ):
        msg = f"{text!r} is not a time of day; write HH:MM, at most 24:00"
        raise ValueError(msg)
    return int(hour) * 60 + int(minute)


def hours(value: object) -> tuple[int, int]:
    """`22:00-06:00` as minutes from the day's midnight; an end before the start is on the following day."""
    if isinstance(value, list | tuple):
        return int(value[0]), int(value[1])
    start, dash, end = str(value).partition("-")
    if not dash:
        msg = f"{value!r} is not a shift; write it as `06:00-14:00`"
        raise ValueError(msg)
    begin, finish = _minutes(start), _minutes(end)
    if begin == finish:
        msg = f"{value!r} has no length; write `00:00-24:00` for a whole day, or remove it"
        raise ValueError(msg)
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


def _yearly(text: str) -> str:
    match = _YEARLY.fullmatch(text.strip().lower())
    if match is None or (match["month"] and _fixed(2024, match) is None):
        msg = f"{text!r} is not a day of every year; write `12-25`, `easter` or `easter+1`"
        raise ValueError(msg)
    return match[0].replace(" ", "")


Yearly = Annotated[str, AfterValidator(_yearly)]
"""A day of every year: month-day, or so many days after (before) Easter Sunday."""


def falls_on(text: str, year: int) -> date | None:
    """The day on which a Yearly falls in `year`; None for 02-29 where there is none."""
    match = _YEARLY.fullmatch(text)
    if match is None:
        return None
    if match["month"]:
        return _fixed(year, match)
    sunday: date = easter(year)
    return sunday + timedelta(days=int((match["after"] or "0").replace(" ", "")))


def _fixed(year: int, match: "re.Match[str]") -> date | None:
    try:
        return date(year, int(match["month"]), int(match["day"]))
    except ValueError:
        return None


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Days(_Data):
    """The days from `first` to `last`, both included."""

    first: date = Field(alias="from")
    last: date = Field(alias="to")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.last < self.first:
            msg = f"ends before it starts: {self.first} to {self.last}; exchange the two"
            raise ValueError(msg)
        return self


class Weekly(_Data):
    """A break or a maintenance window that comes every week."""

    day: str
    time: Hours

    @model_validator(mode="after")
    def _known(self) -> Self:
        weekdays(self.day)
        return self


class Once(_Data):
    """A stretch of time that comes once; naive times are the plant's own."""

    start: datetime
    end: datetime

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if (self.start.tzinfo is None) != (self.end.tzinfo is None):
            msg = "write both times with an offset, or neither"
            raise ValueError(msg)
        if self.end <= self.start:
            msg = f"must end after it starts: {self.start.isoformat()} to {self.end.isoformat()}"
            raise ValueError(msg)
        return self


Kind = Literal["auto", "shifts", "breaks", "closures", "maintenance"]


class Ics(Copied):
    """An RFC 5545 calendar. `kind` says what its events are; `auto` asks each event (see edge/ics.py).

    `category`: only events of this category count, so that one calendar can be used for several kinds.
    """

    kind: Kind = Field("auto", alias="as")
    category: str | None = None
    fresh: Duration = timedelta(days=2)
    stale: Duration = timedelta(days=30)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        self.check_place()
        self.check_ages()
        return self


class WeekCalendar(_Data):
    """Working time of a site, a line or a machine; what it leaves out is inherited from above (IDTA 02067).

    `week`, `breaks` and `off_shift` replace what is inherited; `closed`, `holidays`, `open`, `maintenance`, `ics` add
    to it (an `ics` of shifts replaces inherited shifts). `open` works through closures of above. Without any shifts at
    all the machine works around the clock. `inherit: false` takes nothing from above.
    """

    week: dict[str, tuple[Hours, ...]] | None = None
    breaks: tuple[Weekly | Once, ...] | None = None
    closed: tuple[date | Days | Once, ...] = ()
    holidays: tuple[Yearly, ...] = ()
    open: tuple[Once, ...] = ()
    maintenance: tuple[Weekly | Once, ...] = ()
    ics: tuple[Ics, ...] = ()
    off_shift: Literal["sellable", "closed"] | None = None
    inherit: bool = True

    @model_validator(mode="after")
    def _known(self) -> Self:
        for name in self.week or ():
            weekdays(name)
        return self

    def closed_on(self, day: date) -> str | None:
        """Why nobody begins a shift on that day, if nobody does."""
        for entry in self.closed:
            if (isinstance(entry, Days) and entry.first <= day <= entry.last) or entry == day:
                return "closed"
        return next((f"holiday {text}" for text in self.holidays if falls_on(text, day.year) == day), None)


def levels(calendars: Sequence[WeekCalendar]) -> list[WeekCalendar]:
    """Those that count, from the site down: all from the last one on that inherits nothing."""
    first = max((number for number, each in enumerate(calendars) if not each.inherit), default=0)
    return list(calendars[first:])


def off_shift(calendars: Sequence[WeekCalendar]) -> bool:
    """Whether dark hours may be sold: what the lowest level that speaks of it says."""
    said = [each.off_shift for each in levels(calendars) if each.off_shift]
    return bool(said) and said[-1] == "sellable"
