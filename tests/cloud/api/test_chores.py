"""The API's own chores: one that hangs takes no call's place, and one that fails is tried again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from api_market import Market, until, wanted
from fastapi import FastAPI

from cloud.app import EXPIRE_EVERY, _expire
from cloud.client import ApiError
from cloud.config import Settings

LOCK = "SELECT 1 FROM statement FOR NO KEY UPDATE"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
def settings(database: Any) -> Settings:
    """Room for one call at a time, which waits half a second for it; holds run out at once."""
    limits = {"pool_size": 1, "acquire_timeout": 0.5, "statement_timeout": 30, "hold_ttl": 0.05}
    return Settings(api_dsn=database.api_dsn, ingest_dsn=database.ingest_dsn, **limits)


@asynccontextmanager
async def held_up(market: Market, chores: int) -> AsyncIterator[None]:
    """So many chores, each about to end a hold, wait for its machine's guard."""
    service_id, _ = await market.offer()
    async with market.owner.acquire() as other, other.transaction():
        await market.clients["buyer"].hold(wanted(service_id, 10, 11))
        await other.execute(LOCK)

        async def wait() -> bool:
            return bool(await market.owner.fetchval(WAITING) >= chores)

        await until(wait, within=30)
        yield


async def test_calls_are_answered_while_a_chore_hangs(market: Market) -> None:
    async with held_up(market, 1):
        for _ in range(5):
            assert await market.clients["buyer"].services() == []


async def test_control_on_the_calls_own_pool_it_would_take_their_place(market: Market, app: FastAPI) -> None:
    desk = app.state.desk
    chore = asyncio.create_task(_expire(desk.pool, desk.clock))
    async with held_up(market, 2):
        with pytest.raises(ApiError) as caught:
            await market.clients["buyer"].services()
    assert caught.value.code == "database.away"
    chore.cancel()
    await asyncio.gather(chore, return_exceptions=True)


async def test_a_chore_that_failed_is_tried_again(market: Market) -> None:
    service_id, _ = await market.offer()
    may = "EXECUTE ON FUNCTION ts_expire(int, timestamptz)"
    await market.owner.execute(f"REVOKE {may} FROM ts_api")
    held = await market.clients["buyer"].hold(wanted(service_id, 10, 11))
    await asyncio.sleep(2 * EXPIRE_EVERY)
    await market.owner.execute(f"GRANT {may} TO ts_api")

    async def told() -> bool:
        return bool(await market.owner.fetchval("SELECT state FROM claim WHERE id = $1", held.id) == "EXPIRED")

    await until(told, within=30)
