"""An independent, deliberately naive recomputation of single hours, from the raw calendar, plan, log and forecast."""

import csv
import functools
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from edge import wiring
from edge.bands import outlook
from edge.build import LOG_PROFILE
from edge.condition import Present
from edge.config import read
from edge.explain import Scene, explain
from edge.history import backfill
from edge.planfolder import folder
from edge.profile import find
from edge.trouble import Trouble
from edge.watch import Watch
from gateway.clock import Clock
from gateway.span import Span

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE, QUARTER = timedelta(minutes=1), timedelta(minutes=15)
FIRST = datetime(2026, 3, 9, 4, tzinfo=UTC)
"""The horizons that are asked about reach over the day on which the clock goes forward."""

CONFIG = """\
agent: plant-a
link: {id: k1, secret: "env:KEY"}
zone: Europe/Berlin
calendar:
  week: {mon-fri: ["05:00-13:00"], sat: ["05:00-09:00"]}
  breaks: [{day: mon-fri, time: "09:00-09:20"}]
  holidays: [easter-2, easter+1]
  closed: [2026-03-18]
  maintenance: [{day: wed, time: "06:30-08:00"}]
lines:
  North: {calendar: {ics: [{file: late.ics}]}}
plan: {file: plan.csv, lead: 9 d, set_up: 25 min, clean_up: 10 min}
selling: {reserve: 90 min, shortest: 30 min, repair_time: 4 h, job_time: 1 h, confidence: medium, horizon: 21 d}
machines:
  M1: {line: North, profile: opcua-machinery, source: {type: opcua, url: "opc.tcp://127.0.0.1:1"}}
"""
LATE = """\
BEGIN:VCALENDAR
BEGIN:VEVENT
UID:late
DTSTART;TZID=Europe/Berlin:20260105T140000
DTEND;TZID=Europe/Berlin:20260105T223000
RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR
EXDATE;TZID=Europe/Berlin:20260310T140000
END:VEVENT
BEGIN:VEVENT
UID:night
DTSTART;TZID=Europe/Berlin:20260107T230000
DTEND;TZID=Europe/Berlin:20260108T043000
RRULE:FREQ=WEEKLY;BYDAY=WE,SA
END:VEVENT
END:VCALENDAR
"""


