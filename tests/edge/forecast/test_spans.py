"""The probability that a whole span is idle."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.forecast import Forecast, Habit, forecast, fresh, learn
from gateway.span import Span

QUARTER = timedelta(minutes=15)
SEVEN = timedelta(days=7)
PLACE = st.integers(0, 7 * 96 - 1)


def _found() -> Forecast:
    """Forty days of three jobs a day that move about."""
    habit = fresh(ZoneInfo("UTC"))
    for step in range(40):
        day = date(2026, 3, 2) + timedelta(days=step)
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        starts = [midnight + timedelta(hours=(step * part * 5) % 21) for part in (1, 2, 3)]
        habit = learn(habit, day, [Span(start, start + timedelta(hours=2)) for start in starts])
    return forecast(habit, datetime(2026, 4, 11, tzinfo=UTC), SEVEN)


FOUND = _found()


def _span(first: int, last: int) -> Span:
    first, last = sorted((first, last))
    return Span(FOUND.start + QUARTER * first, FOUND.start + QUARTER * (last + 1))


@given(PLACE, PLACE)
def test_a_span_is_at_most_as_likely_idle_as_its_least_likely_quarter_hour(first: int, last: int) -> None:
    first, last = sorted((first, last))
    chance = FOUND.span(_span(first, last))
    assert 0 < chance <= FOUND.idle[first : last + 1].min() + 1e-12


@given(PLACE, PLACE, PLACE, PLACE)
@settings(max_examples=200)
def test_a_span_inside_another_is_never_less_likely_idle(one: int, two: int, three: int, four: int) -> None:
    first, second, third, fourth = sorted((one, two, three, four))
    assert FOUND.span(_span(second, third)) >= FOUND.span(_span(first, fourth)) - 1e-12


@given(PLACE, PLACE)
def test_a_span_is_at_least_as_likely_as_if_its_quarter_hours_knew_nothing_of_each_other(first: int, last: int) -> None:
    first, last = sorted((first, last))
    assert FOUND.span(_span(first, last)) >= FOUND.idle[first : last + 1].prod() - 1e-12


def test_a_span_that_begins_within_a_quarter_hour_counts_it_whole(settled_habit: Habit, life: Any) -> None:
    found = forecast(settled_habit, life.after(settled_habit), SEVEN)
    start = found.start + timedelta(hours=3)
    rough = Span(start + timedelta(minutes=4), start + timedelta(minutes=50))
    assert found.span(rough) == found.span(Span(start, start + timedelta(hours=1)))


def test_all_spans_of_a_length_are_those_asked_one_by_one() -> None:
    found = FOUND.spans(8)
    assert len(found) == 7 * 96 - 7
    assert found[100] == pytest.approx(FOUND.span(_span(100, 107)))


def test_beyond_its_end_the_forecast_says_nothing() -> None:
    with pytest.raises(ValueError, match="outside the forecast"):
        FOUND.at(FOUND.end)
    with pytest.raises(ValueError, match="outside the forecast"):
        FOUND.span(Span(FOUND.start - QUARTER, FOUND.start + QUARTER))


def test_a_machine_of_many_short_jobs_keeps_a_long_span_idle_less_often(life: Any) -> None:
    def jobs(count: int, length: float, period: int) -> Callable[[date], list[Span]]:
        def of(day: date) -> list[Span]:
            turn = day.toordinal() * 7 % period
            return [life.hours(day, turn + 4 * part, turn + 4 * part + length) for part in range(count)]

        return of

    many, one = life.lived(56, jobs(5, 0.25, 5)), life.lived(56, jobs(1, 1.25, 20))
    assert many.starts > one.starts
    ratios = []
    for habit in (many, one):
        found = forecast(habit, life.after(habit), timedelta(days=1))
        ratios.append(float((found.spans(32) / found.idle[: 96 - 31]).mean()))
    assert ratios[0] < ratios[1]
