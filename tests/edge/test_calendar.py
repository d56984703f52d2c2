"""Working time as it comes together: inherited from the site to the line to the machine, with all that changes it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.ics import IcsFile, parse
from edge.shifts import Calendar
from edge.week import Ics, WeekCalendar, falls_on
from gateway.span import Span, difference, total, union

BERLIN = ZoneInfo("Europe/Berlin")
SITE = {"week": {"mon-fri": ["06:00-14:00"]}}


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def calendar(*levels: dict[str, object], files: dict[Ics, IcsFile] | None = None) -> Calendar:
    site, *below = (WeekCalendar.model_validate(level) for level in levels)
    return Calendar(site, BERLIN, *below, files=files)


def week(found: Calendar, first: str = "2026-03-02", days: int = 7) -> list[str]:
    """Staffed spans of a week as `Mon 06:00-14:00`."""
    within = Span(local(first), local(first) + timedelta(days=days))
    spans = [(span.start.astimezone(BERLIN), span.end.astimezone(BERLIN)) for span in found.staffed(within)]
    return [f"{start:%a %H:%M}-{end:%H:%M}" for start, end in spans]


def test_a_machine_inherits_what_it_does_not_say() -> None:
    found = calendar(SITE, {"closed": ["2026-03-03"]}, {"closed": ["2026-03-05"]})
    assert week(found) == ["Mon 06:00-14:00", "Wed 06:00-14:00", "Fri 06:00-14:00"]


def test_a_machines_own_week_replaces_the_sites_and_not_its_holidays() -> None:
    found = calendar({**SITE, "holidays": ["03-04"]}, {"week": {"wed-thu": ["08:00-12:00"]}})
    assert week(found) == ["Thu 08:00-12:00"]


def test_a_machine_may_inherit_nothing() -> None:
    found = calendar({**SITE, "closed": ["2026-03-04"]}, {"week": {"wed": ["08:00-12:00"]}, "inherit": False})
    assert week(found) == ["Wed 08:00-12:00"]


def test_without_any_shifts_a_machine_works_around_the_clock() -> None:
    assert total(calendar({}).staffed(Span(local("2026-03-02"), local("2026-03-09")))) == timedelta(days=7)


def test_a_break_is_nobodys_time_and_the_machines_own_replace_the_sites() -> None:
    pause = {"breaks": [{"day": "mon-fri", "time": "10:00-10:15"}]}
    assert week(calendar({**SITE, **pause}), days=1) == ["Mon 06:00-10:00", "Mon 10:15-14:00"]
    assert week(calendar({**SITE, **pause}, {"breaks": []}), days=1) == ["Mon 06:00-14:00"]


def test_overtime_works_through_closures_of_above_and_none_of_below() -> None:
    overtime = {"open": [{"start": "2026-03-07T06:00", "end": "2026-03-07T10:00"}]}
    closed = {"closed": [{"from": "2026-03-02", "to": "2026-03-08"}]}
    assert week(calendar({**SITE, **closed}, overtime)) == ["Sat 06:00-10:00"]
    shut = {"closed": [{"start": "2026-03-07T08:00", "end": "2026-03-07T18:00"}]}
    assert week(calendar({**SITE, **closed}, overtime, shut)) == ["Sat 06:00-08:00"]


def test_a_closure_for_some_hours_leaves_the_rest_of_the_shift() -> None:
    half = {**SITE, "closed": [{"start": "2026-03-02T12:00", "end": "2026-03-02T23:00"}]}
    assert week(calendar(half), days=1) == ["Mon 06:00-12:00"]


def test_a_night_shift_is_closed_by_the_day_on_which_it_begins() -> None:
    night = {"week": {"mon-fri": ["22:00-06:00"]}, "closed": ["2026-03-03"]}
    assert week(calendar(night), "2026-03-02T12:00", 2) == ["Mon 22:00-06:00"]


@pytest.mark.parametrize(
    ("text", "year", "month", "day"),
    [("12-25", 2026, 12, 25), ("easter", 2026, 4, 5), ("easter+1", 2025, 4, 21), ("easter-2", 2026, 4, 3)],
)
def test_holidays_come_every_year(text: str, year: int, month: int, day: int) -> None:
    found = falls_on(text, year)
    assert found
    assert (found.month, found.day) == (month, day)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ({"week": {"mon": ["06:00-06:00"]}}, "has no length; write `00:00-24:00`"),
        ({"holidays": ["13-01"]}, "not a day of every year"),
        ({"holidays": ["christmas"]}, "not a day of every year"),
        ({"closed": [{"from": "2026-03-05", "to": "2026-03-02"}]}, "ends before it starts"),
        ({"open": [{"start": "2026-03-05T10:00", "end": "2026-03-05T10:00"}]}, "must end after it starts"),
        ({"ics": [{"url": "ftp://plant/x.ics"}]}, "http:// or https://"),
        ({"ics": [{}]}, "give a `file` or a `url`"),
        ({"ics": [{"file": "x.ics", "fresh": "3 d", "stale": "2 d"}]}, "must be shorter than `stale`"),
    ],
)
def test_what_nobody_can_mean_is_refused_with_a_remedy(text: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        WeekCalendar.model_validate(text)


def ics(*events: str) -> IcsFile:
    lines = "".join(f"BEGIN:VEVENT\r\nUID:{number}\r\n{each}\r\nEND:VEVENT\r\n" for number, each in enumerate(events))
    return parse(f"BEGIN:VCALENDAR\r\n{lines}END:VCALENDAR\r\n".encode(), "x.ics", BERLIN)


EARLY = "DTSTART;TZID=Europe/Berlin:20260105T060000\r\nDURATION:PT8H\r\nRRULE:FREQ=WEEKLY;BYDAY=MO,TU\r\nSUMMARY:Early"
LATE = "DTSTART;TZID=Europe/Berlin:20260105T120000\r\nDURATION:PT8H\r\nRRULE:FREQ=WEEKLY;BYDAY=MO\r\nSUMMARY:Late"
PAUSE = "DTSTART;TZID=Europe/Berlin:20260105T100000\r\nDURATION:PT30M\r\nRRULE:FREQ=DAILY\r\nX-BREAK:TRUE"
HOLIDAY = "DTSTART;VALUE=DATE:20260303\r\nSUMMARY:Founders' day\r\nCATEGORIES:HOLIDAY"
SERVICE = "DTSTART:20260302T050000Z\r\nDURATION:PT1H\r\nX-MAINTENANCE:TRUE\r\nSUMMARY:Oil"


def test_the_events_of_one_calendar_are_what_they_say_they_are_and_overlapping_shifts_are_one() -> None:
    source = Ics.model_validate({"file": "x.ics"})
    found = calendar({"ics": [source]}, files={source: ics(EARLY, LATE, PAUSE, HOLIDAY, SERVICE)})
    assert week(found) == ["Mon 06:00-10:00", "Mon 10:30-20:00"]
    assert found.maintenance(Span(local("2026-03-02"), local("2026-03-03"))) == [
        Span(local("2026-03-02T06:00"), local("2026-03-02T07:00"))
    ]
    assert found.why(local("2026-03-03T08:00")) == 'closed "Founders\' day"'
    assert found.why(local("2026-03-02T08:00")) == "shift 'Early'"
    assert found.why(local("2026-03-02T06:30")) == "maintenance 'Oil'"


def test_a_calendar_of_holidays_leaves_the_week_as_it_is() -> None:
    source = Ics.model_validate({"file": "x.ics", "as": "closures"})
    found = calendar({**SITE, "ics": [source]}, files={source: ics(HOLIDAY)})
    assert len(week(found)) == 4


def test_a_shift_calendar_of_a_machine_replaces_the_sites_week_also_in_weeks_without_a_shift() -> None:
    source = Ics.model_validate({"file": "x.ics"})
    once = ics("DTSTART:20260302T060000Z\r\nDURATION:PT8H")
    found = calendar(SITE, {"ics": [source]}, files={source: once})
    assert (week(found, "2026-03-02"), week(found, "2026-03-09")) == (["Mon 07:00-15:00"], [])


def test_only_events_of_the_wanted_category_count() -> None:
    source = Ics.model_validate({"file": "x.ics", "category": "press"})
    found = calendar({"ics": [source]}, files={source: ics(EARLY, LATE + "\r\nCATEGORIES:Press")})
    assert week(found) == ["Mon 12:00-20:00"]


times = st.sampled_from(["00:00", "01:30", "02:00", "02:30", "03:00", "06:00", "14:00", "22:00"])
shifts = st.tuples(times, times).filter(lambda pair: pair[0] != pair[1]).map("-".join)


@given(
    st.lists(shifts, min_size=1, max_size=3),
    st.lists(shifts, max_size=2),
    st.sampled_from(["2026-03-28", "2026-10-24", "2026-06-06"]),
    st.integers(1, 60),
)
def test_staffed_and_dark_time_divide_every_day_also_those_on_which_the_clock_changes(
    week: list[str], breaks: list[str], first: str, hours: int
) -> None:
    found = calendar({"week": {"mon-sun": week}, "breaks": [{"day": "mon-sun", "time": each} for each in breaks]})
    within = Span(local(first), local(first) + timedelta(hours=hours))
    staffed = found.staffed(within)
    assert staffed == union(staffed)
    assert total(staffed) + total(difference([within], staffed)) == within.duration
    whole = Span(local(first), local(first) + timedelta(days=3))
    clipped = [span.intersection(within) for span in found.staffed(whole)]
    assert union(span for span in clipped if span) == staffed, "a window shows the same time as a longer one"


@given(st.sampled_from(["2026-03-29", "2026-10-25"]), st.integers(0, 24 * 4 - 1))
def test_on_a_change_day_an_instant_is_staffed_exactly_when_the_wall_clock_says_so(day: str, quarter: int) -> None:
    found = calendar({"week": {"mon-sun": ["00:00-02:00", "04:00-22:00"]}})
    instant = local(day).astimezone(UTC) + timedelta(minutes=15 * quarter)
    shows = instant.astimezone(BERLIN)
    staffed = bool(found.staffed(Span(instant, instant + timedelta(minutes=1))))
    assert staffed == (shows.hour < 2 or 4 <= shows.hour < 22)
