"""Each machine as one row at a glance, in codes and numbers that any language shares; times are UNIX seconds."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from cloud.dashboard.model import NOTHING_SEEN, Plant
from cloud.dashboard.plant.alarms import Alarm
from cloud.registry.model import Machine, States
from cloud.telemetry.wire import Bands, Performance
from gateway.span import Span

STATES = ("Executing", "NotExecuting", "OutOfService", "NotAvailable")
GAP = len(STATES)
"""The codes of a band's pieces."""

FINEST = 240
"""A day's band has at most so many pieces: it is drawn on about as many pixels."""


@dataclass(frozen=True, slots=True)
class Periods:
    """Today, and this week from Monday, on the plant's clock."""

    today: Span
    week: Span


def periods(now: datetime, zone: tzinfo) -> Periods:
    """Those that hold `now`; a day on which clocks change has its own length."""
    day = now.astimezone(zone).date()
    monday = day - timedelta(days=day.weekday())

    def midnight(day: date) -> datetime:
        return datetime.combine(day, time(0), tzinfo=zone)

    def span(first: date, days: int) -> Span:
        return Span(midnight(first).astimezone(UTC), midnight(first + timedelta(days=days)).astimezone(UTC))

    return Periods(span(day, 1), span(monday, 7))


@dataclass(frozen=True, slots=True)
class Figures:
    """What was worked out of a whole plant by rollups, by machine. `read`: when; `failed`: why it could not be."""

    today: Mapping[str, Performance]
    week: Mapping[str, Performance]
    bands: Mapping[str, Bands]
    read: datetime | None = None
    failed: str = ""


NOTHING = Figures({}, {}, {})


def row(machine: Machine, plant: Plant, figures: Figures, at: Periods, alarms: Iterable[Alarm]) -> dict[str, Any]:
    """The machine's row; a band is [start, end, code] one after the other, in one list."""
    site = next((site.name for site in plant.sites if site.id == machine.site_id), "")
    return {
        "id": machine.id,
        "name": named(machine),
        "site": site,
        "state": machine.state,
        "mode": machine.mode,
        "origin": machine.origin,
        "since": _s(machine.state_since),
        "heard": _s(machine.last_receipt_at),
        "fresh": machine.fresh,
        "alarms": sorted({alarm.kind for alarm in alarms}),
        "today": day_band(plant.states.get(machine.id, NOTHING_SEEN), at.today, plant.seen),
        "week": week_band(figures.bands.get(machine.id), at.week),
        "day_figures": _figures(figures.today.get(machine.id)),
        "week_figures": _figures(figures.week.get(machine.id)),
    }


def named(machine: Machine) -> str:
    """A name that can be seen and clicked, whatever the plant calls it."""
    return machine.name.strip() or machine.id


def day_band(states: States, today: Span, until: datetime) -> list[int]:
    """What it did today, with what is too short to see joined to what came before; gaps on top."""
    least = today.duration.total_seconds() / FINEST
    found: list[list[int]] = []
    for band in states.items:
        start, end = max(band.start, today.start), min(band.end or until, until, today.end)
        if start >= end:
            continue
        code = STATES.index(band.state)
        touching = found and found[-1][1] >= _s(start)
        if touching and (found[-1][2] == code or (end - start).total_seconds() < least):
            found[-1][1] = _s(end)
        elif touching and found[-1][1] - found[-1][0] < least:
            found[-1][1:] = [_s(end), code]
        else:
            found.append([_s(start), _s(end), code])
    for gap in states.gaps:
        start, end = max(gap.start, today.start), min(gap.end, today.end)
        if start < end:
            found.append([_s(start), _s(end), GAP])
    return [number for piece in found for number in piece]


def week_band(bands: Bands | None, week: Span) -> list[int]:
    """What it did for longest, hour by hour."""
    found: list[int] = []
    for band in bands.items if bands else ():
        start, end = max(band.start, week.start), min(band.end, week.end)
        if start < end:
            found += [_s(start), _s(end), STATES.index(band.state)]
    return found


def _figures(told: Performance | None) -> dict[str, Any] | None:
    if told is None or not told.days:
        return None
    ratios = ("utilisation", "availability", "effectiveness", "quality_ratio", "oee")
    known = {name: _round(getattr(told, name)) for name in ratios}
    times = {name: round(seconds) for name, seconds in told.times.model_dump().items()}
    return {**known, "times": times, "produced": told.produced, "good": told.good, "run_time": told.run_time}


def _round(ratio: float | None) -> float | None:
    return None if ratio is None else round(ratio, 4)


def alarm_row(alarm: Alarm) -> dict[str, Any]:
    """The alarm as the browser gets it."""
    return {**asdict(alarm), "since": _s(alarm.since), "until": _s(alarm.until)}


def _s(at: datetime | None) -> Any:
    return None if at is None else round(at.timestamp())
