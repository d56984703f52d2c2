"""Plans as plants send them: CSV with their own columns, JSON feeds, calendars; and how far a running order is."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from edge.errors import FileInvalid
from edge.plan import Margins, PlannedOrder, Progress, known, next_news, united
from edge.planrows import Fields, Reader, point
from gateway.span import Span

BERLIN = ZoneInfo("Europe/Berlin")
Moment = Callable[..., datetime]


@pytest.fixture
def read(monday: Moment) -> Callable[..., list[PlannedOrder]]:
    def run(text: str, form: Any = "csv", own: str | None = None, **fields: str) -> list[PlannedOrder]:
        within = Span(monday("00:00"), monday("00:00", 30))
        reader = Reader("plan", form, Fields(**fields), BERLIN, monday("09:00"), own, within)
        return reader.read(text.encode())

    return run


def test_a_plants_own_columns_and_its_own_way_to_write_times(read: Any, monday: Moment) -> None:
    text = "Anlage;Beginn;Ende;Auftrag\nM1;02.03.2026 10:00;02.03.2026 12:00;4711\n"
    columns = {"machine": "Anlage", "start": "Beginn", "end": "Ende", "order": "Auftrag"}
    found = read(text, delimiter=";", times="%d.%m.%Y %H:%M", **columns)
    assert found == [PlannedOrder("M1", Span(monday("10:00"), monday("12:00")), "4711")]


def test_a_feeds_items_are_found_by_their_pointers(read: Any, monday: Moment) -> None:
    text = """{"data": {"jobs": [{"on": {"id": "M1"}, "from": "2026-03-02T09:00:00Z", "to": "2026-03-02T11:00:00Z",
              "number": 4711}]}}"""
    pointers = {"machine": "/on/id", "start": "/from", "end": "/to", "order": "/number"}
    found = read(text, "json", items="/data/jobs", **pointers)
    assert found == [PlannedOrder("M1", Span(monday("10:00"), monday("12:00")), "4711")]


def test_a_calendars_events_are_orders_each_time_they_come(read: Any, monday: Moment) -> None:
    event = "DTSTART:20260302T090000Z\r\nDURATION:PT2H\r\nRRULE:FREQ=WEEKLY\r\nSUMMARY:4711\r\nLOCATION:M1"
    text = f"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\n{event}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    found = read(text, "ics")
    assert len(found) == 5
    assert found[0] == PlannedOrder("M1", Span(monday("10:00"), monday("12:00")), "4711")


def test_a_machines_own_plan_need_not_name_it(read: Any) -> None:
    text = "start,end,order\n2026-03-02T10:00,2026-03-02T12:00,4711\n"
    assert [order.machine for order in read(text, own="M1")] == ["M1"]
    with pytest.raises(FileInvalid, match="no column machine"):
        read(text)


def test_an_order_of_no_length_takes_no_time_and_one_that_is_listed_twice_takes_one_unit(
    read: Any, monday: Moment
) -> None:
    rows = "M1,2026-03-02T10:00,2026-03-02T10:00,milestone\nM1,2026-03-02T10:00,2026-03-02T12:00,A\n"
    rows += "M1,2026-03-02T11:00,2026-03-02T13:00,A\nM1,2026-03-02T15:00,2026-03-02T16:00,A\n"
    found = read(f"machine,start,end,order\n{rows}")
    assert [order.span for order in found] == [
        Span(monday("10:00"), monday("13:00")),
        Span(monday("15:00"), monday("16:00")),
    ]
    assert united(found) == found


@pytest.mark.parametrize(
    ("text", "form", "fields", "complaint"),
    [
        ("{", "json", {}, "plan: is not JSON"),
        ("{}", "json", {"items": "/jobs"}, "no list of orders at '/jobs'; set `items`"),
        ('[{"machine": "M1"}]', "json", {}, "plan: /0: start: is empty"),
        (
            "machine,start,end,order\nM1,2026-03-02T12:00,2026-03-02T10:00,A\n",
            "csv",
            {},
            "plan:2: start/end: .*exchange",
        ),
        ("machine,start,end,order\nM1,1.3.26,2026-03-02T10:00,A\n", "csv", {}, "plan:2: start/end: start: .*ISO 8601"),
        (
            "machine,start,end,order,n,c\nM1,2026-03-02T10:00,2026-03-02T12:00,A,many,1\n",
            "csv",
            {"quantity": "n", "cycle": "c"},
            "plan:2: quantity/made/cycle: expected numbers",
        ),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\nx", "ics", {}, "is not an RFC 5545 calendar"),
    ],
)
def test_a_plan_that_cannot_be_read_says_where(
    read: Any, text: str, form: str, fields: dict[str, str], complaint: str
) -> None:
    with pytest.raises(FileInvalid, match=complaint):
        read(text, form, **fields)


@pytest.mark.parametrize(
    ("pointer", "found"),
    [("", {"a/b": [{"~": 1}]}), ("/a~1b/0/~0", 1), ("/a~1b/1", None), ("/a~1b/x", None), ("/z", None)],
)
def test_json_pointers_are_those_of_rfc_6901(pointer: str, found: object) -> None:
    assert point({"a/b": [{"~": 1}]}, pointer) == found


def counted(monday: Moment, left: float, at: str = "11:00") -> PlannedOrder:
    progress = Progress(left, timedelta(minutes=10), monday(at))
    return PlannedOrder("M1", Span(monday("10:00"), monday("14:00")), "A", progress)


@pytest.mark.parametrize(
    ("now", "left", "end"),
    [("11:00", 6, "12:00"), ("11:00", 30, "16:00"), ("09:00", 6, "14:00"), ("11:30", 0, None)],
    ids=["sooner than planned", "later than planned", "it has not begun", "all are made"],
)
def test_a_running_order_ends_when_its_last_piece_is_made(
    monday: Moment, now: str, left: float, end: str | None
) -> None:
    found = known([counted(monday, left)], monday(now), timedelta(days=1))
    assert [order.span for order in found] == ([Span(monday("10:00"), monday(end))] if end else [])


def test_pieces_that_were_counted_before_it_began_say_nothing(monday: Moment) -> None:
    order = counted(monday, 6, at="08:00")
    assert known([order], monday("11:00"), timedelta(days=1)) == [order]


def test_the_start_of_a_counted_order_is_news(monday: Moment) -> None:
    assert next_news([counted(monday, 6)], monday("09:30"), timedelta(days=1)) == monday("10:00")


def test_an_order_is_known_until_it_is_cleaned_away(monday: Moment) -> None:
    order = PlannedOrder("M1", Span(monday("10:00"), monday("11:00")), "A")
    margins = Margins(timedelta(minutes=30), timedelta(minutes=15))
    assert known([order], monday("11:10"), timedelta(days=1), margins) == [order]
    assert known([order], monday("11:15"), timedelta(days=1), margins) == []
