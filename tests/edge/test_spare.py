"""The hours that a machine can spare: a ledger without holes, in which each instant has one reason."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from edge.condition import Condition, Habits, Present
from edge.plan import PlannedOrder
from edge.profile import WhenOff
from edge.reserve import TOO_SHORT, Reserve
from edge.shifts import Calendar, WeekCalendar
from edge.spare import Rules, conflicts, horizon, ledger
from edge.tracker import Picture, Sight
from gateway.capacity import CapacitySpan, CapacityType, Reason, levels
from gateway.machine import PLANT, ItemState, OperationMode, Quality
from gateway.span import Span

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = {"week": {"mon-fri": ["06:00-14:00", "14:00-22:00"]}}
Moment = Callable[..., datetime]
Brief = list[tuple[str, str, str]]


def sight(since: datetime, state: ItemState = ItemState.NOT_EXECUTING, **rest: Any) -> Sight:
    mode = rest.get("mode", OperationMode.PROCESSING)
    return Sight(since, Picture(state, mode, Quality.GOOD, rest.get("origin", PLANT)), "source")


def sell(now: datetime, **case: Any) -> list[CapacitySpan]:
    """The ledger of the coming `hours` (default 24) of a machine that was idle all along."""
    within = Span(now, now + timedelta(hours=case.get("hours", 24)))
    condition = Condition(
        now,
        case.get("sight", sight(now - timedelta(hours=1))),
        case.get("habits", Habits()),
        case.get("silent_since"),
        case.get("present", Present()),
    )
    calendar = Calendar(WeekCalendar.model_validate(case.get("calendar", WEEK)), BERLIN)
    return ledger(case.get("rules", Rules(zone=BERLIN)), calendar, case.get("orders", ()), condition, within)


def brief(parts: Sequence[CapacitySpan]) -> Brief:
    """(start on the wall clock, end, reason) of each part."""
    return [
        (f"{part.span.start.astimezone(BERLIN):%H:%M}", f"{part.span.end.astimezone(BERLIN):%H:%M}", part.reason)
        for part in parts
    ]


def order(start: datetime, end: datetime, name: str = "A") -> PlannedOrder:
    return PlannedOrder("M1", Span(start, end), name)


def test_a_job_in_the_middle_leaves_two_free_pieces(monday: Moment) -> None:
    found = sell(monday("06:00"), orders=[order(monday("09:00"), monday("12:00"))], hours=16)
    assert brief(found) == [
        ("06:00", "09:00", "idle"),
        ("09:00", "12:00", "planned"),
        ("12:00", "22:00", "idle"),
    ]


def test_a_planned_order_carries_its_number_as_a_detail(monday: Moment) -> None:
    found = sell(monday("06:00"), orders=[order(monday("09:00"), monday("12:00"), "4711")], hours=16)
    assert [part.detail for part in found] == [None, "4711", None]


def test_dark_hours_are_not_staffed_unless_the_plant_sells_them(monday: Moment) -> None:
    closed, dark = (
        sell(monday("20:00"), hours=12),
        sell(monday("20:00"), hours=12, rules=Rules(BERLIN, sell_off_shift=True)),
    )
    assert brief(closed)[1] == ("22:00", "06:00", "not-staffed")
    assert brief(dark)[1] == ("22:00", "06:00", "off-shift")
    assert (closed[1].type, dark[1].type) == (CapacityType.UNATTAINABLE, CapacityType.AVAILABLE)


def test_maintenance_is_nobodys(monday: Moment) -> None:
    kept = {**WEEK, "maintenance": [{"day": "mon", "time": "10:00-11:00"}]}
    found = sell(monday("06:00"), calendar=kept, hours=16)
    assert ("10:00", "11:00", "maintenance") in brief(found)


def test_a_running_job_without_a_plan_takes_as_long_as_jobs_usually_do(monday: Moment) -> None:
    running = sight(monday("07:30"), ItemState.EXECUTING)
    found = sell(monday("08:10"), sight=running, habits=Habits(job_time=timedelta(hours=1)), hours=4)
    assert brief(found)[0] == ("08:10", "08:30", "running")
    assert found[0].type is CapacityType.COMMITTED


def test_a_job_that_overruns_takes_another_such_time(monday: Moment) -> None:
    running = sight(monday("07:30"), ItemState.EXECUTING)
    found = sell(monday("08:30"), sight=running, habits=Habits(job_time=timedelta(hours=1)), hours=4)
    assert brief(found)[0] == ("08:30", "09:30", "running")


def test_a_job_that_overruns_its_plan_by_seconds_takes_nothing_back(monday: Moment) -> None:
    running, habits = sight(monday("07:30"), ItemState.EXECUTING), Habits(patience=timedelta(seconds=5))
    present = Present(freed_at=monday("09:00"))
    assert sell(monday("09:00:04"), sight=running, habits=habits, present=present)[0].reason is Reason.IDLE
    late = sell(monday("09:00:05"), sight=running, habits=habits, present=present)
    assert brief(late)[0] == ("09:00", "10:00", "running")


def test_a_set_up_of_the_plants_is_no_idle_time(monday: Moment) -> None:
    setting_up = sight(monday("07:45"), ItemState.NOT_EXECUTING, mode=OperationMode.SETUP)
    assert brief(sell(monday("08:00"), sight=setting_up))[0] == ("08:00", "08:45", "running")


def test_a_running_job_that_the_plan_knows_ends_when_the_plan_says(monday: Moment) -> None:
    running = sight(monday("07:30"), ItemState.EXECUTING)
    found = sell(monday("08:00"), sight=running, orders=[order(monday("07:30"), monday("13:00"))], hours=8)
    assert brief(found) == [("08:00", "13:00", "planned"), ("13:00", "16:00", "idle")]


@pytest.mark.parametrize("state", [ItemState.EXECUTING, ItemState.NOT_EXECUTING])
@pytest.mark.parametrize("mode", [OperationMode.PROCESSING, OperationMode.SETUP])
def test_a_booking_that_runs_changes_no_statement(monday: Moment, state: ItemState, mode: OperationMode) -> None:
    idle = sell(monday("08:00"), sight=sight(monday("07:00")))
    assert sell(monday("08:00"), sight=sight(monday("07:30"), state, mode=mode, origin="bkg_1")) == idle


def test_a_machine_that_is_about_to_serve_a_booking_is_not_busy_for_the_plant(monday: Moment) -> None:
    running = sight(monday("07:30"), ItemState.EXECUTING)
    serving = sell(monday("08:00"), sight=running, present=Present(serving_since=monday("07:30")))
    assert serving == sell(monday("08:00"))


def test_a_job_that_began_before_the_bookings_time_is_the_plants(monday: Moment) -> None:
    running = sight(monday("07:30"), ItemState.EXECUTING)
    late = sell(monday("08:00"), sight=running, present=Present(serving_since=monday("07:45")))
    assert late[0].reason is Reason.RUNNING


def test_a_breakdown_takes_a_repair_time_and_not_the_month(monday: Moment) -> None:
    broken = sight(monday("08:00"), ItemState.OUT_OF_SERVICE)
    found = sell(monday("09:00"), sight=broken, habits=Habits(repair_time=timedelta(hours=4)), hours=12)
    assert brief(found)[:2] == [("09:00", "12:00", "breakdown"), ("12:00", "21:00", "idle")]


def test_a_breakdown_that_lasts_takes_another_repair_time(monday: Moment) -> None:
    broken = sight(monday("08:00"), ItemState.OUT_OF_SERVICE)
    found = sell(monday("12:00"), sight=broken, habits=Habits(repair_time=timedelta(hours=4)))
    assert brief(found)[0] == ("12:00", "16:00", "breakdown")


def test_a_paused_machine_sells_nothing(monday: Moment) -> None:
    found = sell(monday("08:00"), present=Present(paused=True), orders=[order(monday("09:00"), monday("12:00"))])
    assert [(part.type, part.reason) for part in found] == [(CapacityType.UNATTAINABLE, Reason.PAUSED)]


def test_a_machine_that_was_never_seen_sells_nothing_yet(monday: Moment) -> None:
    found = sell(monday("08:00"), sight=None, silent_since=monday("08:00"))
    assert brief(found)[0] == ("08:00", "12:00", "stale-data")


@pytest.mark.parametrize(
    ("silent", "first"),
    [("08:56", "idle"), ("08:55", "stale-data")],
    ids=["silent for 4 minutes", "silent for 5 minutes"],
)
def test_a_silent_machine_turns_stale_after_its_staleness(monday: Moment, silent: str, first: str) -> None:
    assert sell(monday("09:00"), silent_since=monday(silent))[0].reason == first


def test_a_silence_from_the_future_is_stale_for_our_clock_was_set_back(monday: Moment) -> None:
    assert sell(monday("09:00"), silent_since=monday("09:04"))[0].reason is Reason.IDLE
    assert sell(monday("09:00"), silent_since=monday("14:00"))[0].reason is Reason.STALE_DATA


def test_dark_is_not_dead(monday: Moment) -> None:
    """A machine that can be sold dark may be silent at night: only its power-up is lost."""
    dark = Habits(when_off=WhenOff.SELLABLE, power_up=timedelta(minutes=15))
    sold = {"habits": dark, "rules": Rules(BERLIN, sell_off_shift=True), "silent_since": monday("22:00"), "hours": 7}
    assert brief(sell(monday("23:00"), **sold)) == [("23:00", "23:30", "switched-off"), ("23:30", "06:00", "off-shift")]
    assert sell(monday("10:00", day=1), **sold)[0].reason == Reason.STALE_DATA


def test_a_power_up_moves_only_when_its_window_ends_and_cuts_no_promise(monday: Moment) -> None:
    off = sight(monday("22:00"), ItemState.NOT_AVAILABLE)
    habits = Habits(when_off=WhenOff.SELLABLE, power_up=timedelta(minutes=15))
    dark = {"sight": off, "habits": habits, "rules": Rules(BERLIN, sell_off_shift=True), "hours": 2}
    assert {brief(sell(monday(now), **dark))[0][1] for now in ("23:01", "23:08", "23:14")} == {"23:30"}
    promised = Present(promised=(Span(monday("23:10"), monday("23:40")),))
    assert brief(sell(monday("23:01"), **dark, present=promised)) == [
        ("23:01", "23:10", "switched-off"),
        ("23:10", "01:01", "off-shift"),
    ]


@pytest.mark.parametrize(
    ("when_off", "end"),
    [(WhenOff.SELLABLE, "23:30"), (WhenOff.UNATTAINABLE, "06:00")],
    ids=["sellable: after its power-up", "unattainable: with the next shift"],
)
def test_a_machine_that_is_off_comes_back(monday: Moment, when_off: WhenOff, end: str) -> None:
    off = sight(monday("22:00"), ItemState.NOT_AVAILABLE)
    habits = Habits(when_off=when_off, power_up=timedelta(minutes=15))
    found = sell(monday("23:00"), sight=off, habits=habits, rules=Rules(BERLIN, sell_off_shift=True))
    assert brief(found)[0] == ("23:00", end, "switched-off")


@pytest.mark.parametrize(
    ("reserve", "start"),
    [
        (Reserve(timedelta(hours=2)), "20:00"),
        (Reserve(share=0.25), "18:00"),
        (Reserve(timedelta(hours=5), 0.25), "17:00"),
    ],
    ids=["hours a day", "a share of the day", "whichever is more"],
)
def test_the_reserve_is_the_last_staffed_hours_of_the_day(monday: Moment, reserve: Reserve, start: str) -> None:
    for now in ("06:00", "16:00"):
        found = sell(monday(now), rules=Rules(BERLIN, reserve=reserve), hours=6)
        last = sell(monday("16:00"), rules=Rules(BERLIN, reserve=reserve), hours=6)[-1]
        assert brief([last]) == [(start, "22:00", "reserve")]
        assert all(part.reason is Reason.IDLE for part in found[:1])


def test_an_order_uses_the_reserve_up_and_pushes_it_into_no_sold_hour(monday: Moment) -> None:
    rules = Rules(BERLIN, reserve=Reserve(timedelta(hours=2)))
    found = sell(monday("06:00"), rules=rules, orders=[order(monday("19:00"), monday("22:00"))], hours=16)
    assert brief(found) == [("06:00", "19:00", "idle"), ("19:00", "22:00", "planned")]


def test_a_piece_too_short_for_a_set_up_is_not_offered(monday: Moment) -> None:
    orders = [order(monday("08:00"), monday("10:00")), order(monday("10:20"), monday("12:00"), "B")]
    found = sell(monday("06:00"), orders=orders, hours=8)
    assert (found[2].reason, found[2].detail) == (Reason.RESERVE, TOO_SHORT)


def test_a_short_piece_over_a_shifts_end_is_one(monday: Moment) -> None:
    orders = [order(monday("08:00"), monday("21:50")), order(monday("22:10"), monday("23:00"), "B")]
    found = sell(monday("20:00"), orders=orders, rules=Rules(BERLIN, sell_off_shift=True), hours=3)
    assert brief(found) == [("20:00", "21:50", "planned"), ("21:50", "22:10", "reserve"), ("22:10", "23:00", "planned")]


def test_a_piece_that_has_begun_is_never_taken_back(monday: Moment) -> None:
    found = sell(monday("09:50"), orders=[order(monday("10:00"), monday("12:00"))], hours=8)
    assert brief(found)[0] == ("09:50", "10:00", "idle")


def test_of_several_units_each_order_takes_one(monday: Moment) -> None:
    orders = [order(monday("08:00"), monday("12:00")), order(monday("10:00"), monday("14:00"), "B")]
    found = sell(monday("06:00"), orders=orders, rules=Rules(BERLIN, quantity=3), hours=16)
    free = [(part.span, part.quantity) for part in found if part.type is CapacityType.AVAILABLE]
    assert [step.quantity for step in levels(free)] == [3, 2, 1, 2, 3]


def test_a_plan_that_overlaps_itself_takes_each_hour_once_by_the_order_listed_first(monday: Moment) -> None:
    orders = [order(monday("08:00"), monday("12:00")), order(monday("10:00"), monday("14:00"), "B")]
    found = sell(monday("06:00"), orders=orders, hours=16)
    planned = [(part.span, part.quantity, part.detail) for part in found if part.reason is Reason.PLANNED]
    assert planned == [
        (Span(monday("08:00"), monday("12:00")), 1, "A"),
        (Span(monday("12:00"), monday("14:00")), 1, "B"),
    ]
    assert {step.quantity for step in levels((part.span, part.quantity) for part in found)} == {1}


def test_the_horizon_ends_on_a_full_hour(monday: Moment) -> None:
    now = monday("08:13")
    assert horizon(now, timedelta(days=28)) == Span(now, now + timedelta(days=28) - timedelta(minutes=13))


def test_an_order_conflicts_exactly_where_the_plant_needs_the_machine(monday: Moment) -> None:
    offered = sell(monday("06:00"), orders=[order(monday("09:00"), monday("10:00"))], hours=16)
    assert conflicts(offered, Span(monday("08:00"), monday("11:00")), 1) == [Span(monday("09:00"), monday("10:00"))]
    assert conflicts(offered, Span(monday("10:00"), monday("11:00")), 1) == []
    assert conflicts(offered, Span(monday("10:00"), monday("11:00")), 2) == [Span(monday("10:00"), monday("11:00"))]
