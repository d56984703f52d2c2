"""How long the ledger of a month takes, and how few spans say it, for one machine and for two hundred."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from edge.backtest.log import Log
from edge.bands import PROMISE, QUARTER, Foretold, outlook, runs
from edge.condition import Habits
from edge.desk import Desk
from edge.forecast import Habit, company, forecast, fresh, learn
from edge.papers import Papers
from edge.plan import Margins, PlannedOrder
from edge.profile import find
from edge.publish import Terms
from edge.reserve import Reserve
from edge.shifts import Calendar, at
from edge.spare import Rules
from edge.tracker import Picture, Sight, Track
from edge.watch import Case, Watch
from edge.week import WeekCalendar
from gateway.bench import Row
from gateway.capacity import Confidence
from gateway.machine import PLANT, ItemState, OperationMode, Quality
from gateway.span import Span

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 9, 8, 13, 7, tzinfo=UTC)
MACHINES = 200
HORIZON = timedelta(days=28)
CALENDAR = {
    "week": {"mon-fri": ["06:00-14:00", "14:00-22:00"], "sat": ["06:00-12:00"]},
    "breaks": [{"day": "mon-sat", "time": "10:00-10:20"}, {"day": "mon-fri", "time": "18:00-18:30"}],
    "holidays": ["easter-2", "easter+1", "05-01"],
    "maintenance": [{"day": "sat", "time": "10:00-12:00"}],
    "off_shift": "sellable",
}


def habit() -> Habit:
    """Of a machine that works most days, and now and then at night."""
    found, chance = fresh(ZONE), np.random.default_rng(1)
    first = (NOW - timedelta(days=56)).replace(hour=5, minute=0, second=0, microsecond=0)
    for day in range(56):
        morning = first + timedelta(days=day)
        busy = (
            [Span(morning, morning + timedelta(hours=float(chance.integers(2, 16))))] if chance.random() < 0.7 else []
        )
        found = learn(found, morning.astimezone(ZONE).date(), busy)
    return found


def desk(number: int, known: Habit) -> Desk:
    """A machine with a plan for nine days, a forecast beyond it, and everything that a calendar may have."""
    rules = Rules(ZONE, reserve=Reserve(share=0.1), sell_off_shift=True, margins=Margins(QUARTER, QUARTER))
    calendar = Calendar(WeekCalendar.model_validate(CALENDAR), ZONE)
    orders = [
        PlannedOrder("M", Span(NOW + timedelta(hours=9 * each), NOW + timedelta(hours=9 * each + 4)), str(each))
        for each in range(24)
    ]
    picture = Picture(ItemState.NOT_EXECUTING, OperationMode.PROCESSING, Quality.GOOD, PLANT)
    name, reach = f"M{number}", timedelta(days=9)
    case = Case(name, find("opcua-machinery"), calendar, rules, Habits(), lead=reach, reach=reach, least=Confidence.LOW)
    chances = forecast(known, NOW, timedelta(days=28, hours=1))
    papers = Papers(orders, planned=True, outlook=outlook(chances))
    track = Track(name, Sight(NOW - timedelta(hours=1), picture, "source"))
    return Desk(case, Watch(track), Terms(), papers=papers)


def rows() -> list[Row]:
    """The rows of a benchmark: name, value, unit, reference, ratio, reach, ok. CPU time, the best of several runs."""
    known = habit()
    desks = [desk(number, known) for number in range(MACHINES)]
    one = _best(lambda: desks[0].capacity(NOW), 20)
    moments = iter(NOW + timedelta(minutes=minute) for minute in range(1, 100))
    said_again = _best(lambda: _refresh(desks, next(moments), force=True), 3)
    all_of_them = _best(lambda: _refresh(desks, next(moments)), 3)
    weighed = _best(lambda: outlook(forecast(known, NOW, timedelta(days=28))), 10)
    return [
        row("ledger of one machine, 28 days", 1e3 * one, "ms", 5.0),
        row(f"{MACHINES} machines refreshed", all_of_them, "s", 1.0),
        row(f"{MACHINES} machines refreshed, and each said as a whole", said_again, "s", None),
        row("forecast and bands of one machine, 28 days", 1e3 * weighed, "ms", None),
    ]


def row(name: str, value: float, unit: str, most: float | None) -> Row:
    """One line of a benchmark's table in which less is better."""
    ratio = None if most is None else round(value / most, 3)
    ok = None if most is None else value <= most
    return Row(name, round(value, 4), unit, most, ratio, most, ok)


