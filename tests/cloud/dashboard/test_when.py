"""Moments and durations as people say them, and the marks of the time axis."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from cloud.dashboard.fake import NOW
from cloud.dashboard.plant.ticks import ticks
from cloud.dashboard.when import When, zone_named
from cloud.dashboard.words import Words
from gateway.span import Span

H = timedelta(hours=1)
VIENNA = When(NOW, zone_named("Europe/Vienna"), Words("en"))
CHINESE = When(NOW, zone_named("Asia/Shanghai"), Words("zh"))


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        pytest.param(-1, "13:00", id="today"),
        pytest.param(12, "Wed 02:00", id="tomorrow"),
        pytest.param(-7 * 24, "Tue 21 Feb 14:00", id="a week ago"),
        pytest.param(-400 * 24, "Mon 24 Jan 2011 14:00", id="another year"),
    ],
)
def test_a_moment_is_as_short_as_it_stays_clear(hours, said):
    assert VIENNA.moment(NOW + hours * H) == said


def test_a_moment_in_chinese():
    assert CHINESE.moment(NOW - 8 * 24 * H) == "2月20日 周一 21:00"


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (8, 16, "22:00 \N{EN DASH} 06:00"),
        (0, 2, "14:00 \N{EN DASH} 16:00"),
        (10, 58, "Wed 00:00 \N{EN DASH} Fri 00:00"),
    ],
)
def test_a_span_names_its_second_day_only_where_it_is_longer_than_a_night(start, end, said):
    assert VIENNA.span(Span(NOW + start * H, NOW + end * H)) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "0 s"), (40, "40 s"), (720, "12 min"), (7500, "2 h 05 min"), (3600 * 76, "3 d 4 h")],
)
def test_a_duration_has_two_units_at_most(seconds, said):
    assert VIENNA.long(timedelta(seconds=seconds)) == said


def test_a_zone_that_this_system_does_not_know_is_utc():
    assert zone_named("Mars/Olympus") is UTC


@pytest.mark.parametrize(
    ("back", "labels"),
    [
        (4, ["10:00", "12:00", "14:00", "16:00"]),
        (12, ["06:00", "12:00", "18:00", "Wed 29 Feb"]),
        (48, ["Mon 27 Feb", "12:00", "Tue 28 Feb", "12:00", "Wed 29 Feb", "12:00", "Thu 1 Mar", "12:00"]),
        (168, ["Wed 22", "Thu 23", "Fri 24", "Sat 25", "Sun 26", "Mon 27", "Tue 28"]),
    ],
)
def test_the_axis_is_marked_on_full_hours_of_the_plant(back, labels):
    window = Span(NOW - back * H, NOW + back * H)
    assert [tick.label for tick in ticks(window, VIENNA)][: len(labels)] == labels


def test_a_midnight_is_a_major_mark():
    majors = [tick.at for tick in ticks(Span(NOW - 24 * H, NOW + 24 * H), VIENNA) if tick.major]
    assert majors == [datetime(2012, 2, 27, 23, tzinfo=UTC), datetime(2012, 2, 28, 23, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("day", "gaps"),
    [
        pytest.param(datetime(2012, 3, 25, tzinfo=UTC), {5, 6}, id="the clock goes forward"),
        pytest.param(datetime(2012, 10, 28, tzinfo=UTC), {7, 6}, id="the clock goes back"),
    ],
)
def test_marks_stay_on_the_wall_clock_when_it_changes(day, gaps):
    marks = [tick.at for tick in ticks(Span(day - 12 * H, day + 36 * H), VIENNA)]
    assert {(later - sooner) / H for sooner, later in pairwise(marks)} == gaps
