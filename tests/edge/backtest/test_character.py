"""The forecast on plants of every character, on logs that are short, and what luck alone does to its figures."""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from edge.backtest.luck import luck
from edge.backtest.plants import PLANTS, plant
from edge.backtest.report import document, pages_of
from edge.backtest.trial import figures, left_out, reordered, shuffled
from edge.backtest.walk import Page, quoted, walk
from edge.forecast import dump, forecast, fresh, learn
from edge.forecast.fit import days_of
from edge.forecast.grid import cells
from edge.outlook import Band
from gateway.capacity import Confidence
from gateway.odds import Odds, all_through
from gateway.span import Span

ZONE = ZoneInfo("UTC")

BEHIND = {"one shift by the clock": 0.002, "three shifts": 0.003, "weekends only": 0.004, "no pattern": 0.003}
"""By how much the best naive rate may be better, where a plant is so regular, or so random, that it says it all."""

SURE = {"no pattern": 0.74}
"""The least share of what is said at 0.9 that must be idle; elsewhere 0.95."""


@pytest.mark.parametrize("kind", [kind for kind in PLANTS if not kind.startswith("always")])
def test_it_says_no_less_than_a_naive_rate_and_what_it_offers_is_idle(kind: str) -> None:
    log = plant(kind, machines=2)
    pages, days = pages_of(log, Path(kind), ZONE, 57, 84)
    found = document(log, pages, days, ZONE)
    assert found["brier"] <= min(found["baselines"].values()) + BEHIND.get(kind, 0.001)
    assert found["idle_share"] >= SURE.get(kind, 0.95)


@pytest.mark.parametrize(("kind", "idle"), [("always idle", 0.98), ("always busy", 0.02)])
def test_a_machine_that_never_changes_is_soon_believed(kind: str, idle: float) -> None:
    *_, last = walk(plant(kind, days=36, machines=1), ZONE, 36, 36)
    assert np.all(np.abs(last.idle - idle) < 0.03)


@pytest.mark.parametrize("days", [0, 1, 2, 3])
def test_a_very_short_history_is_sure_of_nothing(days: int) -> None:
    log, habit = plant("one loose shift", days=4, machines=1), fresh(ZONE)
    (busy,) = log.busy.values()
    for day in range(days):
        habit = learn(habit, log.start.date() + timedelta(days=day), busy)
    found = forecast(habit, log.start + timedelta(days=days), timedelta(days=7))
    assert found.idle.max() <= 1 - 1 / (2 + 2 * days) + 1e-9
    assert found.idle.max() < 0.9


def test_what_is_quoted_is_what_both_sides_of_the_fence_make_of_the_bands() -> None:
    quarter = timedelta(minutes=15)
    start = plant("job shop", days=1).start
    lengths = [3, 5, 1, 20, 40, 27]
    dice, bands, at = np.random.default_rng(2), [], start
    for count in lengths:
        odds = Odds(float(dice.uniform(0.3, 1)), float(dice.uniform(0, 0.2)))
        bands.append(Band(Span(at, at + count * quarter), Confidence.HIGH, odds))
        at += count * quarter
    found = quoted(bands, 96, (1, 2, 8))
    for hours, first in ((1, 0), (1, 2), (2, 5), (8, 3), (8, 60)):
        span = Span(start + first * quarter, start + first * quarter + timedelta(hours=hours))
        parts = [(part.duration, band.odds) for band in bands if (part := band.span.intersection(span)) and band.odds]
        assert found[hours][first] == pytest.approx(all_through(parts))


def test_a_habit_stays_small_whatever_the_machine_does() -> None:
    log = plant("no pattern", machines=1)
    habit, (busy,) = fresh(ZONE), log.busy.values()
    for day in range(84):
        habit = learn(habit, log.start.date() + timedelta(days=day), busy)
    assert len(dump(habit)) < 200_000


def _page(day: int, idle: np.ndarray, pairs: np.ndarray, dice: np.random.Generator) -> Page:
    """A page of which nothing is seen yet."""
    seen = (dice.random(len(idle)) < idle).astype(np.float64)
    return Page("M", day, idle, seen, len(idle), {1: (idle[:-3] ** 4, np.ones(len(idle) - 3))}, {}, pairs, {})


def test_luck_is_what_a_true_forecast_shows_and_shrinks_with_the_length_of_the_log() -> None:
    dice = np.random.default_rng(3)
    pages = [_page(day, idle := dice.uniform(0.2, 0.98, 96), idle[:-1] * idle[1:], dice) for day in range(80)]
    short, long = luck(pages[:5], times=5), luck(pages, times=5)
    assert 0 < long[0] < short[0] < 0.1
    said = np.concatenate([page.idle for page in pages])
    seen = np.concatenate([page.seen for page in pages])
    bins = np.minimum((said * 10).astype(int), 9)
    shown = sum(abs((said - seen)[bins == each].sum()) for each in range(10)) / len(said)
    assert shown < 3 * long[0]
    assert abs((said - 0.1 - seen).mean()) > 3 * long[0]  # a forecast that is wrong shows more than luck


def test_a_trial_judges_machines_by_tables_that_never_saw_them() -> None:
    log = plant("job shop", days=24, machines=5)
    days = days_of(log, 24, 0, ZONE)
    found = dict(left_out(days, 24, 12, 24))
    assert set(found) == set(log.busy)
    told, truth, naive = found["job shop-3"]
    assert told.shape == truth.shape == naive["yesterday"].shape == (12 * 96,)
    assert 0 < figures(found)["brier"] < 0.25


def test_weeks_in_another_order_keep_every_quarter_hour_on_its_weekday() -> None:
    log, order = plant("rebuilt", days=28, machines=2), [2, 0, 3]
    mixed, first = reordered(log, order), log.start.date()
    for name, spans in log.busy.items():
        weeks = cells(spans, (), first, 28, ZONE).reshape(4, -1)
        assert np.array_equal(cells(mixed.busy[name], (), first, 21, ZONE).reshape(3, -1), weeks[order])


def test_a_trial_of_other_orders_is_the_same_each_time() -> None:
    log = plant("job shop", days=28, machines=4)
    one, other = (list(shuffled(log, 28, 2)) for _ in range(2))
    assert one == other
    assert one[0] != one[1]
