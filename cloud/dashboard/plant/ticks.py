"""Where the time axis is marked: on full hours and midnights of the plant's own zone, also across a clock change."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from cloud.dashboard.when import When
from gateway.span import Span

STEPS = ((timedelta(hours=18), 2), (timedelta(hours=60), 6), (timedelta(days=4), 12))
"""Up to such a window, one mark per so many hours; beyond, one per day."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of the axis. A midnight is `major` and says its date, the others their time of day."""

    at: datetime
    label: str
    major: bool


def ticks(window: Span, when: When) -> list[Tick]:
    """The marks within `window`, in order."""
    hours = next((step for limit, step in STEPS if window.duration <= limit), 24)
    return [
        Tick(at, _label(at, when, hours, major=major), major)
        for at, major in _moments(window, when, hours)
        if at in window
    ]


def _label(at: datetime, when: When, hours: int, *, major: bool) -> str:
    if not major:
        return when.clock(at)
    return when.day(at) if hours == 24 else when.date(at)


def _moments(window: Span, when: When, hours: int) -> list[tuple[datetime, bool]]:
    """Wall-clock marks of every day that the window touches, as instants. A time that a change skips moves with it."""
    day = window.start.astimezone(when.zone).date()
    last = window.end.astimezone(when.zone).date()
    found: dict[datetime, bool] = {}
    while day <= last:
        for hour in range(0, 24, hours):
            local = datetime.combine(day, time(hour), tzinfo=when.zone)
            found.setdefault(local.astimezone(UTC), hour == 0)
        day += timedelta(days=1)
    return sorted(found.items())
