"""Says moments and durations as people read them in a plant: in its own zone, as short as the day allows."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cloud.dashboard.words import Words
from gateway.span import Span

NEAR = timedelta(days=6)

DASH = "\N{EN DASH}"
"""Stands between two times, and for what there is none of."""


def zone_named(name: str) -> tzinfo:
    """The zone, or UTC where this system's tables do not have it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


@dataclass(frozen=True, slots=True)
class When:
    """Speaks of time as seen from `now`, in one zone and one language."""

    now: datetime
    zone: tzinfo
    words: Words

    def clock(self, moment: datetime) -> str:
        """`14:05`."""
        return f"{self._here(moment):%H:%M}"

    def date(self, moment: datetime) -> str:
        """`Tue 28 Feb`, with the year where it is not this one."""
        local = self._here(moment)
        key = "when.date" if local.year == self._here(self.now).year else "when.date_year"
        weekday = self.words.term("weekday", str(local.weekday()))
        month = self.words.term("month", str(local.month))
        return self.words(key, weekday=weekday, day=local.day, month=month, year=local.year)

    def day(self, moment: datetime) -> str:
        """`Tue 28`, for a narrow axis."""
        local = self._here(moment)
        return self.words("when.day", weekday=self.words.term("weekday", str(local.weekday())), day=local.day)

    def moment(self, moment: datetime) -> str:
        """As short as it stays clear: `14:05` today, `Mon 14:05` within six days, else the date too."""
        local, today = self._here(moment), self._here(self.now)
        if local.date() == today.date():
            return self.clock(moment)
        if abs(local - today) < NEAR:
            return f"{self.words.term('weekday', str(local.weekday()))} {self.clock(moment)}"
        return f"{self.date(moment)} {self.clock(moment)}"

    def span(self, span: Span) -> str:
        """Like Mon 22:00 to 06:00, with a dash: the end says its day only where it differs by more than the night."""
        start, end = self._here(span.start), self._here(span.end)
        overnight = (end.date() - start.date()) <= timedelta(days=1) and span.duration < timedelta(hours=24)
        until = self.clock(span.end) if overnight else self.moment(span.end)
        return f"{self.moment(span.start)} {DASH} {until}"

    def long(self, duration: timedelta) -> str:
        """`40 s`, `12 min`, `2 h 05 min`, `3 d 4 h`."""
        seconds = max(0, int(duration.total_seconds()))
        if seconds < 60:
            return self.words("when.seconds", s=seconds)
        minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
        if hours == 0:
            return self.words("when.minutes", m=minutes)
        if days == 0:
            return self.words("when.hours", h=hours, m=minutes % 60)
        return self.words("when.days", d=days, h=hours % 24)

    def _here(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)
