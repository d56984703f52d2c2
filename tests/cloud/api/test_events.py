"""What an enterprise is told as it happens, and that a broken stream resumes without loss."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from api_market import Market, booking, serving, streams, until, wanted
from fastapi import FastAPI

from cloud.app import create_app
from cloud.client import Client, Event
from cloud.config import Settings
from cloud.partners.model import KeyRequest, Scope
from gateway.clock import Clock


@pytest.fixture
async def app(settings: Settings, clock: Clock) -> FastAPI:
    """Streams need a real socket, and the server opens the app itself."""
    return create_app(settings, clock)


@pytest.fixture
async def market(app: FastAPI, database: Any, pool_owner: Any, pool_ingest: Any) -> AsyncIterator[Market]:
    async with serving(app) as url:
        made = Market(pool_owner, pool_ingest, database.dsn, None, url)
        for name in ("maker", "buyer", "rival"):
            await made.enterprise(name)
        yield made
        await made.close()


async def told(client: Client, number: int, after: str | None = None) -> list[Event]:
    """The next so many events."""
    found: list[Event] = []
    async with asyncio.timeout(10):
        async for event in client.events(after):
            found.append(event)
            if len(found) == number:
                break
    return found


async def test_both_sides_of_a_booking_are_told_and_nobody_else(market: Market, app: FastAPI) -> None:
    service_id, _ = await market.offer()
    listening = {name: asyncio.create_task(told(client, 1)) for name, client in market.clients.items()}
    await until(lambda: streams(app, 3))
    booked = await market.clients["buyer"].book(booking(service_id, 10, 12))
    for name in ("maker", "buyer"):
        (event,) = await listening[name]
        assert (event.type, event.data["id"], event.data["state"]) == ("booking.changed", booked.id, "CONFIRMED")
    await asyncio.sleep(0.3)
    assert not listening["rival"].done()
    listening["rival"].cancel()


async def test_a_stream_resumes_after_the_last_event_that_was_seen(market: Market) -> None:
    service_id, _ = await market.offer()
    buyer = market.clients["buyer"]
    ids = [(await buyer.hold(wanted(service_id, hour, hour + 1))).id for hour in range(1, 5)]
    everything = await told(buyer, 4, after="")
    assert [event.data["id"] for event in everything] == ids
    assert [event.data["id"] for event in await told(buyer, 2, after=everything[1].id)] == ids[2:]


async def test_an_event_of_a_transaction_that_commits_late_is_not_skipped(market: Market) -> None:
    """Sequence numbers are given before commits: a cursor of numbers alone would have gone past the slow one."""
    buyer, insert = market.id("buyer"), "INSERT INTO event (at, enterprise_id, type, data) VALUES (now(), $1, $2, '{}')"
    async with market.owner.acquire() as slow:
        transaction = slow.transaction()
        await transaction.start()
        await slow.execute(insert, buyer, "slow")
        await market.owner.execute(insert, buyer, "quick")
        listening = asyncio.create_task(told(market.clients["buyer"], 2, after=""))
        await asyncio.sleep(0.3)
        await transaction.commit()
        assert [event.type for event in await listening] == ["slow", "quick"]


async def test_many_clients_share_one_listening_connection(market: Market, app: FastAPI) -> None:
    count = """SELECT count(*) FROM pg_stat_activity
               WHERE datname = current_database() AND query LIKE '%ts_news%' AND pid <> pg_backend_pid()"""
    listening = [asyncio.create_task(told(market.clients["buyer"], 1)) for _ in range(15)]
    await until(lambda: streams(app, 15))
    await until(lambda: market.owner.fetchval(count))
    assert await market.owner.fetchval(count) == 1
    service_id, _ = await market.offer()
    held = await market.clients["buyer"].hold(wanted(service_id, 1, 2))
    assert {event.data["id"] for (event,) in await asyncio.gather(*listening)} == {held.id}


async def test_an_idle_stream_is_kept_alive_by_comments_and_ends_when_its_key_is_revoked(market: Market) -> None:
    admin = market.clients["buyer"]
    made = await admin.add_key(KeyRequest(name="screen", scopes=frozenset({Scope.READ})))
    lines: list[str] = []
    headers = {"Authorization": f"Bearer {made.key}"}
    async with (
        asyncio.timeout(10),
        httpx2.AsyncClient(base_url=market.url) as http,
        http.stream("GET", "/v1/events", headers=headers) as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        async for line in stream.aiter_lines():
            lines.append(line)
            if line == ": still here":
                await admin.revoke_key(made.id)
    assert ": still here" in lines


async def test_the_server_stops_at_once_although_streams_are_open(
    settings: Settings, clock: Clock, market: Market
) -> None:
    app = create_app(settings, clock)
    loop = asyncio.get_running_loop()
    async with market.client(market.enterprises["buyer"].key) as client, serving(app) as url:
        client._http.base_url = httpx2.URL(url)
        stream = client.events(reconnect=False)
        reading = asyncio.create_task(anext(stream, None))
        await until(lambda: streams(app, 1))
        began = loop.time()
    assert await reading is None
    assert loop.time() - began < 2