@dataclass(frozen=True)
class Numbers:
    """A forecast that is nothing but numbers; neighbours are independent."""

    start: datetime
    idle: np.ndarray

    def at(self, moment: datetime) -> float:
        return float(self.idle[(moment - self.start) // QUARTER])

    def span(self, span: Span) -> float:
        first, last = (span.start - self.start) // QUARTER, -(-(span.end - self.start) // QUARTER)
        return float(np.prod(self.idle[first:last]))

    def spans(self, quarters: int) -> np.ndarray:
        return np.array([np.prod(self.idle[at : at + quarters]) for at in range(len(self.idle) - quarters + 1)])


class Naive:
    """One unit, one instant: everything looked up in what the plant wrote, minute by minute."""

    def __init__(self, plan: str, log: str, numbers: Numbers, now: datetime) -> None:
        self.now = now
        self.orders = []
        for row in csv.DictReader(plan.splitlines()):
            start, end = (
                datetime.fromisoformat(row[name]).replace(tzinfo=BERLIN).astimezone(UTC) for name in ("start", "end")
            )
            if start < end:
                self.orders.append((start, end, row["order"]))
        self.states = [(datetime.fromisoformat(row["ts"]), row["state"]) for row in csv.DictReader(log.splitlines())]
        self.numbers = numbers
        self.end = (now + timedelta(days=21)).replace(minute=0, second=0, microsecond=0)
        self._known: dict[datetime, tuple[str, int | None]] = {}

    def verdict(self, at: datetime) -> tuple[str, int | None]:
        """(reason, band or None where it is not for sale)."""
        reason, band = self.bare(at)
        if band is None:
            return reason, None
        run = 1
        for step in (-1, 1):
            moment = at
            while run < 30:
                moment += step * MINUTE
                if moment < self.now or moment >= self.end:
                    return reason, band
                if self.bare(moment)[1] is None:
                    break
                run += 1
        return (reason, band) if run >= 30 else ("reserve", None)

    def bare(self, at: datetime) -> tuple[str, int | None]:
        if at not in self._known:
            self._known[at] = self._bare(at)
        return self._known[at]

    def _bare(self, at: datetime) -> tuple[str, int | None]:  # noqa: PLR0911 - one return a layer
        local = at.astimezone(BERLIN)
        if local.weekday() == 2 and (6, 30) <= (local.hour, local.minute) < (8, 0):
            return "maintenance", None
        since, state = [row for row in self.states if row[0] <= self.now][-1]
        if state == "OutOfService" and at < self._renewed(since, timedelta(hours=4)):
            return "breakdown", None
        known = [order for order in self.orders if order[0] - timedelta(days=9) <= self.now and order[2] != "bkg_7"]
        known = [order for order in known if self.now < order[1] + timedelta(minutes=10)]
        if any(start - timedelta(minutes=25) <= at < end + timedelta(minutes=10) for start, end, _ in known):
            return "planned", None
        busy = max([since, *(end for _, end, _ in self.orders if end <= self.now)])
        on_plan = any(
            start - timedelta(minutes=25) <= self.now < end + timedelta(minutes=10) for start, end, _ in known
        )
        unplanned = state == "Executing" and not on_plan and self.now - busy >= timedelta(seconds=5)
        if unplanned and at < self._renewed(busy, timedelta(hours=1)):
            return "running", None
        if not staffed(at):
            return "not-staffed", None
        if at.replace(second=0, microsecond=0) in reserve(local.date()):
            return "reserve", None
        reach = (self.now + timedelta(days=9)).replace(minute=0, second=0, microsecond=0)
        if at < reach:
            return "idle", 5
        band = self._band(at)
        return ("idle", band) if band >= 3 else ("forecast-busy", None)

    def _renewed(self, since: datetime, length: timedelta) -> datetime:
        end = since + length
        while end <= self.now:
            end += length
        return end

    def _band(self, at: datetime) -> int:
        """The best two hours around the instant."""
        quarter = (at - self.numbers.start) // QUARTER
        best = 0.0
        for first in range(max(0, quarter - 7), quarter + 1):
            part = self.numbers.idle[first : first + 8]
            if len(part) == 8:
                best = max(best, float(np.prod(part)))
        return max(number for number, floor in enumerate((0.0, 0.5, 0.75, 0.9, 0.97), start=1) if best >= floor)


def shifts(day: date) -> Iterator[tuple[int, int]]:
    """Minutes of the day from its midnight of the shifts that begin on it: the line's, which replace the site's."""
    if day in {date(2026, 3, 18), date(2026, 4, 3), date(2026, 4, 6)}:
        return
    if day.weekday() < 5 and day != date(2026, 3, 10):
        yield 14 * 60, 22 * 60 + 30
    if day.weekday() in {2, 5}:
        yield 23 * 60, 28 * 60 + 30


def staffed(at: datetime) -> bool:
    local = at.astimezone(BERLIN)
    if local.weekday() < 5 and (9, 0) <= (local.hour, local.minute) < (9, 20):
        return False
    shows = local.hour * 60 + local.minute
    today, before = local.date(), local.date() - timedelta(days=1)
    return any(begin <= shows < end for begin, end in shifts(today)) or any(
        begin <= shows + 1440 < end for begin, end in shifts(before)
    )


@functools.cache
def reserve(day: date) -> frozenset[datetime]:
    """The last ninety staffed minutes of a local day."""
    moment = datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC)
    minutes = []
    while moment.astimezone(BERLIN).date() == day:
        if staffed(moment):
            minutes.append(moment)
        moment += MINUTE
    return frozenset(minutes[-90:])


def plan(chance: random.Random) -> str:
    rows = ["machine,start,end,order"]
    for number in range(60):
        start = datetime(2026, 3, 8, tzinfo=BERLIN) + timedelta(minutes=chance.randrange(0, 24 * 60 * 25, 5))
        end = start + timedelta(minutes=chance.choice([0, 15, 45, 90, 200, 600]))
        name = "bkg_7" if number % 9 == 0 else f"A{number}"
        rows.append(f"{'M2' if number % 5 == 0 else 'M1'},{start:%Y-%m-%dT%H:%M},{end:%Y-%m-%dT%H:%M},{name}")
    return "\n".join(rows) + "\n"


def log(chance: random.Random) -> str:
    rows, at = ["ts,machine,state"], FIRST - timedelta(days=1)
    while at < FIRST + timedelta(days=5):
        rows.append(f"{at.isoformat()},M1,{chance.choice(['Executing', 'NotExecuting', 'OutOfService'])}")
        at += timedelta(minutes=chance.randrange(20, 700))
    return "\n".join(rows) + "\n"


def forecast(chance: random.Random, now: datetime) -> Numbers:
    idle, level = [], 0.99
    for quarter in range(21 * 96 + 8):
        if quarter % 40 == 0:
            level = chance.choice([0.999, 0.995, 0.99, 0.97, 0.95, 0.8])
        idle.append(level)
    return Numbers(now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0), np.array(idle))


@pytest.mark.parametrize("seed", range(4))
def test_an_independent_recomputation_agrees_with_explain_on_a_thousand_hours(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    (tmp_path / "edge.yaml").write_text(CONFIG)
    (tmp_path / "late.ics").write_text(LATE.replace("\n", "\r\n"))
    raw_plan, raw_log = plan(chance), log(chance)
    (tmp_path / "plan.csv").write_text(raw_plan)
    (tmp_path / "log.csv").write_text(raw_log)
    config = read(tmp_path / "edge.yaml")
    own_rows = "\n".join(row for row in raw_plan.splitlines() if not row.startswith("M2"))
    for _ in range(10):
        now = FIRST + timedelta(minutes=chance.randrange(0, 5 * 1440), seconds=chance.randrange(60))
        scene = as_the_agent_sees_it(tmp_path, config, now, numbers := forecast(chance, now))
        naive = Naive(own_rows, raw_log, numbers, now)
        for _ in range(25):
            at = (now + timedelta(minutes=chance.randrange(1, 21 * 1440 - 60))).replace(second=0, microsecond=0)
            found = explain(scene, max(at, now))
            (piece,) = found.found
            ours = (piece.reason.value, int(piece.confidence) if piece.type == "Available" else None)
            assert ours == naive.verdict(max(at, now)), (now, at, found)
            taking = [step.layer for step in found.steps if step.takes]
            assert bool(taking) == (ours[1] is None), (taking, ours)


def as_the_agent_sees_it(path: Path, config: object, now: datetime, numbers: Numbers) -> Scene:
    clock = Clock(1e-9, 0.0, now)
    papers = folder(config, clock, Trouble(), None).papers("M1")
    case = replace(wiring.case(config, "M1", Clock()), calendar=papers.calendar)
    moments = wiring.of_machine(path / "log.csv", BERLIN, "M1")
    track, _ = backfill("M1", find(LOG_PROFILE), moments, now)
    papers = replace(papers, outlook=outlook(numbers, most=10_000))
    return Scene(case, Watch(track), papers, Present(), config.disclosure.of("M1"), now)
