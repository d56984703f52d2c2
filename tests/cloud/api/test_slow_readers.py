"""Whoever takes a table away and then reads no further keeps nobody else from the database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from api_market import Market, booking
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.client import ApiError
from cloud.config import Settings
from cloud.db import as_tenant
from cloud.exports import store
from cloud.exports.tables import BOOKINGS, line

TABLES = ["bookings.csv", "bookings.parquet", "ledger.csv", "ledger.parquet"]


@pytest.fixture
def settings(database: Any) -> Settings:
    """Room for one call at a time, which waits half a second for it."""
    limits = {"pool_size": 1, "acquire_timeout": 0.5, "statement_timeout": 30}
    return Settings(api_dsn=database.api_dsn, ingest_dsn=database.ingest_dsn, **limits)


@asynccontextmanager
async def stopped(app: ASGIApp, path: str, key: str) -> AsyncIterator[list[bytes]]:
    """Somebody who asks for it, and takes no more than the first piece; yields that."""
    got: list[bytes] = []
    full = asyncio.Event()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            got.append(message["body"])
            full.set()
            await asyncio.Event().wait()

    asked = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if not asked:
            await asyncio.Event().wait()
        return asked.pop()

    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
    scope |= {"headers": [(b"authorization", f"Bearer {key}".encode())], "http_version": "1.1", "scheme": "http"}
    scope |= {"server": ("api", 80), "client": ("reader", 1), "root_path": "", "asgi": {"version": "3.0"}}
    reading = asyncio.create_task(app(scope, receive, send))  # type: ignore[arg-type]
    async with asyncio.timeout(30):
        await full.wait()
    yield got
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)


@pytest.fixture
async def traded(market: Market) -> Market:
    service_id, _ = await market.offer()
    for hour in (10, 11, 12):
        await market.clients["maker"].book(booking(service_id, hour, hour + 1))
    return market


@pytest.mark.parametrize("table", TABLES)
async def test_who_stops_reading_keeps_no_connection(traded: Market, app: FastAPI, table: str) -> None:
    async with stopped(app, f"/v1/exports/{table}", traded.enterprises["maker"].key) as got:
        assert len(await traded.clients["maker"].bookings()) == 3
    assert got[0]


async def test_control_rows_that_are_sent_as_they_are_read_keep_it(traded: Market, app: FastAPI) -> None:
    async def naive(scope: Scope, receive: Receive, send: Send) -> None:
        async with as_tenant(app.state.desk.pool, traded.id("maker")) as rows:
            found = store.bookings(rows, traded.id("maker"), None, None)
            lines = (line(BOOKINGS, row) async for row in found)
            await StreamingResponse(lines)(scope, receive, send)

    async with stopped(naive, "/", ""):
        with pytest.raises(ApiError) as caught:
            await traded.clients["maker"].bookings()
    assert caught.value.code == "database.away"


async def test_a_table_larger_than_a_piece_comes_whole(traded: Market, pool_owner: Any) -> None:
    await pool_owner.execute(
        "INSERT INTO ledger (at, machine_id, kind, data) SELECT at, machine_id, 'note', '{}'"
        " FROM ledger, generate_series(1, 4000) WHERE seq = 1"
    )
    number = await pool_owner.fetchval("SELECT count(*) FROM ledger")
    lines = (await traded.clients["maker"].export("ledger", "csv")).decode().splitlines()
    assert (len(lines), len({each.partition(",")[0] for each in lines})) == (number + 1, number + 1)
