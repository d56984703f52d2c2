"""Machines whose ways are known, so that what the forecast says of them can be judged."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from edge.forecast import Habit, fresh, learn
from gateway.span import Span

MONDAY = date(2026, 3, 2)
ZONE = ZoneInfo("UTC")


class Life:
    """Ways to live, and lives lived like that."""

    MONDAY = MONDAY
    ZONE = ZONE

    @staticmethod
    def hours(day: date, first: float, last: float) -> Span:
        """A span of one UTC day, in hours after midnight."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return Span(midnight + timedelta(hours=first), midnight + timedelta(hours=last))

    @staticmethod
    def one_shift(day: date) -> list[Span]:
        """Monday to Friday, six to fourteen."""
        return [Life.hours(day, 6, 14)] if day.weekday() < 5 else []

    @staticmethod
    def lived(days: int, ways: Callable[[date], list[Span]] | None = None, habit: Habit | None = None) -> Habit:
        """A machine that has lived like that for so many days, from a Monday or from what it learnt last."""
        ways, habit = ways or Life.one_shift, habit or fresh(ZONE)
        first = habit.last + timedelta(days=1) if habit.last else MONDAY
        for step in range(days):
            day = first + timedelta(days=step)
            habit = learn(habit, day, ways(day))
        return habit

    @staticmethod
    def after(habit: Habit) -> datetime:
        """The midnight that follows the last learnt day."""
        assert habit.last is not None
        day = habit.last + timedelta(days=1)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)


@pytest.fixture(scope="session")
def life() -> type[Life]:
    return Life


@pytest.fixture(scope="session")
def settled_habit() -> Habit:
    """Eight weeks of one shift; the next day is a Monday."""
    return Life.lived(56)
