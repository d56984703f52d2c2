"""What stands beside the chart: lines, tiles, tables, and a machine's details as text."""

from datetime import timedelta

import pytest

from cloud.dashboard.fake import NOW
from cloud.dashboard.figures import short
from cloud.dashboard.plant.details import facts, free, past, taken
from cloud.dashboard.plant.say import css_name, machine_line, partner_of, tiles
from cloud.dashboard.plant.table import bookings_html, facts_html, lines, list_html, ordered
from cloud.dashboard.plant.totals import totals
from cloud.dashboard.when import When, zone_named
from cloud.dashboard.words import Words
from cloud.registry.model import Site

H = timedelta(hours=1)
WHEN = When(NOW, zone_named("Europe/Vienna"), Words("en"))


def test_a_line_says_state_since_when_for_whom_and_when_it_was_heard_of(make):
    machine = make.machine(state_since=NOW - 2 * H, origin="bkg_01hzzzzzzzzzzzzzzzzzzzabcdef")
    line = machine_line(machine, WHEN, NOW + timedelta(seconds=9))
    assert (line.state, line.since) == ("Executing · Processing", "since 12:00 (2 h 00 min)")
    assert (line.origin, line.heard, line.fresh) == ("for a booking", "heard just now", True)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"fresh": False, "last_receipt_at": NOW - 3 * H}, "silent for 3 h 00 min"),
        ({"fresh": True, "last_receipt_at": NOW - H / 10}, "heard 6 min ago"),
        ({"fresh": False, "last_receipt_at": None}, "never heard of"),
    ],
)
def test_a_line_says_how_fresh_it_is(make, given, said):
    assert machine_line(make.machine(**given), WHEN, NOW).heard == said


def test_a_machine_without_a_state_says_so(make):
    line = machine_line(make.machine(state=None, mode=None, state_since=None, origin=None), WHEN, NOW)
    assert (line.state, line.since, line.origin, line.state_class) == ("unknown", "no state yet", "", "unknown")


@pytest.mark.parametrize(
    ("state", "name"), [("NotExecuting", "not-executing"), ("Executing", "executing"), (None, "unknown")]
)
def test_states_have_a_class_that_colours_them(state, name):
    assert css_name(state) == name


def test_tiles_say_hours_and_what_they_are_made_of(make):
    bookings = (
        make.booking(NOW + H, NOW + 3 * H),
        make.booking(NOW - 5 * H, NOW - H, "METERED", id="bkg_2", meter={"run_hours": 1.6}),
    )
    plant = make.plant(
        machines=(make.machine(),),
        capacity={"mch_1": make.capacity((NOW, NOW + 150 * H, "Available", 1))},
        bookings=bookings,
    )
    assert [(tile.figure, tile.note) for tile in tiles(totals(plant, NOW), WHEN.words)] == [
        ("1", "1 executing now"),
        ("150", "150 h of them still free"),
        ("6.0", "2.0 h ahead in one booking"),
        ("1.6", "40 % of the hours metered"),
    ]


def test_an_id_is_shortened_in_its_middle_since_ids_of_one_day_begin_alike():
    assert short("bkg_01hzzzzzzzzzzzzzzzzzzzabcdef") == "bkg_…zzabcdef"
    assert short("plant") == "plant"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"role": "provider", "booker_id": "ent_guest"}, ("for ent_guest", "ent_guest")),
        ({"role": "booker", "provider_id": "ent_host"}, ("at ent_host", "ent_host")),
        ({"role": "booker", "provider_id": "ent_host", "provider_name": "Host"}, ("at Host", "ent_host")),
        ({"role": "provider", "booker_id": "ent_own"}, ("own enterprise", "ent_own")),
    ],
)
def test_the_partner_is_the_other_side(make, given, said):
    assert partner_of(make.booking(NOW, NOW + H, **given), make.plant().enterprise, WHEN.words) == said


