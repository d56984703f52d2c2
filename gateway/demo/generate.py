"""A plant's log as it might have been: random, seeded, with the statistics of a real job shop."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.demo.facts import BREAKDOWN_H, CRAFTS, MEAN_BUSY, WEEK, Craft


@dataclass(frozen=True, slots=True)
class Report:
    """One row of a shop-floor log, in the columns of the job-shop log; times are plant time without a zone."""

    machine: str
    process: str
    report: str
    start: datetime
    end: datetime
    order: str
    part: str
    order_qty: int
    completed_qty: int

    HEADER = "machine,process,report,start,end,order,part,order_qty,completed_qty"

    def row(self) -> str:
        times = f"{self.start.isoformat(timespec='seconds')},{self.end.isoformat(timespec='seconds')}"
        work = f"{self.order},{self.part},{self.order_qty},{self.completed_qty}"
        return f"{self.machine},{self.process},{self.report},{times},{work}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to generate: how many machines, between which two plant times, from which seed."""

    machines: int
    start: datetime
    end: datetime
    seed: int = 1


def generate(plan: Plan) -> list[Report]:
    """All reports of the plant, by start. The same plan gives the same reports."""
    reports: list[Report] = []
    for number in range(plan.machines):
        craft = CRAFTS[number % len(CRAFTS)]
        chance = random.Random(f"{plan.seed}/{number}")  # noqa: S311
        reports += _machine(f"M{number + 1:02d}", craft, plan, chance)
    return sorted(reports, key=lambda report: (report.start, report.machine))


def _machine(name: str, craft: Craft, plan: Plan, chance: random.Random) -> Iterator[Report]:
    moment = plan.start + timedelta(hours=chance.uniform(0, 12))
    number = 0
    while moment < plan.end:
        number += 1
        run = timedelta(hours=_draw(craft.run_h, chance))
        setup = timedelta(hours=craft.setup_h * chance.uniform(0.3, 1.2)) if chance.random() < 0.5 else timedelta()
        order, part = f"{name}-{number:04d}", chance.choice(craft.orders)
        quantity = max(1, round(run.total_seconds() / 60 / _draw(craft.cycle_min, chance)))
        for report, length, good in (("setup", setup, 0), *_run(craft, run, quantity, chance)):
            if length:
                end = _minute(moment + length)
                yield Report(name, craft.process, report, moment, end, order, part, quantity, good)
                moment = end
        moment = _minute(moment + _idle(craft, run + setup, moment, chance))


def _run(craft: Craft, run: timedelta, quantity: int, chance: random.Random) -> list[tuple[str, timedelta, int]]:
    if chance.random() > craft.breakdowns_per_1000_h * run.total_seconds() / 3_600_000:
        return [("production", run, quantity)]
    done = chance.uniform(0.1, 0.9)
    repair = timedelta(hours=_draw(BREAKDOWN_H, chance))
    return [
        ("production", run * done, round(quantity * done)),
        ("breakdown", repair, 0),
        ("production", run * (1 - done), quantity - round(quantity * done)),
    ]


def _idle(craft: Craft, busy: timedelta, moment: datetime, chance: random.Random) -> timedelta:
    """Time until the next order: as long as the craft's busy share asks for, longer in the quiet shifts of the week."""
    rhythm = WEEK[moment.weekday()][moment.hour // 8] / MEAN_BUSY
    mean = busy * (1 / craft.busy - 1)
    return mean * chance.uniform(0.3, 1.7) / max(0.3, min(2.0, rhythm))


def _draw(quartiles: tuple[float, float, float], chance: random.Random) -> float:
    low, middle, high = quartiles
    return chance.triangular(low, high, middle)


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
