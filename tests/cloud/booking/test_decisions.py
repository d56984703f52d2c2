"""What the two parties decide later: cancel, confirm, decline."""

from datetime import timedelta

import pytest

from cloud.booking import store
from cloud.booking.audit import audit
from cloud.booking.model import Accepted, Refused, State
from gateway.messages import CancelOrder

MAKER, BUYER, RIVAL = "ent_maker", "ent_buyer", "ent_rival"


@pytest.fixture
async def request_(world, hours):
    await world.service("asks", "mch_a", instant=False)
    return (await world.book("svc_asks", hours(1, 2))).claim


async def test_the_provider_confirms_and_the_order_goes_out(world, request_):
    answer = await store.confirm(world.api, world.caller(MAKER), request_.id)
    assert (answer.claim.state, answer.status) == (State.CONFIRMED, 200)
    assert [order["booking"] for order in await world.orders()] == [request_.id]
    again = await store.confirm(world.api, world.caller(MAKER), request_.id)
    assert again == Refused("claim.state", 409, {"state": "CONFIRMED"})


async def test_the_provider_declines_and_the_hours_are_free(world, hours, request_):
    answer = await store.decline(world.api, world.caller(MAKER), request_.id, "full")
    assert answer.claim.state is State.DECLINED
    assert (await world.told(BUYER))[-1]["reason"] == "full"
    assert isinstance(await world.book("svc_a", hours(1, 2)), Accepted)


@pytest.mark.parametrize(
    "decide", [store.confirm, lambda *given: store.decline(*given, "no")], ids=["confirm", "decline"]
)
async def test_the_booker_may_not_decide_for_the_provider(world, request_, decide):
    assert await decide(world.api, world.caller(BUYER), request_.id) == Refused("booking.provider_only", 403, {})
    assert await decide(world.api, world.caller(RIVAL), request_.id) == Refused("booking.unknown", 404, {})


async def test_a_request_nobody_answered_in_time_can_not_be_confirmed(world, hours, request_):
    world.now = hours(1, 2).start
    answer = await store.confirm(world.api, world.caller(MAKER), request_.id)
    assert answer == Refused("claim.state", 409, {"state": "EXPIRED"})
    assert await world.states_of(request_.id) == ["REQUESTED", "EXPIRED"]


@pytest.mark.parametrize("who", [BUYER, MAKER])
async def test_either_side_cancels_and_the_edge_is_told_to_drop_the_order(world, hours, who):
    booked = await world.book("svc_a", hours(1, 2))
    answer = await store.cancel(world.api, world.caller(who), booked.claim.id, "changed plans")
    assert (answer.claim.state, answer.claim.revision) == (State.CANCELLED, 2)
    cancel = CancelOrder.model_validate((await world.orders())[-1])
    assert (cancel.booking, cancel.revision, cancel.machine, cancel.reason) == (
        booked.claim.id,
        2,
        "a",
        "changed plans",
    )
    assert isinstance(await world.book("svc_a", hours(1, 2), who=RIVAL), Accepted)


async def test_cancelling_a_request_tells_the_edge_nothing(world, request_):
    await store.cancel(world.api, world.caller(), request_.id, None)
    assert await world.orders() == []


async def test_a_stranger_can_not_cancel(world, hours):
    booked = await world.book("svc_a", hours(1, 2))
    assert await store.cancel(world.api, world.caller(RIVAL), booked.claim.id, None) == Refused(
        "booking.unknown", 404, {}
    )


async def test_a_running_job_is_stopped_by_its_plant_and_what_it_made_counts(world, hours):
    booked = (await world.book("svc_a", hours(1, 2))).claim
    await world.reports(booked, "started")
    for who in (BUYER, MAKER):
        answer = await store.cancel(world.api, world.caller(who), booked.id, "no longer needed")
        assert (answer.claim.state, answer.claim.revision) == (State.RUNNING, 2)
    assert [order["kind"] for order in await world.orders()] == ["order", "cancel_order"]
    assert (await world.told(MAKER))[-1]["cancel_asked_at"] == "2026-03-02T06:00:00Z"
    assert (await world.reports(booked, "aborted", good_quantity=4))["outcome"] == "applied"
    assert await world.states_of(booked.id) == ["CONFIRMED", "DISPATCHED", "RUNNING", "RUNNING", "ABORTED"]
    assert await audit(world.owner) == []


async def test_what_is_over_can_not_be_cancelled(world, hours):
    booked = await world.book("svc_a", hours(1, 2))
    for event in ("stored", "started", "ended"):
        await world.reports(booked.claim, event)
    world.now += timedelta(hours=3)
    answer = await store.cancel(world.api, world.caller(), booked.claim.id, None)
    assert answer == Refused("claim.state", 409, {"state": "COMPLETED"})


async def test_a_provider_that_confirmed_may_cancel_but_not_decline(world, request_):
    await store.confirm(world.api, world.caller(MAKER), request_.id)
    answer = await store.decline(world.api, world.caller(MAKER), request_.id, "changed my mind")
    assert answer == Refused("claim.state", 409, {"state": "CONFIRMED"})
