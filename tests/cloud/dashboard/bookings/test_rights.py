"""What may be done with a booking, and what it costs, is said as the registry would decide it."""

import pytest

from cloud.booking.wire import Amendment
from cloud.dashboard.bookings.amend import amendment
from cloud.dashboard.bookings.rights import Cost, cost_of_cancelling, possible
from cloud.dashboard.market.form import typed
from cloud.dashboard.words import dictionary

EUR = {"currency": "EUR"}
DUE = {"due": {"amount": "90", **EUR}}


@pytest.mark.parametrize(
    ("state", "provider", "booker"),
    [
        ("REQUESTED", ("confirm", "decline"), ("amend", "cancel")),
        ("CONFIRMED", ("cancel",), ("amend", "cancel")),
        ("DISPATCHED", ("cancel",), ("amend", "cancel")),
        ("RUNNING", ("cancel",), ("amend", "cancel")),
        ("COMPLETED", (), ()),
        ("CANCELLED", (), ()),
        ("METERED", ("settle", "dispute"), ("settle", "dispute")),
        ("SETTLED", (), ()),
    ],
)
def test_each_side_may_do_what_its_side_and_the_state_allow(made, state, provider, booker):
    assert possible(made.booking(state=state, settlement=DUE)) == provider
    assert possible(made.abroad(state=state, settlement=DUE)) == booker


def test_a_proposal_can_be_taken_and_a_job_that_is_being_stopped_is_left_alone(made):
    proposal = {"service_id": "svc_2", "provider_id": "ent_3", "machine_id": "mch_3", "price": {"amount": "1", **EUR}}
    assert "accept" in possible(made.abroad(state="DISPLACED", proposal=proposal))
    assert possible(made.abroad(state="RUNNING", cancel_asked_at=made.now)) == ()


def test_who_has_accepted_waits_and_a_dispute_is_the_other_sides_to_answer(made):
    accepted = {**DUE, "accepted": ["provider"]}
    assert possible(made.booking(state="METERED", settlement=accepted)) == ()
    assert possible(made.abroad(state="METERED", settlement=accepted)) == ("settle", "dispute")
    dispute = {"by": "booker", "reason": "3 are bad", "at": made.now, "due": {"amount": "60", **EUR}}
    disputed = {**DUE, "dispute": dispute}
    assert possible(made.booking(state="DISPUTED", settlement=disputed)) == ("settle", "dispute")
    assert possible(made.abroad(state="DISPUTED", settlement=disputed)) == ("dispute",)


def test_calling_off_costs_what_the_terms_say(made):
    terms = {"free_until": made.at(1), "fee": {"amount": "36", **EUR}}
    one = made.abroad(cancellation=terms)
    assert cost_of_cancelling(one, made.at(0)).word == "bookings.cost.still_free"
    late = cost_of_cancelling(one, made.at(1.5))
    assert (late.word, str(late.fee.amount)) == ("bookings.cost.fee", "36")
    assert cost_of_cancelling(made.abroad(), made.now) == Cost("bookings.cost.free")
    assert cost_of_cancelling(made.abroad(state="RUNNING"), made.now) == Cost("bookings.cost.running")
    assert cost_of_cancelling(made.booking(cancellation=terms), made.at(1.5)) == Cost("bookings.cost.provider")


def fields(made, one, **change):
    same = {"start": typed(one.start, made.zone), "end": typed(one.end, made.zone)}
    return {**same, "quantity": str(one.quantity), "pieces": str(one.work.quantity), **change}


def test_a_change_asks_only_for_what_differs(made):
    one = made.abroad()
    change = amendment(one, fields(made, one, end="2026-03-02T12:00"), made.zone)
    assert isinstance(change, Amendment)
    assert change.model_dump(exclude_unset=True) == {"end": made.at(5)}
    work = amendment(one, fields(made, one, pieces="8"), made.zone)
    assert work.model_dump(exclude_unset=True)["work"]["quantity"] == 8


def test_seconds_that_the_field_does_not_show_are_no_change(made):
    one = made.abroad(2 + 31 / 3600)
    assert amendment(one, fields(made, one), made.zone) == {"end": "bookings.fault.nothing"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({}, "end"),
        ({"end": "2026-03-01T00:00"}, "end"),
        ({"start": "soon"}, "start"),
        ({"quantity": "0"}, "quantity"),
        ({"pieces": "x"}, "pieces"),
    ],
    ids=str,
)
def test_a_change_that_is_none_or_makes_no_sense_blames_a_field(made, change, field):
    one = made.abroad()
    faults = amendment(one, fields(made, one, **{"start": typed(one.start, made.zone), **change}), made.zone)
    assert list(faults) == [field]
    assert set(faults.values()) <= set(dictionary())
