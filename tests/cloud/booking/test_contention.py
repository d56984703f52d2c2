"""Many connections fight for few hours: nothing is sold twice, nobody deadlocks, and somebody gets every hour."""

import asyncio
from datetime import timedelta
from itertools import count
from random import Random

import pytest

from cloud import db
from cloud.booking import store
from cloud.booking.audit import audit
from cloud.booking.model import Accepted, Refused
from cloud.booking.store import Caller, Wish

PARTIES = ("ent_maker", "ent_buyer", "ent_rival")
REFUSED = {"capacity.insufficient", "hold.expired", "claim.state", "hold.unknown"}


@pytest.fixture
async def crowd(database):
    connections = await db.pool(database.api_dsn, size=32)
    yield connections
    connections.terminate()


class Fighter:
    """One client: books, holds, redeems, cancels, at random, on the same few hot hours."""

    def __init__(self, number, crowd, world, hours):
        self.dice = Random(number)
        self.who = PARTIES[number % len(PARTIES)]
        self.crowd, self.world, self.hours = crowd, world, hours
        self.ids = (f"f{number}x{turn}" for turn in count(1))
        self.booked, self.held = [], []
        self.refusals = set()

    async def fight(self, turns):
        for _ in range(turns):
            answer = await getattr(self, self.dice.choices(["book", "hold", "redeem", "cancel"], [5, 2, 2, 2])[0])()
            if isinstance(answer, Refused):
                self.refusals.add(answer.code)

    def caller(self):
        return Caller(self.who, self.world.now)

    def wish(self):
        start = self.dice.randrange(6)
        service = self.dice.choice(["svc_a", "svc_either", "svc_either", "svc_reverse", "svc_pool"])
        return Wish(service, self.hours(start, start + self.dice.choice([1, 2])))

    async def book(self):
        answer = await store.book(self.crowd, self.caller(), f"bkg_{next(self.ids)}", self.wish(), {"work_master": "m"})
        if isinstance(answer, Accepted):
            self.booked.append(answer.claim.id)
        return answer

    async def hold(self):
        expiry = self.world.now + timedelta(minutes=self.dice.choice([0, 5]))
        answer = await store.hold(self.crowd, self.caller(), f"hld_{next(self.ids)}", self.wish(), expiry)
        if isinstance(answer, Accepted):
            self.held.append(answer.claim.id)
        return answer

    async def redeem(self):
        if not self.held:
            return None
        claim = f"bkg_{next(self.ids)}"
        return await store.book(self.crowd, self.caller(), claim, self.held.pop(), {"work_master": "m"})

    async def cancel(self):
        if not self.booked:
            return None
        return await store.cancel(self.crowd, self.caller(), self.booked.pop(), None)


async def plant_speaks(world, piece, rounds):
    """Meanwhile the plant withdraws hours and offers them again, several machines in one transaction."""
    dice = Random(1)
    for version in range(100, 100 + rounds):
        machines = ["mch_pool", "mch_b", "mch_a"]
        async with world.ingest.acquire() as connection, connection.transaction():
            await connection.execute("SELECT ts_lock_machines($1)", machines)
            for machine in machines:
                quantity = 5 if machine == "mch_pool" else 1
                pieces = [piece(0, 48, dice.choice([quantity, quantity, 0]))]
                await connection.fetchval(
                    "SELECT ts_apply_statement($1, $2, $3)", machine, world.said(machine, pieces, version), world.now
                )
        await asyncio.sleep(0.01)


async def test_thirty_two_connections_fight_over_hot_hours(world, hours, piece, crowd):
    await world.service("reverse", "mch_b", "mch_a")
    fighters = [Fighter(number, crowd, world, hours) for number in range(32)]
    await asyncio.gather(*(fighter.fight(25) for fighter in fighters), plant_speaks(world, piece, 15))
    assert await audit(world.owner) == []
    assert set().union(*(fighter.refusals for fighter in fighters)) <= REFUSED
    assert await world.owner.fetchval("SELECT count(*) FROM claim") > 40
    deadlocks = await world.owner.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    assert deadlocks == 0


async def test_every_hot_hour_is_sold_to_somebody_and_once(world, hours, crowd):
    """Fifty calls for each of eight hours on one machine."""
    wishes = [(hour, number) for number in range(50) for hour in range(8)]

    async def book(hour, number):
        caller = Caller(PARTIES[number % 3], world.now)
        wish = Wish("svc_a", hours(hour, hour + 1))
        return hour, await store.book(crowd, caller, f"bkg_h{hour}n{number}", wish, {"work_master": "m"})

    answers = await asyncio.gather(*(book(*wish) for wish in wishes))
    assert sorted(hour for hour, answer in answers if isinstance(answer, Accepted)) == list(range(8))
    assert await audit(world.owner) == []


async def test_control_without_the_lock_and_the_constraint_the_auditor_finds_double_sales(world, hours, crowd):
    """The bug that check-then-insert has: take the guard and the backstop away, and hours are sold twice."""
    await world.owner.execute(
        "CREATE OR REPLACE FUNCTION ts_lock_machines(p_machines text[]) RETURNS boolean LANGUAGE plpgsql AS $$"
        " BEGIN PERFORM pg_sleep(0.01); RETURN true; END $$; ALTER TABLE claim DROP CONSTRAINT claim_sold_once"
    )

    async def book(number):
        caller = Caller(PARTIES[number % 3], world.now)
        return await store.book(crowd, caller, f"bkg_n{number}", Wish("svc_a", hours(1, 2)), {"work_master": "m"})

    await asyncio.gather(*(book(number) for number in range(16)))
    assert await audit(world.owner) != []
