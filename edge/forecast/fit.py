"""Fits the table that all machines share, from the first days of a log: `python -m edge.forecast.fit LOG.csv [DAYS]`.

It is run by hand where the table is made, never on a plant's box. The table holds weights only: no time, no order and
no machine of the log can be read from it.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from edge.backtest.log import Log, read_log
from edge.forecast import company, model
from edge.forecast.grid import BUSY, cells
from edge.forecast.habit import Habit, past_of
from edge.forecast.signs import SLOTS, Floats, signs, usual

ZONE = ZoneInfo("UTC")
FIRST = 7
"""Days before the first forecast that counts."""

PENALTY = 60.0
STRIDE = 2
"""Every second quarter hour is enough: neighbours are nearly copies of each other."""


@dataclass(frozen=True, slots=True)
class Day:
    """What could be known of a machine before a day, and the day: `number` from 0, `before` (number, 96) 1 where busy.

    `signs` (96, len(NAMES)) and `plain` (5, 96) as the model has them, `truth` (96,) 1 where busy, `evidence` in days.
    """

    number: int
    signs: Floats
    plain: Floats
    truth: Floats
    before: Floats
    evidence: float


def days_of(log: Log, days: int, ahead: int, zone: ZoneInfo, first: int = 1) -> Mapping[str, list[Day]]:
    """By machine the days from `first` to `days`, as they looked `ahead` days before."""
    begin = log.start.astimezone(zone).date()
    grid = {name: cells(spans, (), begin, days, zone) for name, spans in log.busy.items()}
    found: dict[str, list[Day]] = {name: [] for name in grid}
    for number in range(max(first, ahead + 1), days):
        issued = number - ahead
        last = begin + timedelta(days=issued - 1)
        others = company({name: Habit(zone, last, rows[:issued]) for name, rows in grid.items()})
        for name, rows in grid.items():
            past = past_of(rows[:issued], last, others.get(name))
            target, known = np.full((1, SLOTS), (len(past.busy) + ahead) % 7), usual(past)
            busy = (rows == BUSY).astype(np.float64)
            found[name].append(
                Day(
                    number,
                    signs(past, known, target, ahead)[0],
                    model.plain_rates(past, known, target),
                    busy[number],
                    busy[:number],
                    known.evidence,
                )
            )
    return found


def regression(found: Floats, truth: Floats, penalty: float) -> Floats:
    """(TERMS,) weights of a ridge logistic regression, the constant unpenalised; by Newton's method."""
    weights = np.zeros(found.shape[1])
    ridge = np.full(found.shape[1], penalty)
    ridge[0] = 0
    for _ in range(25):
        rate = 1 / (1 + np.exp(-found @ weights))
        pull = found.T @ (truth - rate) - ridge * weights
        step = np.linalg.solve((found * (rate * (1 - rate))[:, None]).T @ found + np.diag(ridge), pull)
        weights = weights + step
        if np.abs(step).max() < 1e-6:
            break
    return weights


def write(log: Log, days: int, path: Path) -> None:
    """The table as a module of numbers."""
    raw = {
        ahead: [day for found in days_of(log, days, ahead, ZONE, FIRST).values() for day in found]
        for ahead in model.TAUGHT_AT
    }
    near = np.concatenate([day.signs for day in raw[0]])
    mean, spread = near.mean(0).round(4), np.maximum(near.std(0).round(4), 1e-4)
    rows = []
    for ahead in model.TAUGHT_AT:
        found = np.concatenate([model.terms(day.signs[1::STRIDE], mean, spread) for day in raw[ahead]])
        truth = np.concatenate([day.truth[1::STRIDE] for day in raw[ahead]])
        rows.append(regression(found, truth, PENALTY / STRIDE).round(4))
    lines = [
        '"""The table that all machines share, made by `edge.forecast.fit`; docs/forecast.md says from what."""',
        "",
        "# One number for each of edge.forecast.signs.NAMES: what is subtracted from it, and by what it is divided.",
        f"MEAN = {_tuple(mean)}",
        f"SPREAD = {_tuple(spread)}",
        "",
        "# One row for each of edge.forecast.model.REACHES: the constant, then the weights of SINGLE and of PAIRS.",
        "WEIGHTS = (",
        *(f"    {_tuple(row)}," for row in rows),
        ")",
    ]
    path.write_text("\n".join(lines) + "\n")


def _tuple(values: Floats) -> str:
    return "(" + ", ".join(f"{value:g}" for value in values) + ")"


if __name__ == "__main__":
    if len(sys.argv) not in {2, 3}:
        sys.exit("usage: python -m edge.forecast.fit LOG.csv [DAYS, default 56]")
    write(
        read_log(Path(sys.argv[1]), ZONE),
        int(sys.argv[2]) if len(sys.argv) == 3 else 56,
        Path(__file__).with_name("table.py"),
    )
