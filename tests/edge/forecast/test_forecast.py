"""What the forecast says of machines whose ways are plain, and where it says that it does not know."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from edge.forecast import Habit, company, forecast, fresh, learn
from gateway.span import Span

DAY = timedelta(days=1)
WEEK = timedelta(days=7)


def test_a_machine_of_which_nothing_is_known_is_a_coin_and_offered_to_nobody(life: Any) -> None:
    found = forecast(fresh(life.ZONE), datetime(2026, 3, 2, tzinfo=UTC), WEEK)
    assert found.idle.max() <= 0.5
    assert found.days == 0


def test_confidence_grows_with_the_days_that_were_seen(life: Any) -> None:
    idle = [life.lived(days, lambda _: []) for days in (1, 3, 7, 21, 56)]
    quiet = [float(forecast(habit, life.after(habit), DAY).idle.max()) for habit in idle]
    assert all(one < other for one, other in pairwise(quiet))
    assert quiet[0] < 0.9 < quiet[3]


def test_a_shift_of_every_working_day_is_expected_and_its_nights_are_free(settled_habit: Habit, life: Any) -> None:
    found = forecast(settled_habit, life.after(settled_habit), WEEK)
    monday, saturday = life.after(settled_habit), life.after(settled_habit) + timedelta(days=5)
    assert found.at(monday + timedelta(hours=10)) < 0.1
    assert found.at(monday + timedelta(hours=20)) > 0.9
    assert found.at(saturday + timedelta(hours=10)) > 0.9


def test_a_holiday_counts_as_the_quietest_day_of_the_machines_own_week(settled_habit: Habit, life: Any) -> None:
    monday = life.after(settled_habit)
    found = forecast(settled_habit, monday, WEEK, holidays=frozenset([monday.date()]))
    assert found.at(monday + timedelta(hours=10)) > 0.9
    assert found.at(monday + DAY + timedelta(hours=10)) < 0.1


def test_a_holiday_in_the_past_does_not_change_the_usual_week(settled_habit: Habit, life: Any) -> None:
    monday = life.after(settled_habit)
    rested = learn(settled_habit, monday.date(), [], holidays=frozenset([monday.date()]))
    worked = learn(settled_habit, monday.date(), life.one_shift(monday.date()))
    lazy = learn(settled_habit, monday.date(), [])
    next_monday = monday + WEEK + timedelta(hours=10)
    after_holiday, after_work, after_laziness = (
        forecast(habit, monday + DAY, timedelta(days=8)).at(next_monday) for habit in (rested, worked, lazy)
    )
    assert after_work <= after_holiday + 0.02
    assert after_holiday < after_laziness


def test_hours_that_were_sold_are_no_evidence_of_anything(settled_habit: Habit, life: Any) -> None:
    monday = life.after(settled_habit).date()
    sold = life.hours(monday, 18, 22)
    told = learn(settled_habit, monday, [*life.one_shift(monday), sold], unknown=[sold])
    silent = learn(settled_habit, monday, life.one_shift(monday), unknown=[sold])
    believed = learn(settled_habit, monday, [*life.one_shift(monday), sold])
    tuesday = life.after(told)
    evening = tuesday + timedelta(days=6, hours=20)
    assert np.array_equal(forecast(told, tuesday, WEEK).idle, forecast(silent, tuesday, WEEK).idle)
    assert forecast(believed, tuesday, WEEK).at(evening) < forecast(told, tuesday, WEEK).at(evening)


def test_a_rebuilt_machine_loses_confidence_at_once_and_finds_its_new_ways(life: Any) -> None:
    habit = life.lived(56)
    before = forecast(habit, life.after(habit), WEEK)
    nights = lambda day: [life.hours(day, 0, 5), life.hours(day, 16, 24)]  # noqa: E731 - the machine's new ways
    habit = life.lived(5, nights, habit)
    soon = forecast(habit, life.after(habit), DAY)
    habit = life.lived(40, nights, habit)
    later = forecast(habit, life.after(habit), DAY)
    evening, morning = timedelta(hours=20), timedelta(hours=10)
    assert before.at(before.start + evening) > 0.9
    assert soon.at(soon.start + evening) < 0.75
    assert later.at(later.start + evening) < 0.15
    assert later.at(later.start + morning) > soon.at(soon.start + morning) > 0.0


def test_a_machine_that_works_now_is_less_likely_free_soon_than_one_that_rests(settled_habit: Habit, life: Any) -> None:
    monday = life.after(settled_habit)
    now = monday + timedelta(hours=12)
    working = forecast(settled_habit, now, DAY, busy=[Span(monday + timedelta(hours=6), now)])
    resting = forecast(settled_habit, now, DAY)
    assert working.at(now) < resting.at(now)
    assert working.at(monday + timedelta(hours=20)) > 0.8


def test_a_forecast_at_noon_keeps_the_weekdays_where_they_are(settled_habit: Habit, life: Any) -> None:
    friday = life.after(settled_habit) + timedelta(days=4, hours=9)
    habit = life.lived(4, life.one_shift, settled_habit)
    found = forecast(habit, friday, timedelta(days=10), busy=[Span(friday - timedelta(hours=3), friday)])
    assert found.at(friday + timedelta(hours=1)) < 0.2
    assert found.at(friday + timedelta(days=1, hours=1)) > 0.8
    assert found.at(friday + timedelta(days=3, hours=1)) < 0.2


def test_a_forecast_begins_with_the_quarter_hour_that_runs(settled_habit: Habit, life: Any) -> None:
    now = life.after(settled_habit) + timedelta(hours=3, minutes=22)
    found = forecast(settled_habit, now, timedelta(days=28))
    assert found.start == now - timedelta(minutes=7)
    assert len(found.idle) == 28 * 96


def test_days_that_nobody_saw_are_bridged_and_confidence_fades(settled_habit: Habit, life: Any) -> None:
    monday = life.after(settled_habit)
    later = monday + timedelta(days=42)
    found = forecast(settled_habit, later, WEEK)
    assert found.days < forecast(settled_habit, monday, WEEK).days / 2
    assert found.at(later + timedelta(hours=10)) < 0.5 < found.at(later + timedelta(hours=22))


@pytest.mark.parametrize(
    ("day", "quarters"), [(date(2026, 3, 29), 92), (date(2026, 10, 25), 100)], ids=["spring", "autumn"]
)
def test_the_shift_stays_on_the_wall_clock_when_the_clock_changes(day: date, quarters: int) -> None:
    zone = ZoneInfo("Europe/Berlin")
    habit = fresh(zone)
    for step in range(56, 0, -1):
        date_ = day - timedelta(days=step)
        local = datetime(date_.year, date_.month, date_.day, tzinfo=zone)
        habit = learn(habit, date_, [Span(local.replace(hour=6), local.replace(hour=14))])
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    found = forecast(habit, midnight, timedelta(days=2))
    begin, end = (datetime(day.year, day.month, day.day, hour, tzinfo=zone) for hour in (6, 14))
    length = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(days=1) - midnight
    assert length == timedelta(days=1)
    assert (datetime.fromisoformat(f"{day + DAY}T00:00").replace(tzinfo=zone).astimezone(UTC)
            - midnight.astimezone(UTC)) / timedelta(minutes=15) == quarters  # fmt: skip
    assert found.at(begin.astimezone(UTC) + timedelta(minutes=30)) < 0.2
    assert found.at(end.astimezone(UTC) - timedelta(minutes=30)) < 0.2
    assert found.at(begin.astimezone(UTC) - timedelta(minutes=90)) > 0.8
    assert found.at(end.astimezone(UTC) + timedelta(minutes=90)) > 0.8


def test_the_other_machines_of_the_plant_tell_a_newcomer_when_the_plant_rests(life: Any) -> None:
    others = {f"M{number}": life.lived(56) for number in range(4)}
    newcomer = life.lived(3, life.one_shift, Habit(life.ZONE, date(2026, 4, 20)))
    helped = company({**others, "new": newcomer})["new"]
    now, saturday = life.after(newcomer), datetime(2026, 4, 25, 10, tzinfo=UTC)
    alone, together = (forecast(newcomer, now, WEEK, others=each).at(saturday) for each in (None, helped))
    assert together > alone


def test_the_same_past_gives_the_same_forecast_to_the_last_bit(life: Any) -> None:
    one, other = life.lived(30), life.lived(30)
    assert np.array_equal(forecast(one, life.after(one), WEEK).idle, forecast(other, life.after(other), WEEK).idle)


def test_after_a_clock_that_jumped_back_what_is_yet_to_come_is_left_out(settled_habit: Habit, life: Any) -> None:
    now = life.after(settled_habit)
    ahead = life.lived(4, life.one_shift, settled_habit)
    assert forecast(ahead, now, DAY).idle == pytest.approx(forecast(settled_habit, now, DAY).idle, abs=0.05)


def test_a_plan_of_rest_for_every_day_of_the_horizon_is_no_error(settled_habit: Habit, life: Any) -> None:
    now = life.after(settled_habit)
    every = frozenset(now.date() + DAY * step for step in range(40))
    assert forecast(settled_habit, now, timedelta(days=28), holidays=every).idle.min() > 0.8
