"""A repeated call gets the first one's answer, and does nothing more."""

import asyncio

from cloud.booking import store
from cloud.booking.model import Accepted, Refused

BUYER, RIVAL = "ent_buyer", "ent_rival"


async def test_the_same_key_and_body_replay_the_stored_answer(world, hours):
    first = await world.book("svc_a", hours(1, 2), key="k", body_hash=b"1")
    again = await world.book("svc_a", hours(1, 2), key="k", body_hash=b"1")
    assert (first.replayed, again.replayed) == (False, True)
    assert (again.claim, again.status) == (first.claim, 201)
    assert len(await world.orders()) == 1


async def test_the_answer_is_replayed_as_it_was_even_if_the_booking_went_on(world, hours):
    first = await world.book("svc_a", hours(1, 2), key="k", body_hash=b"1")
    await world.answers(first.claim, "accepted")
    assert (await world.book("svc_a", hours(1, 2), key="k", body_hash=b"1")).claim == first.claim


async def test_the_same_key_with_another_body_is_a_mistake(world, hours):
    await world.book("svc_a", hours(1, 2), key="k", body_hash=b"1")
    answer = await world.book("svc_a", hours(5, 6), key="k", body_hash=b"2")
    assert answer == Refused("idempotency.mismatch", 422, {})


async def test_keys_are_each_enterprises_own(world, hours):
    await world.book("svc_a", hours(1, 2), key="k", body_hash=b"1")
    assert isinstance(await world.book("svc_a", hours(5, 6), who=RIVAL, key="k", body_hash=b"2"), Accepted)


async def test_a_refused_call_may_be_tried_again_with_its_key(world, hours):
    taken = await world.book("svc_a", hours(1, 2), who=RIVAL)
    assert isinstance(await world.book("svc_a", hours(1, 2), key="k", body_hash=b"1"), Refused)
    await store.cancel(world.api, world.caller(RIVAL), taken.claim.id, None)
    assert isinstance(await world.book("svc_a", hours(1, 2), key="k", body_hash=b"1"), Accepted)


async def test_while_the_first_call_is_at_work_the_second_is_told_so(world, hours):
    async with world.api.acquire() as connection, connection.transaction():
        await connection.fetchval("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"{BUYER}\nk")
        answer = await world.book("svc_a", hours(1, 2), key="k", body_hash=b"1")
    assert answer == Refused("idempotency.in_flight", 409, {})
    assert isinstance(await world.book("svc_a", hours(1, 2), key="k", body_hash=b"1"), Accepted)


async def test_twenty_calls_at_once_with_one_key_book_once(world, hours):
    calls = [world.book("svc_pool", hours(1, 2), key="k", body_hash=b"1") for _ in range(20)]
    answers = await asyncio.gather(*calls)
    booked = {answer.claim.id for answer in answers if isinstance(answer, Accepted)}
    assert len(booked) == 1
    assert {answer.code for answer in answers if isinstance(answer, Refused)} <= {"idempotency.in_flight"}
    assert await world.owner.fetchval("SELECT count(*) FROM claim") == 1


async def test_holds_and_cancellations_replay_too(world, hours):
    held = [await world.hold("svc_a", hours(1, 2), key="h", body_hash=b"1") for _ in range(2)]
    assert (held[0].claim, held[1].replayed) == (held[1].claim, True)
    booked = await world.book("svc_pool", hours(1, 2))
    caller = world.caller(key="c", body_hash=b"1")
    cancelled = [await store.cancel(world.api, caller, booked.claim.id, "late") for _ in range(2)]
    assert (cancelled[0].claim, cancelled[1].replayed) == (cancelled[1].claim, True)
