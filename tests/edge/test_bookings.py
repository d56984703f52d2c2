"""Booked jobs as the plant's planner gets them: a calendar that other programs read, and rows for a spreadsheet."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

from icalendar import Calendar

from edge.bookings import COLUMNS, ics, listed, table
from edge.orders.admission import OrderMode
from edge.orders.asked import Asked
from edge.orders.record import OrderRecord, Phase
from gateway.messages import Order

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def order(booking: str = "bkg_1", **changes: Any) -> Order:
    usual = {"revision": 1, "machine": "Mill-1", "start": NOON, "end": NOON + HOUR, "not_after": NOON + HOUR / 2}
    return Order.model_validate({"booking": booking, "work_master": "pocket", "quantity": 40, **usual, **changes})


def record(booking: str = "bkg_1", phase: Phase = Phase.STORED, *, of: Order | None = None, **rest: Any) -> OrderRecord:
    return OrderRecord(order=of or order(booking), mode=OrderMode.STORE, phase=phase, **rest)


def asked(each: Order) -> Asked:
    return Asked(order=each, at=NOON - HOUR, until=NOON - HOUR / 2)


def events(records: list[OrderRecord], waiting: list[Asked]) -> dict[str, Any]:
    found = Calendar.from_ical(ics(listed(records, waiting), "agt_1"))
    assert not found.errors
    return {str(event["uid"]): event for event in found.walk("VEVENT")}


def test_a_booking_is_an_event_with_its_machine_work_and_hours() -> None:
    (event,) = events([record()], []).values()
    assert (event["uid"], event["status"], event["sequence"]) == ("bkg_1.agt_1@thirdshift", "CONFIRMED", 0 + 1)
    assert (event.decoded("dtstart"), event.decoded("dtend")) == (NOON, NOON + HOUR)
    assert event["summary"] == "Mill-1: pocket, 40 pieces (bkg_1)"
    assert event["location"] == "Mill-1"
    assert "dtstamp" in event


def test_one_uid_goes_from_tentative_to_confirmed_to_cancelled_with_a_growing_sequence() -> None:
    stages = [
        events([], [asked(order())]),
        events([record()], []),
        events([record(cancelled="by the booker")], []),
        events([], [asked(order(revision=2))]),
        events([record(of=order(revision=2))], []),
    ]
    seen = [(uid, str(event["status"]), int(event["sequence"])) for stage in stages for uid, event in stage.items()]
    assert {uid for uid, _, _ in seen} == {"bkg_1.agt_1@thirdshift"}
    assert [status for _, status, _ in seen] == ["TENTATIVE", "CONFIRMED", "CANCELLED", "TENTATIVE", "CONFIRMED"]
    assert [sequence for _, _, sequence in seen] == [0, 1, 2, 3, 4]


def test_of_a_booking_only_the_highest_revision_is_shown() -> None:
    (event,) = events(
        [record(cancelled="replaced by revision 2"), record(of=order(revision=2, quantity=9))], []
    ).values()
    assert "9 pieces" in event["summary"]
    assert event["status"] == "CONFIRMED"


def test_what_never_ran_is_cancelled_and_what_ran_stays() -> None:
    never = record("bkg_1", Phase.DONE, outcome="no_show")
    broken = record("bkg_2", Phase.DONE, outcome="aborted", started=NOON, ended=NOON + HOUR / 2, good_quantity=7)
    found = events([never, broken], [])
    assert [str(event["status"]) for event in found.values()] == ["CANCELLED", "CONFIRMED"]
    assert "7 good pieces" in found["bkg_2.agt_1@thirdshift"]["description"]


def test_nothing_booked_is_a_calendar_too() -> None:
    assert events([], []) == {}


def test_a_partners_text_breaks_no_line_of_the_calendar_and_is_no_formula() -> None:
    evil = '=HYPERLINK("http://x")\r\nATTENDEE:mailto:a@b'
    (event,) = events([record(of=order(material=evil))], []).values()
    assert "attendee" not in event
    (row,) = list(csv.DictReader(io.StringIO(table(listed([record(of=order(material=evil))], [])).decode())))
    assert row["material"].startswith("'=HYPERLINK")


def test_the_rows_have_a_heading_and_one_line_for_each_booking() -> None:
    body = table(
        listed([record(of=order(parameters={"rpm": 900}))], [asked(order("bkg_2", start=NOON - HOUR))])
    ).decode()
    rows = list(csv.DictReader(io.StringIO(body)))
    assert tuple(rows[0]) == COLUMNS
    assert [(row["booking"], row["status"], row["phase"]) for row in rows] == [
        ("bkg_2", "TENTATIVE", "asked"),
        ("bkg_1", "CONFIRMED", "stored"),
    ]
    assert (rows[1]["start"], rows[1]["parameters"]) == ("2026-03-02T12:00:00+00:00", '{"rpm":900}')
