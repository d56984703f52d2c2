"""How choices of the model are judged before a late day is looked at: `python -m edge.backtest.trial LOG.csv [DAYS]`.

On the first days of the log only: tables are fitted without the machines that they are tried on (every fourth), once
from all those days and once from the early ones alone. And on invented plants of different character.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from edge.backtest.baselines import baselines
from edge.backtest.log import Log, read_log
from edge.backtest.plants import DAYS, PLANTS, plant
from edge.backtest.report import document, pages_of
from edge.backtest.score import brier, gap, reliability
from edge.forecast import model
from edge.forecast.fit import FIRST, PENALTY, STRIDE, Day, days_of, regression
from edge.forecast.outlook import as_sure
from edge.forecast.signs import Floats
from gateway.span import Span, union

ZONE = ZoneInfo("UTC")
GROUPS = 4

ORDERS = 24
"""In how many other orders the weeks are tried."""

WEEK = timedelta(days=7)

LEAST = 4.0
"""Busy quarter hours a day that a machine must show to count."""

Seen = tuple[Floats, Floats, Mapping[str, Floats]]
"""Of one machine over some days, by quarter hour: P(busy), 1 where it was busy, and by name what the baselines said."""


def left_out(
    days: Mapping[str, list[Day]], until: int, first: int, last: int, taught: Mapping[str, list[Day]] | None = None
) -> Iterator[tuple[str, Seen]]:
    """Each machine by the table of the other groups' days up to `until`, judged on the days `first` to `last`.

    `taught`: of which days the tables are made, if not of the same.
    """
    names = sorted(days)
    for group in range(GROUPS):
        others = [day for name in names if names.index(name) % GROUPS != group for day in (taught or days)[name]]
        table = _table([day for day in others if FIRST <= day.number < until])
        for name in names[group::GROUPS]:
            yield name, _judged(days[name], table, first, last)


def _table(days: list[Day]) -> tuple[Floats, Floats, Floats]:
    found, truth = np.concatenate([day.signs for day in days]), np.concatenate([day.truth for day in days])
    mean, spread = found.mean(0), np.maximum(found.std(0), 1e-4)
    weights = regression(model.terms(found[1::STRIDE], mean, spread), truth[1::STRIDE], PENALTY / STRIDE)
    return mean, spread, weights[None]


def _judged(days: list[Day], table: tuple[Floats, Floats, Floats], first: int, last: int) -> Seen:
    mean, spread, weights = table
    lesson, told = model.blank(), []
    for day in days:
        terms = model.terms(day.signs, mean, spread)
        said = model.opinions(lesson, 0, terms, day.plain, weights)
        told.append(as_sure(model.settled(lesson, said), day.evidence))
        lesson = model.taught(lesson, 0, terms, said, day.truth, weights)
    chosen = [index for index, day in enumerate(days) if first <= day.number < last]
    naive = [baselines(days[index].before, days[index].number % 7) for index in chosen]
    return (
        np.concatenate([told[index] for index in chosen]),
        np.concatenate([days[index].truth for index in chosen]),
        {name: np.concatenate([each[name] for each in naive]) for name in naive[0]},
    )


def figures(found: Mapping[str, Seen]) -> dict[str, float]:
    """Over the machines that worked enough: the mean Brier score, the best baselines', the worst margin, the gap."""
    counted = [seen for seen in found.values() if seen[1].mean() * 96 >= LEAST]
    scores = np.array([brier(told, truth) for told, truth, _ in counted])
    best = np.array([min(brier(said, truth) for said in naive.values()) for _, truth, naive in counted])
    told, truth = (np.concatenate([seen[part] for seen in counted]) for part in (0, 1))
    return {
        "brier": float(scores.mean()),
        "best_baselines": float(best.mean()),
        "below_every_baseline": float((scores < best).sum()),
        "machines": float(len(counted)),
        "worst_margin": float((best - scores).min()),
        "gap": gap(reliability(1 - told, 1 - truth)),
    }


def reordered(log: Log, order: Sequence[int]) -> Log:
    """The log's weeks in another order, each whole and on the same weekdays; weeks that `order` leaves out are gone."""
    begin = log.start.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    busy: dict[str, list[Span]] = {name: [] for name in log.busy}
    for place, week in enumerate(order):
        whole, shift = Span(begin + WEEK * week, begin + WEEK * (week + 1)), WEEK * (place - week)
        for name, spans in log.busy.items():
            parts = [part for span in spans if (part := span.intersection(whole))]
            busy[name] += [Span(part.start + shift, part.end + shift) for part in parts]
    return Log({name: tuple(union(spans)) for name, spans in busy.items()}, begin, begin + WEEK * len(order))


def shuffled(log: Log, days: int, orders: int, seed: int = 7) -> Iterator[dict[str, float]]:
    """The figures of the second half of so many logs made of the first `days` days' weeks; tables as in `left_out`."""
    dice, known = np.random.default_rng(seed), days_of(log, days, 0, ZONE)
    for _ in range(orders):
        mixed = days_of(reordered(log, dice.permutation(days // 7).tolist()), days // 7 * 7, 0, ZONE)
        yield figures(dict(left_out(mixed, days, days // 14 * 7, days, known)))


def invented(kind: str, first: int = DAYS * 2 // 3 + 1) -> dict[str, Any]:
    """The backtest's document on an invented plant's last third."""
    log = plant(kind)
    pages, days = pages_of(log, Path(kind), ZONE, first, None)
    return document(log, pages, days, ZONE)


def main(log: Log, days: int) -> Iterator[str]:
    """The lines to print."""
    known = days_of(log, days, 0, ZONE)
    for what, until, first in (("all days", days, days // 2), ("early days only", days * 5 // 8, days * 5 // 8)):
        told = figures(dict(left_out(known, until, first, days)))
        shown = "  ".join(f"{name} {value:.4g}" for name, value in told.items())
        yield f"{log.start + timedelta(days=first):%d %b} on, tables of the other machines' {what}: {shown}"
    tries = list(shuffled(log, days, ORDERS))
    each, below = (sum(found[key] for found in tries) for key in ("machines", "below_every_baseline"))
    shown = "  ".join(f"{name} {np.mean([found[name] for found in tries]):.4g}" for name in ("brier", "best_baselines"))
    yield f"the weeks in {ORDERS} other orders: {shown}  below every baseline {below:.0f} of {each:.0f}"
    for kind in PLANTS:
        found = invented(kind)
        share, recall = (found[key] if found[key] is not None else float("nan") for key in ("idle_share", "recall"))
        yield (
            f"{kind:24} brier {found['brier']:.4f} (best baseline {min(found['baselines'].values()):.4f})  "
            f"gap {found['reliability_gap']:.3f}  offered at 0.9: {share:.1%} idle, {recall:.0%} of the idle hours"
        )


if __name__ == "__main__":
    if len(sys.argv) not in {2, 3}:
        sys.exit("usage: python -m edge.backtest.trial LOG.csv [DAYS, default 56]")
    for line in main(read_log(Path(sys.argv[1]), ZONE), int(sys.argv[2]) if len(sys.argv) == 3 else 56):
        sys.stdout.write(line + "\n")
