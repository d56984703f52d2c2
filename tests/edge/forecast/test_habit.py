"""What is kept of a machine: how it is learnt, bounded, stored and read again."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from edge.forecast import dump, forecast, fresh, learn, load
from edge.forecast.grid import BUSY, IDLE, UNKNOWN
from edge.forecast.habit import KEPT

LIMIT = 200_000
CUT = dump(fresh(ZoneInfo("UTC")))[:300]


def test_a_quarter_hour_is_busy_if_any_part_of_it_was(life: Any) -> None:
    habit = learn(fresh(life.ZONE), life.MONDAY, [life.hours(life.MONDAY, 6.1, 6.3)])
    assert habit.days[0, 24:27].tolist() == [BUSY, BUSY, IDLE]


def test_what_is_unknown_wins_over_what_is_busy(life: Any) -> None:
    habit = learn(
        fresh(life.ZONE), life.MONDAY, [life.hours(life.MONDAY, 6, 8)], unknown=[life.hours(life.MONDAY, 7, 9)]
    )
    assert habit.days[0, 24:37].tolist() == [BUSY] * 4 + [UNKNOWN] * 8 + [IDLE]


def test_overlapping_spans_and_spans_of_other_days_are_clipped_and_united(life: Any) -> None:
    spans = [life.hours(life.MONDAY, -3, 1), life.hours(life.MONDAY, 0.5, 2), life.hours(life.MONDAY, 30, 40)]
    habit = learn(fresh(life.ZONE), life.MONDAY, spans)
    assert habit.days[0].tolist() == [BUSY] * 8 + [IDLE] * 88


def test_days_left_out_are_unknown(life: Any) -> None:
    habit = learn(learn(fresh(life.ZONE), life.MONDAY, []), life.MONDAY + timedelta(days=3), [])
    assert habit.days[:, 0].tolist() == [IDLE, UNKNOWN, UNKNOWN, IDLE]


def test_a_day_is_learnt_once_and_in_order(life: Any) -> None:
    with pytest.raises(ValueError, match="give each day once, in order"):
        learn(learn(fresh(life.ZONE), life.MONDAY, []), life.MONDAY, [])


def test_learning_leaves_the_old_habit_as_it_was(life: Any) -> None:
    habit = life.lived(20)
    before = dump(habit)
    life.lived(3, habit=habit)
    assert dump(habit) == before


def test_a_year_is_bounded_in_memory_and_on_disk(life: Any) -> None:
    habit = life.lived(KEPT + 10)
    habit = learn(habit, habit.last + timedelta(days=300), [])
    lessons = sum(each.known.nbytes + each.own.nbytes + each.pull.nbytes + each.losses.nbytes for each in habit.lessons)
    assert len(habit.days) == KEPT
    assert habit.days.nbytes + lessons < LIMIT
    assert len(dump(habit)) < LIMIT


def test_a_habit_read_again_forecasts_the_same(life: Any) -> None:
    habit = life.lived(25)
    again = load(dump(habit))
    one, other = (forecast(each, life.after(habit), timedelta(days=28)).idle for each in (habit, again))
    assert again.last == habit.last
    assert np.allclose(one, other, atol=1e-5)
    assert dump(again) == dump(habit)


@pytest.mark.parametrize("body", [b"", b"PK", b"[1, 2]", CUT], ids=["empty", "zip", "json", "cut"])
def test_what_is_no_habit_says_so_and_what_to_do(body: bytes) -> None:
    with pytest.raises(ValueError, match="begin afresh"):
        load(body)


def test_a_fresh_habit_can_be_stored_too(life: Any) -> None:
    assert load(dump(fresh(life.ZONE))).last is None


def test_nothing_seen_at_all_for_a_day_teaches_nothing(life: Any) -> None:
    habit = life.lived(20)
    day = habit.last + timedelta(days=1) if habit.last else date.min
    blind = learn(habit, day, [], unknown=[life.hours(day, 0, 24)])
    assert np.array_equal(blind.lessons[0].own, habit.lessons[0].own)
