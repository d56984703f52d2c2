"""Business time: one clock, scaled, shared by environment."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.clock import VARIABLE, Clock, check_speed
from gateway.errors import UsageError


def test_without_a_word_business_time_is_wall_time() -> None:
    assert abs(Clock.from_environment({}).now() - datetime.now(UTC)) < timedelta(seconds=1)


def test_a_clock_survives_the_environment() -> None:
    clock = Clock(60.0, 1767225600.125, datetime(2012, 2, 27, 6, tzinfo=UTC))
    assert Clock.from_environment({VARIABLE: str(clock)}) == clock


def test_a_fast_clock_makes_an_hour_a_minute() -> None:
    clock = Clock(60.0)
    assert clock.business(timedelta(minutes=1)) == timedelta(hours=1)
    assert 59 < clock.seconds_until(clock.now() + timedelta(hours=1)) <= 60
    assert clock.seconds_until(clock.now() - timedelta(hours=1)) == 0


@pytest.mark.parametrize("speed", [0, -1, 3601, float("nan")])
def test_an_impossible_speed_is_refused_with_the_range(speed: float) -> None:
    with pytest.raises(UsageError, match="at most 3600"):
        check_speed(speed)


@pytest.mark.parametrize("text", ["yesterday", "2012-02-27T06:00:00@1x60", "2012-02-27T06:00:00Z@1x9999"])
def test_an_unreadable_clock_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Clock.from_environment({VARIABLE: text})
