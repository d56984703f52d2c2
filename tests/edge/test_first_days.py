"""The first days of a plant without a plan and without a history: what is sold before anything is learnt, and why."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from edge.condition import Present
from edge.desk import Desk
from edge.diary import Diary
from edge.explain import Scene, explain
from edge.forecast import Habit, fresh, learn
from edge.foresee import expected
from edge.papers import Papers
from edge.publish import Terms
from edge.reading import Reading
from edge.shifts import at as instant
from edge.spare import Rules
from edge.tracker import Track
from edge.watch import Case, Foretell, Watch
from gateway.capacity import CapacityType, Confidence, Reason
from gateway.crossing import MachineDisclosure
from gateway.span import Span

Moment = Callable[..., datetime]


@pytest.fixture
def verdict(make_case: Callable[..., Case], monday: Moment) -> Callable[..., Any]:
    """What is said at eight o'clock of a Monday about later hours of it (staffed from 6 to 22, but for a Sunday)."""

    def ask(at: datetime, days: int = 0, least: Confidence = Confidence.LOW, *, dark: bool = True) -> Any:
        rules = Rules(zone=make_case().rules.zone, sell_off_shift=dark)
        case = make_case(rules=rules, foretell=Foretell.BEYOND_PLAN, least=least)
        now = monday("08:00")
        habit = _idle_for(fresh(rules.zone), days, now.date())
        desk = Desk(case, Watch(Track("M1")), Terms())
        desk.keep(*desk.take([Reading("M1", "item_state", "NotExecuting", now, now)], now))
        desk.keep(*desk.look(now + timedelta(minutes=1)))
        papers = Papers(outlook=expected(habit, Diary(), case, now))
        return explain(Scene(case, desk.watch, papers, Present(), MachineDisclosure(), now), at)

    return ask


def _idle_for(habit: Habit, days: int, today: date) -> Habit:
    for ago in range(days, 0, -1):
        day = today - timedelta(days=ago)
        start = instant(day, 7 * 60, habit.zone)
        habit = learn(habit, day, [Span(start, start + timedelta(hours=3))])
    return habit


def test_dark_hours_that_the_plant_sells_are_on_sale_from_the_first_minute(verdict: Any, monday: Moment) -> None:
    found = verdict(monday("23:00"))
    (piece,) = found.found
    assert (piece.type, piece.reason, piece.confidence) == (CapacityType.AVAILABLE, Reason.OFF_SHIFT, Confidence.LOW)
    assert piece.odds
    assert 0.5 < piece.odds.chance <= 0.75


def test_dark_hours_that_it_does_not_sell_are_not(verdict: Any, monday: Moment) -> None:
    assert verdict(monday("23:00"), dark=False).found[0].reason is Reason.NOT_STAFFED


def test_staffed_hours_are_kept_until_a_day_is_learnt_and_it_says_so(verdict: Any, monday: Moment) -> None:
    found = verdict(monday("15:00"))
    assert found.found[0].reason is Reason.FORECAST_BUSY
    (step,) = (step for step in found.steps if step.layer == "forecast")
    assert step.takes
    assert "very_low" in step.text
    assert "the plant offers from low" in step.text
    assert "it knows 0.0 days of the machine's ways, and grows surer with each" in step.text


def test_who_sells_them_all_the_same_says_so_and_they_are_told_as_very_low(verdict: Any, monday: Moment) -> None:
    (piece,) = verdict(monday("15:00"), least=Confidence.VERY_LOW).found
    assert (piece.type, piece.confidence) == (CapacityType.AVAILABLE, Confidence.VERY_LOW)


@pytest.mark.parametrize(("days", "band"), [(1, Confidence.LOW), (3, Confidence.MEDIUM), (12, Confidence.HIGH)])
def test_confidence_grows_with_the_days(verdict: Any, monday: Moment, days: int, band: Confidence) -> None:
    (piece,) = verdict(monday("19:00"), days=days).found
    assert (piece.type, piece.confidence) == (CapacityType.AVAILABLE, band)
    last = next(step for step in verdict(monday("19:00"), days=days).steps if step.layer == "forecast").text
    assert ("days of the machine's ways" in last) == (days < 8)
