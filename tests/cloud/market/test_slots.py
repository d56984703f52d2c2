"""A calendar of slots: a slot is there exactly where a search of that very span finds something, at the same price."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cloud.market.candidate import Candidate, Need, Step
from cloud.market.match import search
from cloud.market.quote import PriceBand
from cloud.market.slots import SlotsRequest, slots
from gateway.capacity import Confidence
from gateway.money import Money
from gateway.odds import Odds
from gateway.span import Span

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)


def span(start: float, end: float) -> Span:
    return Span(NOW + start * HOUR, NOW + end * HOUR)


def step(start: float, end: float, quantity: int = 1) -> Step:
    return Step(span(start, end), (quantity,) * 5, Odds(0.99))


def candidate(*steps: Step, rate: str = "60", **terms: Any) -> Candidate:
    names = {"service_name": "milling", "provider_id": "ent_1", "provider_name": "plant", "machine_id": "mch_1"}
    money = {"rate": Money(amount=Decimal(rate), currency="EUR"), "setup_fee": Money(amount=Decimal(0), currency="EUR")}
    times = {"notice": timedelta(0), "min_duration": timedelta(0), "max_duration": None, "valid_until": NOW + 5 * HOUR}
    rest = {"service_id": "svc_1", "instant": True, "min_confidence": Confidence.VERY_LOW, "last_receipt_at": NOW}
    return Candidate(**{**names, **money, **times, **rest, "km": None, **terms}, steps=steps)


def need(start: float = 0, end: float = 12, hours: float = 2, **more: Any) -> Need:
    given = {"quantity": 1, "min_confidence": Confidence.VERY_LOW, "max_price": None}
    return Need(span(start, end), hours * HOUR, **{**given, **more}, now=NOW, fresh_after=NOW - HOUR)


def test_slots_begin_every_hour_at_which_the_whole_of_it_fits() -> None:
    found = slots(need(), [candidate(step(1, 5))])
    assert [(slot.start - NOW) // HOUR for slot in found] == [1, 2, 3]


def test_a_slot_names_the_cheapest_and_counts_the_choices() -> None:
    dear, cheap = candidate(step(0, 6), rate="80"), candidate(step(4, 12), service_id="svc_2", rate="50")
    found = {(slot.start - NOW) // HOUR: slot for slot in slots(need(), [dear, cheap])}
    assert (found[0].service_id, found[0].choices) == ("svc_1", 1)
    assert (found[4].service_id, found[4].choices) == ("svc_2", 2)
    assert found[4].price.amount == Decimal("100.00")


def test_hours_inside_the_notice_are_no_slots() -> None:
    found = slots(need(), [candidate(step(0, 12), notice=6 * HOUR)])
    assert (found[0].start - NOW) // HOUR == 6


def test_nothing_free_is_an_empty_calendar() -> None:
    assert slots(need(), []) == ()


def test_a_window_of_more_than_two_weeks_is_refused() -> None:
    with pytest.raises(ValidationError, match="14 days"):
        SlotsRequest(start=NOW, end=NOW + timedelta(days=15), duration=HOUR)


BANDS = st.lists(
    st.builds(
        PriceBand, price=st.decimals(10, 99, places=2), start=st.just(0), end=st.integers(1, 96).map(lambda n: n * 15)
    ),
    max_size=2,
).map(tuple)
STEPS = st.lists(st.tuples(st.integers(0, 11), st.integers(1, 6), st.integers(0, 2)), max_size=3)


@settings(deadline=None)
@given(
    made=st.lists(st.tuples(STEPS, st.integers(20, 90), BANDS, st.integers(0, 3)), max_size=4),
    hours=st.sampled_from((1, 1.5, 3)),
    limit=st.none() | st.integers(20, 200),
)
def test_a_calendar_says_what_a_search_of_each_slot_would_say(made: Any, hours: float, limit: int | None) -> None:
    every = [
        candidate(*_apart(steps), rate=str(rate), service_id=f"svc_{number}", bands=bands, notice=notice * HOUR)
        for number, (steps, rate, bands, notice) in enumerate(made)
    ]
    most = Money(amount=Decimal(limit), currency="EUR") if limit else None
    asked = need(0, 16, hours, max_price=most)
    calendar = {slot.start: slot for slot in slots(asked, every)}
    for number in range(16):
        start = NOW + number * HOUR
        if start + hours * HOUR > asked.window.end:
            continue
        found, _ = search(replace(asked, window=Span(start, start + hours * HOUR)), every, 100)
        slot = calendar.pop(start, None)
        assert (slot is None) == (not found)
        if slot:
            assert slot.price.amount == min(match.price.amount for match in found)
            assert slot.choices >= len(found)
    assert calendar == {}


def _apart(steps: list[tuple[int, int, int]]) -> list[Step]:
    """The steps in order, without those that would overlap."""
    placed: list[Step] = []
    for start, long, quantity in sorted(steps):
        if quantity and (not placed or placed[-1].span.end <= NOW + start * HOUR):
            placed.append(step(start, start + long, quantity))
    return placed
