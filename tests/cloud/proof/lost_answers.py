"""Every call that changes something, and a network that loses its answer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from api_market import START, Market, at, booking, piece, until, wanted, work
from flaky_network import Relay

from cloud.booking.bundle import BundleRequest, SeriesRequest
from cloud.booking.heal import heal
from cloud.booking.wire import Amendment, BookingRequest
from cloud.client import Client
from cloud.waiting.model import WaitingRequest

Deed = Callable[[Client, str], Awaitable[Any]]
"""What is asked with a client and a key; its answer has an `id`."""

MAKERS = {"confirm", "decline"}
"""What the provider does; the rest is the booker's."""


async def deeds(market: Market) -> dict[str, Deed]:
    """One of each, all possible at the same time."""
    (pool,) = await market.plant("maker", "pool:30")
    await market.states(pool, piece(0, 400, quantity=30), lease=400)
    service = await market.service("maker", pool)
    asking = await market.service("maker", pool, name="asking", instant=False)
    buyer = market.clients["buyer"]
    held, longer = [await buyer.hold(wanted(service, 10, 11)) for _ in range(2)]
    amended, cancelled = [await buyer.book(booking(service, 20, 22)) for _ in range(2)]
    asked, declined = [await buyer.book(booking(asking, 20, 22)) for _ in range(2)]
    bundle = await buyer.book_bundle(BundleRequest(legs=(booking(service, 30, 31), booking(service, 32, 33))))
    displaced = await _displaced(market)
    legs = (booking(service, 40, 41), booking(asking, 42, 43))
    weekly = SeriesRequest(service_id=service, start=at(50), end=at(51), work=work(), every_days=1, times=3)
    wish = WaitingRequest(service_id=service, start=at(60), end=at(62), duration=timedelta(hours=1), quantity=40)
    return {
        "hold": lambda client, key: client.hold(wanted(service, 12, 13), key=key),
        "book": lambda client, key: client.book(booking(service, 14, 15), key=key),
        "redeem": lambda client, key: client.book(BookingRequest(hold_id=held.id, work=work()), key=key),
        "extend": lambda client, key: client.extend(longer.id, key=key),
        "amend": lambda client, key: client.amend(amended.id, Amendment(end=at(23), quantity=2), key=key),
        "cancel": lambda client, key: client.cancel(cancelled.id, key=key),
        "confirm": lambda client, key: client.confirm(asked.id, key=key),
        "decline": lambda client, key: client.decline(declined.id, key=key),
        "bundle": lambda client, key: client.book_bundle(BundleRequest(legs=legs), key=key),
        "series": lambda client, key: client.book_series(weekly, key=key),
        "cancel bundle": lambda client, key: client.cancel_bundle(bundle.id, key=key),
        "accept": lambda client, key: client.accept(displaced, key=key),
        "wait": lambda client, key: client.wait(wish, key=key),
    }


async def _displaced(market: Market) -> str:
    """A booking whose plant took its hours back, with equal capacity proposed."""
    first, machine_id = await market.offer("rival")
    booked = await market.clients["buyer"].book(booking(first, 10, 12))
    await market.states(machine_id)
    assert await heal(market.ingest, at(1), START - timedelta(hours=1), timedelta(0), timedelta(0)) == 1
    return booked.id


async def committed(market: Market, keys: set[str], within: float = 60) -> dict[str, str]:
    """Waits until every key's work is committed: what each one made or changed. Raises TimeoutError."""
    query = """SELECT key, coalesce(answer->'claim'->>'id', answer->'bundle'->>'id', answer->'waiting'->>'id') AS id
      FROM idempotency WHERE key = ANY($1)"""

    async def all_there() -> bool:
        return len(await market.owner.fetch(query, list(keys))) == len(keys)

    await until(all_there, within=within)
    return {row["key"]: row["id"] for row in await market.owner.fetch(query, list(keys))}


@dataclass
class Mute(Relay):
    """A relay that, while `deaf`, takes everything to the far side and loses what that says."""

    deaf: bool = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Mute"]:
        await self.start()
        try:
            yield self
        finally:
            await self.cut()

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up = writer.get_extra_info("peername")[1] == self.target
        while data := await reader.read(65536):
            if up or not self.deaf:
                writer.write(data)
        writer.transport.abort()
