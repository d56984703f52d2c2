"""Working time in the plant's own zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shifts import Calendar, WeekCalendar, weekdays
from gateway.span import Span, total, union

BERLIN = ZoneInfo("Europe/Berlin")


def calendar(**week: object) -> Calendar:
    return Calendar(WeekCalendar.model_validate(week), BERLIN)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def week_of(text: str) -> Span:
    start = local(text)
    return Span(start, start + timedelta(days=7))


def test_touching_shifts_make_one_span() -> None:
    found = calendar(week={"mon": ["06:00-14:00", "14:00-22:00"]}).staffed(week_of("2026-03-02"))
    assert found == [Span(local("2026-03-02T06:00"), local("2026-03-02T22:00"))]


def test_a_night_shift_reaches_in_from_the_day_before() -> None:
    night = calendar(week={"sun": ["22:00-06:00"]})
    found = night.staffed(Span(local("2026-03-02T00:00"), local("2026-03-03T00:00")))
    assert found == [Span(local("2026-03-02T00:00"), local("2026-03-02T06:00"))]


@pytest.mark.parametrize(
    ("saturday", "hours"),
    [("2026-03-28", 7), ("2026-10-24", 9), ("2026-03-21", 8)],
    ids=["spring forward", "fall back", "ordinary"],
)
def test_a_night_shift_follows_the_wall_clock_through_daylight_saving(saturday: str, hours: int) -> None:
    night = calendar(week={"sat": ["22:00-06:00"]})
    start = local(f"{saturday}T12:00")
    assert total(night.staffed(Span(start, start + timedelta(days=1)))) == timedelta(hours=hours)


def test_an_hour_that_does_not_exist_is_no_working_time() -> None:
    assert calendar(week={"sun": ["02:00-03:00"]}).staffed(week_of("2026-03-23")) == []


def test_around_the_clock_has_no_seams_in_a_week_with_daylight_saving() -> None:
    within = week_of("2026-03-23")
    assert calendar(week={"mon-sun": ["00:00-24:00"]}).staffed(within) == [within]


def test_nobody_works_on_a_closed_day() -> None:
    shut = calendar(
        week={"mon-fri": ["06:00-14:00"]}, closed=["2026-03-03", {"from": "2026-03-05", "to": "2026-03-06"}]
    )
    days = [span.start.astimezone(BERLIN).weekday() for span in shut.staffed(week_of("2026-03-02"))]
    assert days == [0, 2]


def test_maintenance_comes_weekly_or_once() -> None:
    kept = calendar(
        week={},
        maintenance=[
            {"day": "sat", "time": "06:00-08:00"},
            {"start": "2026-03-04T10:00", "end": "2026-03-04T11:00"},
        ],
    )
    assert kept.maintenance(week_of("2026-03-02")) == [
        Span(local("2026-03-04T10:00"), local("2026-03-04T11:00")),
        Span(local("2026-03-07T06:00"), local("2026-03-07T08:00")),
    ]


@pytest.mark.parametrize(
    ("text", "days"),
    [("mon-fri", (0, 1, 2, 3, 4)), ("sat", (5,)), ("fri-mon", (4, 5, 6, 0)), ("mon, wed", (0, 2))],
)
def test_days_are_written_as_people_do(text: str, days: tuple[int, ...]) -> None:
    assert weekdays(text) == days


@pytest.mark.parametrize("shift", ["6-14", "06:00", "25:00-26:00", "06:70-07:00", "24:30-25:00"])
def test_a_shift_that_nobody_can_read_is_refused(shift: str) -> None:
    with pytest.raises(ValueError, match=r"time of day|not a shift"):
        calendar(week={"mon": [shift]})


@given(
    start=st.integers(1_577_880_000, 1_893_456_000).map(lambda at: datetime.fromtimestamp(at, UTC)),
    hours=st.integers(1, 24 * 40),
)
def test_staffed_time_is_sorted_disjoint_and_inside_whatever_the_window(start: datetime, hours: int) -> None:
    within = Span(start, start + timedelta(hours=hours))
    found = calendar(week={"mon-fri": ["22:00-06:00", "05:00-14:00"], "sun": ["01:30-02:30"]}).staffed(within)
    assert found == union(found)
    assert all(within.covers(span) for span in found)
