"""What holds of every ledger, whatever a machine, a plan and a plant come up with at once."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.condition import Condition, Habits, Present
from edge.outlook import Band, Outlook, View
from edge.plan import Margins, PlannedOrder
from edge.profile import WhenOff
from edge.reserve import Reserve
from edge.shifts import Calendar, WeekCalendar
from edge.spare import Rules, horizon, ledger
from edge.tracker import Picture, Sight
from gateway.capacity import CapacitySpan, CapacityType, Confidence, levels
from gateway.machine import PLANT, ItemState, OperationMode, Quality
from gateway.span import Span, difference, union

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = {"week": {"mon-fri": ["06:00-14:00", "14:00-22:00"]}}


def order(start: datetime, end: datetime, name: str) -> PlannedOrder:
    return PlannedOrder("M1", Span(start, end), name)


def sell(case: dict[str, Any]) -> list[CapacitySpan]:
    """The ledger of the coming 60 hours."""
    condition = Condition(
        NOW, case["sight"], case["habits"], case["silent_since"], case["present"], case["view"], case["outdated"]
    )
    calendar = Calendar(WeekCalendar.model_validate(case["calendar"]), BERLIN)
    return ledger(case["rules"], calendar, case["orders"], condition, Span(NOW, NOW + timedelta(hours=60)))


NOW = datetime(2026, 3, 2, 8, 13, 7, tzinfo=UTC)
minutes = st.integers(-600, 4000)
plans = st.lists(st.tuples(minutes, st.integers(1, 900)), max_size=8)


@st.composite
def views(draw: st.DrawFn) -> View:
    """Any forecast, any age of the papers, any threshold."""
    bands, start = [], NOW - timedelta(minutes=13)
    for length, band in draw(st.lists(st.tuples(st.integers(1, 60), st.sampled_from(Confidence)), max_size=6)):
        bands.append(Band(Span(start, start + timedelta(minutes=15 * length)), band))
        start += timedelta(minutes=15 * (length + draw(st.integers(0, 3))))
    until = draw(st.none() | st.integers(0, 40))
    sold = draw(st.none() | st.integers(0, 40))
    return View(
        trust=draw(st.sampled_from(Confidence)),
        outlook=draw(st.sampled_from([None, Outlook(tuple(bands))])),
        planned_until=None if until is None else NOW + timedelta(hours=until),
        least=draw(st.sampled_from(Confidence)),
        kept=() if sold is None else (Span(NOW + timedelta(hours=sold), NOW + timedelta(hours=sold + 2)),),
    )


@st.composite
def situations(draw: st.DrawFn) -> dict[str, Any]:
    """Anything that a machine, a plan and a plant may come up with at once."""
    orders = [
        order(NOW + timedelta(minutes=start), NOW + timedelta(minutes=start + length), str(number))
        for number, (start, length) in enumerate(draw(plans))
    ]
    rules = Rules(
        BERLIN,
        quantity=draw(st.integers(1, 4)),
        reserve=draw(st.sampled_from([Reserve(), Reserve(timedelta(hours=3)), Reserve(share=0.3)])),
        shortest=draw(st.sampled_from([timedelta(), timedelta(minutes=30), timedelta(hours=3)])),
        sell_off_shift=draw(st.booleans()),
        margins=draw(st.sampled_from([Margins(), Margins(timedelta(minutes=20), timedelta(minutes=5))])),
    )
    state, mode = draw(st.sampled_from(ItemState)), draw(st.sampled_from(OperationMode))
    picture = Picture(state, mode, Quality.GOOD, draw(st.sampled_from([PLANT, "bkg_1"])))
    seen = Sight(NOW - timedelta(minutes=draw(st.integers(0, 3000))), picture, "source")
    silent = draw(st.none() | st.integers(0, 3000))
    calendar = {**WEEK, "maintenance": [{"day": "mon, thu", "time": "09:00-10:30"}]}
    return {
        "orders": orders,
        "rules": rules,
        "sight": draw(st.sampled_from([seen, None])),
        "silent_since": None if silent is None else NOW - timedelta(minutes=silent),
        "habits": Habits(when_off=draw(st.sampled_from(WhenOff)), power_up=timedelta(minutes=draw(st.integers(0, 60)))),
        "present": Present(draw(st.booleans()), draw(st.none() | st.just(NOW - timedelta(hours=9)))),
        "view": draw(views()),
        "outdated": draw(st.sampled_from(["", "", "plan"])),
        "calendar": draw(st.sampled_from([WEEK, calendar, {"week": {"mon-sun": ["00:00-24:00"]}}])),
    }


@settings(max_examples=150, deadline=None)
@given(situations())
def test_total_is_committed_and_unattainable_and_available_at_every_instant(case: dict[str, Any]) -> None:
    found = sell(case)
    whole = levels((part.span, part.quantity) for part in found)
    assert {step.quantity for step in whole} == {case["rules"].quantity}
    assert union(step.span for step in whole) == [Span(NOW, NOW + timedelta(hours=60))]


@settings(max_examples=150, deadline=None)
@given(situations())
def test_no_two_neighbours_could_be_one(case: dict[str, Any]) -> None:
    found = sell(case)
    kinds = [(part.type, part.reason, part.quantity, part.confidence, part.detail) for part in found]
    keys = [(part.span.end, *kind) for part, kind in zip(found, kinds, strict=True)]
    starts = [(part.span.start, *kind) for part, kind in zip(found, kinds, strict=True)]
    assert not set(keys) & set(starts)


@settings(max_examples=150, deadline=None)
@given(situations())
def test_nothing_is_offered_below_the_threshold_but_what_is_sold_already(case: dict[str, Any]) -> None:
    unsure = [part for part in sell(case) if part.type is CapacityType.AVAILABLE]
    unsure = [part for part in unsure if part.confidence < case["view"].least]
    assert difference([part.span for part in unsure], case["view"].kept) == []


@settings(max_examples=100, deadline=None)
@given(situations())
def test_what_the_plant_plans_is_never_available(case: dict[str, Any]) -> None:
    case["rules"] = Rules(BERLIN, quantity=1, sell_off_shift=True)
    free = [part.span for part in sell(case) if part.type is CapacityType.AVAILABLE]
    assert not [1 for span in free for planned in case["orders"] if span.overlaps(planned.span)]


def test_a_month_of_one_machine_takes_a_few_milliseconds() -> None:
    orders = [order(NOW + timedelta(days=day), NOW + timedelta(days=day, hours=12.5), str(day)) for day in range(28)]
    rules, calendar = Rules(BERLIN, reserve=Reserve(share=0.1)), Calendar(WeekCalendar.model_validate(WEEK), BERLIN)
    condition = Condition(NOW, None, Habits())
    taken = []
    for _ in range(10):
        start = time.thread_time()
        ledger(rules, calendar, orders, condition, horizon(NOW, timedelta(days=28)))
        taken.append(time.thread_time() - start)
    assert min(taken) < 0.005
