"""Holds cost nothing, so they are rationed: for each key and person, and for the enterprise over all of them."""

import asyncio
from datetime import timedelta

import pytest

from cloud.booking import store
from cloud.booking.model import Accepted, Refused
from cloud.booking.store import Quota, Wish
from cloud.waiting.store import SERVE, WAIT

BUYER, RIVAL = "ent_buyer", "ent_rival"
KEY, OTHER, PERSON = "key_one -", "key_two -", "- acc_ada"


@pytest.fixture
def hold(world, hours):
    """Hold one of the pool's five units, as a key or a person of an enterprise."""

    async def make(maker=KEY, who=BUYER, most=100, own=None, minutes=5):
        caller = world.caller(who, actor=f"{maker} - {world.now.isoformat()}" if maker else "")
        expiry = world.now + timedelta(minutes=minutes)
        wish = Wish("svc_pool", hours(1, 2))
        return await store.hold(world.api, caller, f"hld_{next(world.ids)}", wish, expiry, quota=Quota(most, own))

    return make


def refusal(most, of):
    return Refused("hold.quota", 409, {"most": most, "of": of})


async def test_each_key_and_each_person_has_a_quota_of_its_own(hold):
    for maker, of in ((KEY, "key"), (PERSON, "account")):
        assert [isinstance(await hold(maker, own=2), Accepted) for _ in range(2)] == [True, True]
        assert await hold(maker, own=2) == refusal(2, of)
    assert isinstance(await hold(OTHER, own=2), Accepted)


async def test_the_enterprises_is_over_all_of_its_keys_and_of_nobody_elses(hold):
    for maker in (KEY, PERSON, None):
        assert isinstance(await hold(maker, most=3, own=2), Accepted)
    assert await hold(OTHER, most=3, own=2) == refusal(3, "enterprise")
    assert isinstance(await hold(KEY, RIVAL, most=3, own=2), Accepted)


@pytest.mark.parametrize("how", ["booked", "released", "run out"])
async def test_what_is_no_hold_any_more_counts_no_more_and_one_that_was_extended_does(world, hold, how):
    held = (await hold(own=1)).claim
    await store.extend(world.api, world.caller(), held.id, world.now + timedelta(minutes=9))
    world.now += timedelta(minutes=6)
    assert await hold(own=1) == refusal(1, "key")
    match how:
        case "booked":
            assert isinstance(await world.book(held.id), Accepted)
        case "released":
            await store.release(world.api, world.caller(), held.id)
        case _:
            world.now += timedelta(minutes=4)
    assert isinstance(await hold(own=1), Accepted)


async def test_a_booking_remembers_no_maker(world, hold):
    held = (await hold()).claim
    booked = (await world.book(held.id)).claim
    assert [(await world.claim(each.id))["made_by"] for each in (held, booked)] == ["key_one", None]


async def test_what_comes_free_is_held_on_the_quota_of_whoever_waits(world, hours, hold):
    span = hours(1, 2)
    actor = f"{KEY} - {world.now.isoformat()}"
    what = ("wtg_1", "svc_pool", None, span.start, span.end, timedelta(hours=1), 1, 10, world.now)
    await store.call(world.api, world.caller(actor=actor), WAIT, BUYER, None, None, *what)
    until = world.now + timedelta(minutes=5)
    assert await world.ingest.fetchval(SERVE, "wtg_1", "hld_line", until, world.now) == "OFFERED"
    assert await hold(own=1) == refusal(1, "key")
    assert isinstance(await hold(OTHER, own=1), Accepted)


async def raced(hold):
    told = await asyncio.gather(*(hold(own=2) for _ in range(5)))
    return sum(isinstance(each, Accepted) for each in told)


async def test_five_calls_at_once_have_no_more_than_two_one_after_another(hold):
    assert await raced(hold) == 2


async def test_control_counted_side_by_side_they_have_more(world, hold):
    source = await world.owner.fetchval("SELECT pg_get_functiondef('ts_against_hoarding'::regproc)")
    guard = "PERFORM pg_advisory_xact_lock(hashtextextended('holds' || E'\\n' || p_tenant, 0));"
    assert source.count(guard) == 1
    await world.owner.execute(
        source.replace(guard, "").replace("RETURN NULL;", "PERFORM pg_sleep(0.5);\n  RETURN NULL;")
    )
    assert await raced(hold) > 2


async def test_a_booking_waits_for_no_hold_of_its_enterprise(world, hours, hold):
    """What is counted one after another is before any machine's guard, and bookings are not counted at all."""
    async with world.owner.acquire() as other, other.transaction():
        await other.execute("SELECT pg_advisory_xact_lock(hashtextextended('holds' || E'\\n' || $1, 0))", BUYER)
        holding = asyncio.create_task(hold())
        async with asyncio.timeout(30):
            assert isinstance(await world.book("svc_pool", hours(1, 2)), Accepted)
        assert not holding.done()
    assert isinstance(await holding, Accepted)
