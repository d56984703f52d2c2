"""The rows that the machine's chart draws say what the API said, on one axis."""

from datetime import datetime, timedelta

from cloud.dashboard.fake import NOW
from cloud.dashboard.machine import lanes
from cloud.dashboard.machine.seen import Seen
from cloud.telemetry.wire import Rollups
from gateway.span import Span

HOUR = timedelta(hours=1)


def at(hours: float) -> datetime:
    return NOW + hours * HOUR


def seconds(hours: float) -> int:
    return round(at(hours).timestamp())


def stack(rows, hour):
    """What lies over an instant, from the foot to the top: type, low, high."""
    here = [row for row in rows if row[0] <= seconds(hour) < row[1]]
    return [(lanes.LEDGER[row[2]], row[4], row[5]) for row in sorted(here, key=lambda row: row[4])]


def test_the_ledger_is_the_statement_piece_by_piece(make):
    told = make.capacity(
        (at(0), at(2), "Committed", 1), (at(2), at(3), "Unattainable", 1), (at(3), at(8), "Available", 1)
    )
    rows = lanes.pieces(told, (), 1)
    assert [(row[0], row[1], lanes.LEDGER[row[2]]) for row in rows] == [
        (seconds(0), seconds(2), "Committed"),
        (seconds(2), seconds(3), "Unattainable"),
        (seconds(3), seconds(8), "Available"),
    ]


def test_a_booking_takes_its_hours_out_of_what_is_available(make):
    told = make.capacity((at(0), at(8), "Available", 1), claims=[make.claim(at(2), at(5))])
    rows = lanes.pieces(told, (), 1)
    assert [(row[0], row[1], lanes.LEDGER[row[2]]) for row in rows] == [
        (seconds(0), seconds(2), "Available"),
        (seconds(2), seconds(5), "Booked"),
        (seconds(5), seconds(8), "Available"),
    ]


def test_a_booking_that_is_over_took_its_hours_too(make):
    told = make.capacity((at(-8), at(0), "Available", 1))
    rows = lanes.pieces(told, [make.booking(at(-6), at(-4), "METERED"), make.booking(at(-3), at(-2), "CANCELLED")], 1)
    assert stack(rows, -5) == [("Booked", 0.0, 1.0)]
    assert stack(rows, -2.5) == [("Available", 0.0, 1.0)]


def test_a_pool_is_stacked_and_comes_to_all_of_it(make):
    pieces = [(at(0), at(8), "Available", 2), (at(0), at(4), "Committed", 1), (at(0), at(8), "Unattainable", 1)]
    rows = lanes.pieces(make.capacity(*pieces, claims=[make.claim(at(1), at(2))]), (), 4)
    assert stack(rows, 1) == [
        ("Unattainable", 0.0, 0.25),
        ("Committed", 0.25, 0.5),
        ("Booked", 0.5, 0.75),
        ("Available", 0.75, 1.0),
    ]
    assert stack(rows, 5) == [("Unattainable", 0.0, 0.25), ("Available", 0.25, 0.75)]


def test_what_a_silent_machine_does_since_is_not_sure(make):
    machine = make.machine(fresh=False, last_receipt_at=at(-1))
    seen = Seen(machine, Span(at(-8), at(8)), NOW, make.states((at(-5), None, "Executing")))
    assert [row[:4] for row in lanes.states(seen)] == [
        [seconds(-5), seconds(-1), 0, 1],
        [seconds(-1), seconds(0), 0, 0],
    ]


def test_a_piece_of_many_changes_tells_the_share_of_each(make):
    states = make.states((at(-2), at(-1), "Executing"))
    band = states.items[0].model_copy(update={"changes": 7, "shares": {"Executing": 2000.0, "OutOfService": 1600.0}})
    seen = Seen(make.machine(), Span(at(-8), at(8)), NOW, states.model_copy(update={"items": (band,)}))
    assert lanes.states(seen)[0][4] == 7
    assert lanes.states(seen)[0][7] == [2000.0, 0, 1600.0, 0]


def test_bookings_of_a_pool_lie_beside_one_another(make):
    booked = (
        make.booking(at(0), at(4)),
        make.booking(at(2), at(6), id="bkg_2"),
        make.booking(at(5), at(7), id="bkg_3"),
    )
    seen = Seen(make.machine(quantity=2), Span(at(-8), at(8)), NOW, bookings=booked)
    assert [(row[9], row[2], row[3]) for row in lanes.bookings(seen)] == [
        ("bkg_1", 0, 2),
        ("bkg_2", 1, 2),
        ("bkg_3", 0, 2),
    ]


def test_a_hold_is_drawn_beside_the_bookings(make):
    capacity = make.capacity(claims=[make.claim(at(1), at(2), "HELD", id="hld_1")])
    seen = Seen(make.machine(), Span(at(-8), at(8)), NOW, capacity=capacity)
    assert [(row[8], row[9]) for row in lanes.bookings(seen)] == [(1, "hld_1")]


def test_a_day_behind_is_one_stack_of_its_hours(make):
    day = {
        "start": at(-24 * 30),
        "states": [],
        "ledger": [
            {"kind": "offer", "name": "Available", "seconds": 12 * 3600, "begun": 1},
            {"kind": "offer", "name": "Committed", "seconds": 12 * 3600, "begun": 1},
            {"kind": "claim", "name": "METERED", "seconds": 6 * 3600, "begun": 2},
            {"kind": "claim", "name": "CANCELLED", "seconds": 3 * 3600, "begun": 1},
        ],
    }
    days = Rollups.model_validate({"machine_id": "mch_1", "width": "day", "zone": "UTC", "items": [day]})
    seen = Seen(make.machine(), Span(at(-24 * 90), at(0)), NOW, days=days)
    assert stack(lanes.ledger(seen), -24 * 30 + 1) == [
        ("Committed", 0.0, 0.5),
        ("Booked", 0.5, 0.75),
        ("Available", 0.75, 1.0),
    ]


def test_all_lanes_speak_of_the_same_seconds(make):
    seen = Seen(
        make.machine(),
        Span(at(-8), at(8)),
        NOW,
        make.states((at(-3), at(-1), "Executing"), gaps=[{"start": at(-3), "end": at(-1), "reason": "cut"}]),
        make.capacity((at(-3), at(-1), "Available", 1)),
        bookings=(make.booking(at(-3), at(-1)),),
    )
    edges = [rows[0][:2] for rows in (lanes.states(seen), lanes.gaps(seen), lanes.ledger(seen), lanes.bookings(seen))]
    assert edges == [[seconds(-3), seconds(-1)]] * 4
