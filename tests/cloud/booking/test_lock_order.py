"""A bundle that is called off while one of its legs is healed: nobody waits for somebody who waits for him."""

import asyncio
from datetime import timedelta

import pytest

from cloud.booking import store
from cloud.booking.audit import audit
from cloud.booking.model import Refused, State, Together

BUYER = "ent_buyer"
WORK = {"work_master": "bracket", "quantity": 10}
PATIENCE, RETRY = timedelta(seconds=4), timedelta(seconds=30)
HEAL = "SELECT ts_heal($1, $2, $3, $4, $5, $6)"
LOCK = "SELECT ts_lock_machines($1)"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
async def bundle(world, hours, piece):
    """Legs on mch_b, which its plant takes back, and on mch_pool: the first can be healed on mch_a."""
    await world.service("b", "mch_b")
    legs = [
        {"claim_id": f"bkg_leg{number}", "service_id": name, "quantity": 1, "work": WORK, "healing": {"consent": True}}
        | {"start": hours(2, 4).start.isoformat(), "end": hours(2, 4).end.isoformat()}
        for number, name in enumerate(("svc_b", "svc_pool"))
    ]
    made = await store.book_all(world.api, world.caller(BUYER), "bnd_1", legs, whole=True)
    assert isinstance(made, Together)
    for claim in made.claims:
        await world.answers(claim, "accepted")
    await world.states("mch_b", piece(0, 48, type="Unattainable", reason="breakdown"))
    world.now += timedelta(seconds=10)
    return made


async def waits(world, number):
    async with asyncio.timeout(30):
        while await world.owner.fetchval(WAITING) < number:  # noqa: ASYNC110 - the waiting is in another process
            await asyncio.sleep(0.02)


async def all_of(world, machines):
    """Somebody who needs these machines, and locks them as everybody does."""
    async with world.ingest.acquire() as connection, connection.transaction():
        await connection.execute(LOCK, machines)


async def test_calling_off_a_bundle_beside_the_healing_of_a_leg_deadlocks_with_nobody(world, bundle):
    """Its new leg's guard comes before those that were locked: taken last, two others could wait for each other."""
    async with world.ingest.acquire() as healer:
        healing = healer.transaction()
        await healing.start()
        what = (PATIENCE, RETRY, world.now, None)
        assert await healer.fetchval(HEAL, "bkg_leg0", "bkg_new", *what) == "moved"
        calling_off = asyncio.create_task(store.cancel_all(world.api, world.caller(BUYER), bundle.id, "enough"))
        await waits(world, 1)
        other = asyncio.create_task(all_of(world, ["mch_a", "mch_b"]))
        await waits(world, 2)
        await healing.commit()
    told, _ = await asyncio.gather(calling_off, other)
    assert isinstance(told, Together)
    assert {claim.id: claim.state for claim in told.claims} == {
        "bkg_leg0": State.DISPLACED,
        "bkg_leg1": State.CANCELLED,
        "bkg_new": State.CANCELLED,
    }
    assert await audit(world.owner) == []


async def test_a_leg_of_a_bundle_that_was_called_off_meanwhile_is_not_healed(world, bundle):
    async with world.api.acquire() as booker:
        deciding = booker.transaction()
        await deciding.start()
        await booker.fetchval("SELECT ts_cancel_bundle($1, NULL, NULL, $2, NULL, $3)", BUYER, bundle.id, world.now)
        healing = asyncio.create_task(
            world.ingest.fetchval(HEAL, "bkg_leg0", "bkg_new", PATIENCE, RETRY, world.now, None)
        )
        await waits(world, 1)
        await deciding.commit()
    assert await healing == "over"
    assert await world.claim("bkg_new") is None


async def test_a_proposal_is_taken_or_the_bundle_called_off_whoever_is_first(world, hours, piece, bundle):
    await world.owner.execute("UPDATE claim SET healing = NULL WHERE id = 'bkg_leg0'")
    assert await world.ingest.fetchval(HEAL, "bkg_leg0", "bkg_new", PATIENCE, RETRY, world.now, None) == "proposed"
    both = await asyncio.gather(
        store.accept(world.api, world.caller(BUYER), "bkg_leg0", "bkg_new"),
        store.cancel_all(world.api, world.caller(BUYER), bundle.id, None),
    )
    assert not isinstance(both[1], Refused)
    live = await world.owner.fetch("SELECT id FROM claim WHERE live")
    assert [row["id"] for row in live] in ([], ["bkg_new"])
    assert await audit(world.owner) == []
