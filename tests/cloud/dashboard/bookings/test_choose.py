"""Which bookings are shown, in which order, on which rows."""

import pytest

from cloud.booking.model import State
from cloud.dashboard.bookings.choose import GROUPS, Filter, chosen, ordered, queue, rows
from cloud.dashboard.bookings.gantt import LOOKS, MOST_LANES, look, options, told
from cloud.dashboard.bookings.table import rows as file_rows
from cloud.dashboard.bookings.table import table_html


def test_every_state_is_in_one_group_besides_all():
    for state in set(State) - {State.REQUESTED}:
        assert sum(state in states for group, states in GROUPS.items() if group != "all") == 1, state
    assert [group for group, states in GROUPS.items() if State.REQUESTED in states] == ["all", "open", "asked"]


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (Filter(), ["a", "b", "c", "d"]),
        (Filter(group="open"), ["a", "b"]),
        (Filter(group="asked"), ["b"]),
        (Filter(group="done"), ["c"]),
        (Filter(group="off"), ["d"]),
        (Filter(role="booker"), ["c"]),
        (Filter(role="provider"), ["a", "b", "d"]),
        (Filter(at_risk=True), ["a"]),
        (Filter(text="FLANGE"), ["d"]),
        (Filter(text="mill-1", group="off"), ["d"]),
        (Filter(text="guest"), ["a", "b", "c", "d"]),
    ],
    ids=str,
)
def test_bookings_are_chosen_by_state_role_risk_and_text(made, wanted, ids):
    every = [
        made.booking(id="a", at_risk=True),
        made.booking(id="b", state="REQUESTED"),
        made.abroad(id="c", state="METERED"),
        made.booking(id="d", state="CANCELLED", at_risk=True, work={"work_master": "flange", "quantity": 1}),
    ]
    assert [one.id for one in chosen(every, wanted, made.names)] == ids


def test_a_filter_is_kept_in_the_address_and_nonsense_in_it_is_as_usual():
    wanted = Filter("open", "booker", at_risk=True, text="x y", by="partner")
    assert Filter.of(wanted.query()) == wanted
    assert Filter.of({"state": "gossip", "role": "?", "by": "moon", "at_risk": "yes"}) == Filter()
    assert Filter().query() == {}


def test_what_comes_is_on_top_soonest_first_and_then_what_was_latest_first(made):
    every = [
        made.booking(-9, -8, "METERED", id="old"),
        made.booking(5, 6, id="later"),
        made.booking(-3, -2, "CANCELLED", id="young"),
        made.booking(1, 2, id="soon"),
    ]
    assert [one.id for one in ordered(every, made.now)] == ["soon", "later", "young", "old"]


def test_the_queue_has_requests_to_us_alone_the_first_to_run_out_on_top(made):
    every = [
        made.booking(5, 6, "REQUESTED", id="slow", expires_at=made.at(5)),
        made.booking(9, 10, "REQUESTED", id="quick", expires_at=made.at(1)),
        made.abroad(5, 6, "REQUESTED", id="ours"),
        made.booking(5, 6, id="done"),
    ]
    assert [one.id for one in queue(every)] == ["quick", "slow"]


def test_bookings_that_meet_lie_on_different_lanes_and_those_that_touch_on_one(made):
    every = [made.booking(0, 4, id="a"), made.booking(2, 6, id="b"), made.booking(4, 8, id="c"), made.abroad(id="d")]
    first, second = rows(every, "machine", made.names)
    assert [(row.name, row.first, row.lanes) for row in (first, second)] == [
        ("Guest · mch_far", 0, 1),
        ("mill-1", 1, 2),
    ]
    assert [(lane, one.id) for lane, one in second.bars] == [(0, "a"), (1, "b"), (0, "c")]


def test_rows_can_be_partners_and_ones_own_enterprise_is_one(made):
    every = [made.booking(id="a"), made.abroad(id="b"), made.booking(id="c", booker_id="ent_own")]
    assert [row.name for row in rows(every, "partner", made.names)] == ["Guest", "own enterprise"]


def test_every_state_has_a_look(made):
    assert {LOOKS[look(made.booking(state=state))] for state in set(State) - {State.HELD, State.CONSUMED}} == set(LOOKS)


def test_the_chart_has_a_bar_for_each_booking_and_opens_around_now(made):
    every = [made.booking(1, 2, at_risk=True), made.abroad(-2000, -1990, "METERED")]
    drawn = options(rows(every, "machine", made.names), made.now, window=True)
    bars = next(each for each in drawn["series"] if each["id"] == "bars")["data"]
    assert [bar[3:7] for bar in bars] == [[3, 0, 1, 0], [0, 1, 0, 1]]
    assert drawn["dataZoom"][0]["startValue"] == made.at(-48).timestamp() * 1000
    assert drawn["xAxis"]["min"] == made.at(-2000).timestamp() * 1000


def test_where_all_is_long_ago_the_chart_opens_there(made):
    drawn = options(rows([made.booking(-900, -890, "METERED")], "machine", made.names), made.now, window=True)
    assert drawn["dataZoom"][0]["startValue"] == made.at(-900).timestamp() * 1000


def test_more_lanes_than_fit_can_be_scrolled_to(made):
    few = rows([made.booking()], "machine", made.names)
    many = rows([made.booking(id=f"{n}", machine_id=f"mch_{n}") for n in range(MOST_LANES + 1)], "machine", made.names)
    assert len(options(few, made.now, window=False)["dataZoom"]) == 2
    assert len(options(many, made.now, window=False)["dataZoom"]) == 4


def test_what_is_said_of_a_bar_stands_where_its_data_does(made):
    found = rows([made.booking(id="a"), made.abroad(id="b")], "machine", made.names)
    names = told(found, made.when("zh"))
    assert names["ids"] == ["b", "a"]
    assert len(names["titles"]) == 2
    assert names["zone"] == "Europe/Vienna"


def test_the_list_and_the_file_say_the_same_and_nothing_becomes_markup(made):
    evil = "<img src=x>"
    one = made.booking(booker_name=evil, work={"work_master": "bracket", "quantity": 10},
                       meter={"run_hours": 1.5, "share": 0.9, "good_quantity": 9, "booked_hours": 2.0})  # fmt: skip
    inside = table_html([one], made.names, made.when())
    assert "<img" not in inside
    for said in ("bracket", "mill-1", "1.5 h", "90 %", "120.00 EUR", 'href="/bookings/bkg_1"'):
        assert said in inside
    head, row = file_rows([one], made.names)
    assert len(head) == len(row)
    assert dict(zip(head, row, strict=True))["run_h"] == 1.5


def test_two_thousand_bookings_are_laid_out_one_by_one(made):
    every = [
        made.booking(n % 700, n % 700 + 3, id=f"bkg_{n}", machine_id=f"mch_{n % 40}", booker_name=f"Guest {n % 9}")
        for n in range(2000)
    ]
    found = rows(ordered(chosen(every, Filter(), made.names), made.now), "machine", made.names)
    drawn = options(found, made.now, window=True)
    told(found, made.when())
    assert sum(len(row.bars) for row in found) == len(drawn["series"][2]["data"]) == 2000
