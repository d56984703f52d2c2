"""Healing keeps to the price that was consented to, also where the hours become dearer while it waits for a guard."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from cloud.booking import store
from cloud.booking.audit import audit

BUYER, RIVAL = "ent_buyer", "ent_rival"
WORK = {"work_master": "bracket", "quantity": 10}
PATIENCE, RETRY = timedelta(seconds=4), timedelta(seconds=30)
HEAL = "SELECT ts_heal('bkg_1', 'bkg_new', $1, $2, $3, NULL)"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
UNSURE = [{"price": 100, "least": 1, "most": 3, "days": [1, 2, 3, 4, 5, 6, 7], "start": 0, "end": 1440}]
"""100 an hour instead of 60, where what is left is less than likely."""


@pytest.fixture
async def ailing(world, hours, piece):
    """A booking for 120 that must move, and two units elsewhere: the sure one costs 120 too, the other one 200."""
    machine = await world.machine("two", quantity=2)
    await world.states(machine, piece(0, 48), piece(0, 48, confidence=2))
    await world.service("two", machine, price_bands=UNSURE)
    booked = (await world.book("svc_a", hours(2, 4), healing={"consent": True, "max_price": None})).claim
    assert (booked.id, booked.price.amount) == ("bkg_1", Decimal(120))
    for name in ("a", "b", "pool"):
        await world.states(f"mch_{name}")
    world.now += timedelta(seconds=10)


async def healed(world):
    return await world.ingest.fetchval(HEAL, PATIENCE, RETRY, world.now)


async def overtaken(world, hours):
    """Somebody books the sure unit; healing has looked by then, and waits for the guard until that has committed."""
    what = ("bkg_other", None, "svc_two", None, hours(2, 4).start, hours(2, 4).end, 1, WORK, None, world.now, None)
    async with world.api.acquire() as other:
        booking = other.transaction()
        await booking.start()
        assert (await other.fetchval(store.BOOK, RIVAL, None, None, *what))["outcome"] == "ok"
        healing = asyncio.create_task(healed(world))
        async with asyncio.timeout(30):
            while not await world.owner.fetchval(WAITING):  # noqa: ASYNC110 - the waiting is in another process
                await asyncio.sleep(0.02)
        await booking.commit()
    return await healing


async def test_what_became_dearer_while_it_waited_is_only_proposed(world, hours, ailing):
    assert await overtaken(world, hours) == "proposed"
    row = await world.claim("bkg_1")
    assert (row["healed_by"], row["proposal"]["price"]["amount"]) == (None, "200.00")
    assert await audit(world.owner) == []


async def test_control_decided_before_the_guard_it_moves_for_more_than_was_consented_to(world, hours, ailing):
    source = await world.owner.fetchval("SELECT pg_get_functiondef('ts_heal'::regproc)")
    assert source.count("IF v_room.machine_id IS NOT NULL THEN") == 1
    await world.owner.execute(source.replace("IF v_room.machine_id IS NOT NULL THEN", "IF false THEN"))
    assert await overtaken(world, hours) == "moved"
    assert (await world.claim("bkg_new"))["price_amount"] == 200


async def test_what_nobody_took_is_had_for_the_price_that_was_consented_to(world, hours, ailing):
    assert await healed(world) == "moved"
    assert (await world.claim("bkg_new"))["price_amount"] == 120


async def test_what_is_gone_by_then_is_looked_for_again(world, hours, ailing):
    await world.owner.execute("UPDATE machine SET quantity = 1 WHERE id = 'mch_two'")
    assert await overtaken(world, hours) == "nothing"
    assert (await world.claim("bkg_1"))["heal_at"] == world.now + RETRY
