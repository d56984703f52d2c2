"""RFC 5545 calendars: what is read, what is refused with a clear word, and that none without end ever blows up."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from edge.errors import FileInvalid
from edge.ics import IcsFile, parse
from gateway.span import Span

BERLIN = ZoneInfo("Europe/Berlin")
Event = Callable[..., str]


def event(*lines: str, uid: str = "one") -> str:
    return "\n".join(("BEGIN:VEVENT", f"UID:{uid}", *lines, "END:VEVENT"))


def read(*events: str) -> IcsFile:
    text = "\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//plant//EN", *events, "END:VCALENDAR", ""))
    return parse(text.replace("\n", "\r\n").encode(), "shifts.ics", BERLIN)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def spans(file: IcsFile, first: str, days: int) -> list[Span]:
    return [each.span for each in file.within(Span(local(first), local(first) + timedelta(days=days)))]


def test_an_event_that_repeats_comes_as_often_as_its_rule_says_without_its_exceptions() -> None:
    file = read(
        event(
            "DTSTART;TZID=Europe/Berlin:20260105T060000",
            "DTEND;TZID=Europe/Berlin:20260105T140000",
            "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE",
            "EXDATE;TZID=Europe/Berlin:20260303T060000",
        )
    )
    assert spans(file, "2026-03-02", 7) == [
        Span(local("2026-03-02T06:00"), local("2026-03-02T14:00")),
        Span(local("2026-03-04T06:00"), local("2026-03-04T14:00")),
    ]


def test_one_day_that_was_moved_is_moved() -> None:
    start, end = "DTSTART;TZID=Europe/Berlin:20260302T060000", "DTEND;TZID=Europe/Berlin:20260302T140000"
    moved = ("DTSTART;TZID=Europe/Berlin:20260303T100000", "DTEND;TZID=Europe/Berlin:20260303T120000")
    file = read(
        event(start, end, "RRULE:FREQ=DAILY;COUNT=3"),
        event("RECURRENCE-ID;TZID=Europe/Berlin:20260303T060000", *moved),
    )
    assert [f"{span.start.astimezone(BERLIN):%d %H:%M}" for span in spans(file, "2026-03-02", 7)] == [
        "02 06:00",
        "03 10:00",
        "04 06:00",
    ]


def test_an_event_without_a_zone_is_on_the_plants_clock() -> None:
    file = read(event("DTSTART:20260302T060000", "DTEND:20260302T140000"))
    assert spans(file, "2026-03-02", 1) == [Span(local("2026-03-02T06:00"), local("2026-03-02T14:00"))]


def test_a_date_is_the_plants_whole_day() -> None:
    (day,) = read(event("DTSTART;VALUE=DATE:20260329")).within(Span(local("2026-03-29"), local("2026-03-30")))
    assert (day.whole_days, day.span.hours) == (True, 23.0), "the day on which the clock goes forward"


@pytest.mark.parametrize(("saturday", "hours"), [("20260328", 7.0), ("20261024", 9.0), ("20260321", 8.0)])
def test_a_shift_that_repeats_follows_the_wall_clock_through_daylight_saving(saturday: str, hours: float) -> None:
    night = read(
        event(
            "DTSTART;TZID=Europe/Berlin:20260103T220000",
            "DTEND;TZID=Europe/Berlin:20260104T060000",
            "RRULE:FREQ=WEEKLY",
        )
    )
    day = f"{saturday[:4]}-{saturday[4:6]}-{saturday[6:]}"
    assert [span.hours for span in spans(night, f"{day}T12:00", 1)] == [hours]


def test_a_calendar_without_end_is_read_for_a_month_in_a_moment() -> None:
    file = read(event("DTSTART:19700101T060000", "DTEND:19700101T140000", "RRULE:FREQ=DAILY"))
    start = time.thread_time()
    assert len(spans(file, "2026-03-02", 28)) == 28
    assert time.thread_time() - start < 3.0
    start = time.thread_time()
    assert len(spans(file, "2026-03-02", 28)) == 28
    assert time.thread_time() - start < 0.005, "and is not worked out twice"


def test_the_far_future_costs_no_more_memory_than_the_present() -> None:
    file = read(event("DTSTART:20260101T060000", "DTEND:20260101T140000", "RRULE:FREQ=DAILY"))
    for month in range(24):
        file.within(
            Span(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=31 * month), datetime(2028, 2, 1, tzinfo=UTC))
        )
        assert len(file._chunks) <= 4


@pytest.mark.parametrize(
    ("lines", "note"),
    [
        (("DTSTART:20260302T060000", "DTEND:20260302T060000"), "event 'one': has no length"),
        (("DTSTART:20260302T060000",), "event 'one': has no length"),
        (("DTSTART:20260302T060000", "DTEND:20260302T070000", "STATUS:CANCELLED"), "event 'one': was cancelled"),
    ],
    ids=["of no length", "without an end", "cancelled"],
)
def test_an_event_that_counts_for_nothing_is_told(lines: tuple[str, ...], note: str) -> None:
    file = read(event(*lines))
    assert spans(file, "2026-03-02", 1) == []
    assert note in file.ignored[0]


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        (("DTSTART:20260302T080000", "DTEND:20260302T060000"), "'one': ends before it starts.*exchange"),
        (("DTSTART;TZID=Nowhere/Atall:20260302T080000", "DURATION:PT1H"), "nobody knows the zone 'Nowhere/Atall'"),
        (("DTSTART:2026", "DURATION:PT1H"), "'one': DTSTART: .*correct it"),
        (("DURATION:PT1H",), "'one': has no DTSTART"),
        (("DTSTART:20260302T080000", "DURATION:PT1H", "RRULE:FREQ=SOMETIMES"), "'one': RRULE: "),
        (("DTSTART:20260302T080000", "DURATION:PT1S", "RRULE:FREQ=SECONDLY"), "repeats 86400 times a day"),
        (
            ("DTSTART:20260302T080000", "DURATION:PT1S", "RRULE:FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=1,2,3,4,5,6,7,8,9"),
            "repeats 27 times a day",
        ),
        (("DTSTART:19700101T000000", "DURATION:PT1H", "RRULE:FREQ=HOURLY"), "give it a later DTSTART"),
    ],
    ids=["reversed", "no such zone", "no time", "no start", "no rule", "every second", "too often", "since 1970"],
)
def test_an_event_that_nobody_can_be_sure_of_refuses_the_calendar(lines: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(FileInvalid, match=f"shifts.ics: event .*{complaint}"):
        read(event(*lines))


@pytest.mark.parametrize("body", [b"", b"garbage", b"\xff\xfe\x00", b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR"])
def test_what_is_no_calendar_says_so(body: bytes) -> None:
    with pytest.raises(FileInvalid, match="is not an RFC 5545 calendar"):
        parse(body, "shifts.ics", BERLIN)