def _refresh(desks: Sequence[Desk], now: datetime, *, force: bool = False) -> None:
    """Each machine's ledger anew, held against what was said, and a statement of what has to be said."""
    for each in desks:
        each.said, _ = each.next_statement(now, force=force)


def _best(work: Callable[[], object], times: int) -> float:
    """Seconds of CPU."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


@dataclass
class Tally:
    """Over all statements: spans before and after, and of each band the stretches of two hours, and those idle."""

    raw: list[int] = field(default_factory=list)
    told: list[int] = field(default_factory=list)
    kept: dict[Confidence, list[bool]] = field(default_factory=dict)
    raw_kept: dict[Confidence, list[bool]] = field(default_factory=dict)

    def add(self, chances: Foretold, busy: NDArray[np.bool_]) -> None:
        """One statement of 28 days; `busy` (n,) is what came of its quarter hours, as far as anybody knows."""
        floors = [band.floor for band in Confidence][1:]
        raw = runs(np.searchsorted(np.array(floors), chances.idle, side="right") + 1)
        told = [((band.span.end - band.span.start) // QUARTER, int(band.confidence)) for band in outlook(chances).bands]
        self.raw.append(len(raw))
        self.told.append(len(told))
        for found, parts in ((self.raw_kept, raw), (self.kept, told)):
            first = 0
            for length, number in parts:
                seen = busy[first : first + length]
                whole = [not seen[at : at + PROMISE].any() for at in range(0, len(seen) - PROMISE + 1, PROMISE)]
                found.setdefault(Confidence(number), []).extend(whole)
                first += length


def log_rows(log: Log, zone: ZoneInfo, issued: Sequence[int] = (56, 58, 60)) -> list[Row]:
    """How few spans say the forecasts of a real log, issued at those days' midnights, and how they keep their word."""
    tally = Tally()
    first = log.start.astimezone(zone).date()
    habits = {name: fresh(zone) for name in log.busy}
    for number in range(max(issued) + 1):
        day = first + timedelta(days=number)
        start, others = at(day, 0, zone), company(habits)
        for name, busy in log.busy.items():
            if number in issued:
                tally.add(forecast(habits[name], start, HORIZON, others=others.get(name)), _cells(busy, start, log.end))
            habits[name] = learn(habits[name], day, busy, others=others.get(name))
    found = [
        row("spans of a statement, 28 days, one for each change of band", _mean(tally.raw), "spans", None),
        row("the same as they are told, mean", _mean(tally.told), "spans", 80.0),
        row("the same as they are told, most", max(tally.told), "spans", 80.0),
    ]
    return found + [
        _promise(band, tally.kept.get(band, []), tally.raw_kept.get(band, [])) for band in Confidence if band.floor
    ]


def _promise(band: Confidence, kept: Sequence[bool], raw: Sequence[bool]) -> Row:
    """Of two hours that are offered at a band, the share reported idle; for reference, were quarter hours banded."""
    share, reference = _mean(kept), _mean(raw)
    name = f"two hours offered as {band.name.lower()}: reported idle"
    ratio = round(share / reference, 3) if reference else None
    ok = not kept or share >= band.floor - 0.02
    return Row(name, round(share, 4), "share", round(reference, 4), ratio, band.floor, ok)


def _cells(busy: Sequence[Span], start: datetime, end: datetime) -> NDArray[np.bool_]:
    """(n,) which quarter hours from `start` on were busy, to the log's end or the horizon's."""
    found = np.zeros(min(HORIZON, max(end - start, timedelta())) // QUARTER, np.bool_)
    for span in busy:
        first, last = (span.start - start) // QUARTER, -((start - span.end) // QUARTER)
        found[max(0, first) : max(0, last)] = True
    return found


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
