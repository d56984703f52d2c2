"""Holds: hours kept for a while, then booked, given back, or free again by themselves."""

from datetime import timedelta

import pytest

from cloud.booking import store
from cloud.booking.model import Accepted, Refused, State

MAKER, BUYER, RIVAL = "ent_maker", "ent_buyer", "ent_rival"


async def test_a_hold_keeps_the_hours_from_others(world, hours):
    held = await world.hold("svc_a", hours(1, 2))
    assert (held.claim.state, held.claim.work, await world.orders()) == (State.HELD, None, [])
    assert (await world.book("svc_a", hours(1, 2), who=RIVAL)).code == "capacity.insufficient"


async def test_a_hold_becomes_its_booking_in_one_step(world, hours):
    held = await world.hold("svc_pool", hours(1, 2), quantity=4)
    booked = await world.book(held.claim.id)
    assert (booked.claim.hold_id, booked.claim.quantity, booked.claim.span) == (held.claim.id, 4, hours(1, 2))
    assert await world.states_of(held.claim.id) == ["HELD", "CONSUMED"]
    assert [told["state"] for told in await world.told(MAKER, "hold.changed")] == ["HELD", "CONSUMED"]


async def test_a_hold_is_booked_once(world, hours):
    held = await world.hold("svc_a", hours(1, 2))
    await world.book(held.claim.id)
    assert await world.book(held.claim.id) == Refused("claim.state", 409, {"state": "CONSUMED"})


async def test_a_hold_keeps_its_price_and_outlives_a_change_of_terms(world, hours):
    held = await world.hold("svc_a", hours(1, 2))
    await world.owner.execute("UPDATE service SET price_amount = 1000, notice = '5 days', active = false")
    assert (await world.book(held.claim.id)).claim.price == held.claim.price


async def test_an_expired_hold_is_no_ones_and_its_hours_are_free(world, hours):
    held = await world.hold("svc_a", hours(1, 2), minutes=5)
    world.now += timedelta(minutes=5)
    assert await world.book(held.claim.id) == Refused("hold.expired", 409, {"state": "EXPIRED"})
    assert isinstance(await world.book("svc_a", hours(1, 2), who=RIVAL), Accepted)


async def test_an_expired_hold_that_nobody_swept_is_in_nobodys_way(world, hours):
    held = await world.hold("svc_a", hours(1, 2), minutes=5)
    world.now += timedelta(minutes=5)
    assert isinstance(await world.book("svc_a", hours(0.5, 1.5), who=RIVAL), Accepted)
    assert await world.states_of(held.claim.id) == ["HELD", "EXPIRED"]


async def test_the_sweep_tells_of_what_ran_out(world, hours):
    await world.hold("svc_a", hours(1, 2), minutes=5)
    await world.hold("svc_pool", hours(1, 2), minutes=10)
    await world.service("asks", "mch_b", instant=False)
    request = await world.book("svc_asks", hours(1, 2))
    world.now += timedelta(minutes=5)
    assert [await store.expire(world.api, world.now), await store.expire(world.api, world.now)] == [1, 0]
    world.now = hours(1, 2).start
    assert await store.expire(world.api, world.now) == 2
    assert await world.states_of(request.claim.id) == ["REQUESTED", "EXPIRED"]


async def test_a_released_hold_frees_its_hours_and_may_be_released_again(world, hours):
    held = await world.hold("svc_a", hours(1, 2))
    for _ in range(2):
        answer = await store.release(world.api, world.caller(), held.claim.id)
        assert answer.claim.state is State.CANCELLED
    assert isinstance(await world.book("svc_a", hours(1, 2), who=RIVAL), Accepted)


@pytest.mark.parametrize("who", [RIVAL, MAKER])
async def test_somebody_elses_hold_is_unknown(world, hours, who):
    held = await world.hold("svc_a", hours(1, 2))
    assert await world.book(held.claim.id, who=who) == Refused("hold.unknown", 404, {})
    assert await store.release(world.api, world.caller(who), held.claim.id) == Refused("hold.unknown", 404, {})


async def test_a_booking_is_not_a_hold(world, hours):
    booked = await world.book("svc_a", hours(1, 2))
    assert await world.book(booked.claim.id) == Refused("hold.unknown", 404, {})
    assert await store.release(world.api, world.caller(), booked.claim.id) == Refused("hold.unknown", 404, {})


async def test_a_hold_whose_hours_were_withdrawn_is_not_booked(world, hours, piece):
    held = await world.hold("svc_a", hours(1, 2))
    await world.states("mch_a", piece(3, 48))
    answer = await world.book(held.claim.id)
    assert (answer.code, answer.facts["nearest"]["start"]) == ("capacity.insufficient", "2026-03-02T09:00:00Z")
    assert (await world.claim(held.claim.id))["state"] == "HELD"


async def test_a_hold_that_needs_the_provider_is_booked_before_its_span_begins_or_not_at_all(world, hours):
    await world.service("asks", "mch_a", instant=False)
    held = await world.hold("svc_asks", hours(1, 2), minutes=90)
    world.now = hours(1, 2).start
    assert await world.book(held.claim.id) == Refused("notice.too_short", 409, {"earliest": "2026-03-02T07:00:00Z"})
    assert (await world.claim(held.claim.id))["state"] == "HELD"
