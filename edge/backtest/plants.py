"""Invented plants of different character: what the forecast is held against besides the one real log."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from edge.backtest.log import Log
from gateway.span import Span, union

START = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday."""

MACHINES = 4
DAYS = 84

Hours = list[tuple[float, float]]
"""From which to which hour after midnight."""


@dataclass(frozen=True, slots=True)
class Today:
    """The day from 0, the machine from 0, and the dice."""

    day: int
    machine: int
    chance: np.random.Generator

    @property
    def weekday(self) -> int:
        return self.day % 7

    @property
    def workday(self) -> bool:
        return self.weekday < 5

    def happens(self, share: float) -> bool:
        return bool(self.chance.random() < share)

    def shift(self, start: float, end: float) -> Hours:
        """Begun and ended a little early or late."""
        late, long = self.chance.normal(0, 0.4, 2)
        return [(start + float(late), end + float(long))]


Ways = Callable[[Today], Hours]


def plant(kind: str, days: int = DAYS, machines: int = MACHINES, seed: int = 1) -> Log:
    """A log of some machines; the same for the same seed. Raises KeyError for a kind that is not in PLANTS."""
    ways = PLANTS[kind]
    busy = {}
    for machine in range(machines):
        chance = np.random.default_rng((seed, machine))
        spans = []
        for day in range(days):
            begin = START + timedelta(days=day)
            spans += [
                Span(begin + timedelta(hours=start), begin + timedelta(hours=end))
                for start, end in ways(Today(day, machine, chance))
                if start < end
            ]
        busy[f"{kind}-{machine}"] = tuple(union(spans))
    return Log(busy, START, START + timedelta(days=days))


def _one_shift(today: Today) -> Hours:
    return [(6, 14)] if today.workday else []


def _loose_shift(today: Today) -> Hours:
    """One shift; one day in six there is nothing to do."""
    return today.shift(6, 14) if today.workday and today.happens(5 / 6) else []


def _three_shifts(today: Today) -> Hours:
    """Monday to Friday around the clock, but for a change of tools in every second shift."""
    if not today.workday:
        return []
    found, at = [], 0.0
    for shift in range(3):
        pause = shift * 8 + today.chance.uniform(1, 6)
        if today.happens(0.5):
            found.append((at, pause))
            at = pause + today.chance.uniform(0.5, 2)
    return [*found, (at, 24.0)]


def _weekend(today: Today) -> Hours:
    return [(8, 16)] if not today.workday and today.happens(0.85) else []


def _job_shop(today: Today) -> Hours:
    """Jobs of some hours that begin by day and may run into the night; every third week is quiet."""
    rate = (0.25 if today.day // 7 % 3 == 2 else 1.1) * (1.0 if today.workday else 0.3) * (0.5 + 0.3 * today.machine)
    starts = today.chance.uniform(6, 18, today.chance.poisson(rate))
    return [(start, start + float(today.chance.lognormal(1.3, 0.8))) for start in starts]


def _no_pattern(today: Today) -> Hours:
    starts = today.chance.uniform(0, 24, today.chance.poisson(1.0))
    return [(start, start + float(today.chance.exponential(5))) for start in starts]


def _rebuilt(today: Today) -> Hours:
    """One loose shift until day 63, then nights."""
    if today.day < 63:
        return _loose_shift(today)
    return [*today.shift(-1, 5), *today.shift(20, 25)] if today.workday else []


def _growing(today: Today) -> Hours:
    """Works on one day in five at first, and on every day in the end."""
    grown = today.day / DAYS
    return [(6, 14 + 8 * grown)] if today.weekday < 6 and today.happens(0.2 + 0.8 * grown) else []


def _works_holiday(today: Today) -> Hours:
    """Two loose shifts, and two weeks of holiday of which nobody told."""
    return today.shift(6, 22) if today.workday and not 56 <= today.day < 70 else []


PLANTS: Mapping[str, Ways] = {
    "one shift by the clock": _one_shift,
    "one loose shift": _loose_shift,
    "three shifts": _three_shifts,
    "weekends only": _weekend,
    "job shop": _job_shop,
    "no pattern": _no_pattern,
    "rebuilt": _rebuilt,
    "growing": _growing,
    "works holiday": _works_holiday,
    "always idle": lambda _: [],
    "always busy": lambda _: [(0, 24)],
}
