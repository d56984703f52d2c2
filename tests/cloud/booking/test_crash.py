"""PostgreSQL is killed with -9 while bookings run: what was acknowledged stays, and a retry books nothing twice."""

import asyncio
import os
import shutil
import signal
from itertools import count

import pytest
from own_postgres import new_folder

from cloud import db
from cloud.booking import store
from cloud.booking.audit import audit
from cloud.booking.model import Accepted
from cloud.booking.store import Caller, Wish
from cloud.embedded.postgres import EmbeddedPostgres
from cloud.errors import DatabaseAway

KILLS = 3


@pytest.fixture
def server():
    """A server of this test's own, with fsync on."""
    folder = new_folder()
    owned = EmbeddedPostgres(folder)
    yield owned
    owned.remove()
    shutil.rmtree(folder)


class Client:
    """Books the pool's hours one after another; remembers what was acknowledged and what it never heard of."""

    def __init__(self, name, world, hours):
        self.name, self.world, self.hours = name, world, hours
        self.numbers = count(1)
        self.acknowledged, self.in_doubt = {}, []

    def call(self, key):
        number = int(key.rpartition("-")[2])
        start = number % 40
        wish = Wish("svc_pool", self.hours(start, start + 0.001))
        caller = Caller("ent_buyer", self.world.now, key, b"body")
        return store.book(self.world.api, caller, f"bkg_{self.name}{next(self.numbers)}", wish, {"work_master": "m"})

    async def book_until_away(self):
        for number in self.numbers:
            key = f"{self.name}-{number}"
            try:
                answer = await self.call(key)
            except DatabaseAway:
                self.in_doubt.append(key)
                return
            if isinstance(answer, Accepted):
                self.acknowledged[key] = answer.claim.id


def the_postmaster(server):
    return int((server.home / "data" / "postmaster.pid").read_text().split()[0])


async def test_killed_again_and_again_postgres_loses_and_doubles_nothing(server, new_world, hours):
    dsn = await asyncio.to_thread(server.start)
    await db.migrate(dsn, server.passwords)
    roles = [dsn, *(db.as_role(dsn, role, server.passwords[role]) for role in ("ts_ingest", "ts_api"))]
    pools = [await db.pool(role) for role in roles]
    world = await new_world(*pools)
    await world.owner.execute("UPDATE machine SET quantity = 100000; UPDATE offer_span SET quantity = 100000")
    clients = [Client(name, world, hours) for name in "abcdefgh"]
    for _ in range(KILLS):
        fights = [asyncio.create_task(client.book_until_away()) for client in clients]
        await asyncio.sleep(0.5)
        os.kill(the_postmaster(server), signal.SIGKILL)
        await asyncio.gather(*fights)
        assert await asyncio.to_thread(server.start) == dsn
        await settle(world, clients)
    booked = await world.owner.fetch("SELECT id, count(*) OVER (PARTITION BY id) FROM claim")
    assert {row["id"] for row in booked} == {name for client in clients for name in client.acknowledged.values()}
    assert await world.owner.fetchval("SELECT count(*) FROM idempotency") == len(booked)
    assert await audit_of_the_pool(world) == []
    for connections in pools:
        connections.terminate()


async def settle(world, clients):
    """Everything acknowledged is there; everything in doubt is asked again with its key, and answered once."""
    for client in clients:
        for key in client.in_doubt:
            answer = await client.call(key)
            assert isinstance(answer, Accepted)
            client.acknowledged[key] = answer.claim.id
        client.in_doubt.clear()
        known = await world.owner.fetch(
            "SELECT key, answer->'claim'->>'id' AS id FROM idempotency WHERE key LIKE $1", f"{client.name}-%"
        )
        assert {row["key"]: row["id"] for row in known} == client.acknowledged


async def audit_of_the_pool(world):
    """The offer was raised behind the ledger's back, so only the sweep and the accounts can hold."""
    return [fault for fault in await audit(world.owner) if type(fault).__name__ not in {"Unfounded", "Misstated"}]