def test_what_comes_is_on_top_soonest_first_and_what_was_follows_latest_first(make):
    spans = {"bkg_a": (-9, "METERED"), "bkg_b": (5, "CONFIRMED"), "bkg_c": (-1, "RUNNING"), "bkg_d": (-4, "METERED")}
    bookings = [make.booking(NOW + at * H, NOW + (at + 2) * H, state, id=id_) for id_, (at, state) in spans.items()]
    assert [booking.id for booking in ordered(bookings, NOW)] == ["bkg_c", "bkg_b", "bkg_d", "bkg_a"]


def test_the_table_says_how_much_of_a_booking_was_delivered_and_how_it_ended(make):
    meter = {"outcome": "ABORTED", "share": 0.4, "run_hours": 0.8}
    price = {"amount": "1170.5", "currency": "EUR"}
    booking = make.booking(NOW - 3 * H, NOW - H, "METERED", meter=meter, price=price, booker_id="ent_guest")
    html = bookings_html(lines(make.plant(bookings=(booking,), machines=(make.machine(),)), WHEN), WHEN.words)
    for said in ("metered (aborted)", "mill-1", "2.0 h", "0.8 h", "40 %", "width:40%", "1,170.50 EUR", "for ent_guest"):
        assert said in html


def test_nothing_from_outside_becomes_markup(make):
    evil = '<img src=x onerror="alert(1)">'
    booking = make.booking(NOW, NOW + H, id=evil, machine_id=evil, booker_id=evil, at_risk=True, at_risk_reason=evil)
    html = bookings_html(lines(make.plant(bookings=(booking,)), WHEN), WHEN.words)
    for page in (html, facts_html([(evil, evil)]), list_html([(evil,)], evil), list_html([], evil)):
        assert "<img" not in page
        assert "&lt;img" in page


def test_bookings_beyond_the_table_are_counted(make):
    assert "7 older ones" in bookings_html([], WHEN.words, 7)


def test_details_say_as_text_what_the_chart_shows(make):
    machine = make.machine(model="Five-axis", quantity=2)
    told = make.capacity((NOW + H, NOW + 3 * H, "Available", 1), valid_until=NOW + H)
    claim = make.claim(NOW + 5 * H, NOW + 6 * H)
    told = told.model_copy(update={"claims": (claim,)})
    plant = make.plant(machines=(machine,), capacity={"mch_1": told})
    assert dict(facts(machine, told, WHEN))["Kind"] == "Five-axis · 2 units"
    assert dict(facts(machine, told, WHEN))["Statement"] == "version 1, holds until 15:00"
    assert free(told, WHEN) == [
        ("15:00 \N{EN DASH} 17:00", "2 h 00 min", "confidence 5 of 5: firm", "idle in staffed time")
    ]
    assert taken(plant, machine, WHEN) == [("19:00 \N{EN DASH} 20:00", "1 h 00 min", "confirmed", "bkg_1")]
    states = make.states((NOW - 3 * H, NOW - H, "NotExecuting"), (NOW - H, None, "Executing"))
    assert [cells[1:3] for cells in past(states, WHEN)] == [("1 h 00 min", "Executing"), ("2 h 00 min", "NotExecuting")]


def test_a_lapsed_statement_says_that_nothing_is_sold_at_once(make):
    told = make.capacity(valid_until=NOW - H)
    assert "lapsed at 13:00" in dict(facts(make.machine(), told, WHEN))["Statement"]


@pytest.mark.parametrize(
    ("zones", "shown"),
    [(["Europe/Vienna"] * 2, "Europe/Vienna"), (["Europe/Vienna", "Asia/Shanghai"], "UTC"), ([], "UTC")],
)
def test_times_are_the_plants_own_where_all_plants_share_a_zone(make, zones, shown):
    rest = {"name": "x", "latitude": None, "longitude": None, "created_at": NOW}
    sites = tuple(Site(id=f"site_{n}", zone=zone, **rest) for n, zone in enumerate(zones))
    assert make.plant(sites=sites).zone == shown
