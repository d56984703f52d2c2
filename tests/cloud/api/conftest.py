"""The API in this process, on a fresh database, with an empty market behind it."""

import time
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx2
import pytest
from api_market import START, Market
from fastapi import FastAPI

from cloud.app import create_app
from cloud.config import Settings
from gateway.clock import Clock


@pytest.fixture
def settings(database: Any) -> Settings:
    return Settings(api_dsn=database.api_dsn, ingest_dsn=database.ingest_dsn, heartbeat=0.5, statement_timeout=5)


@pytest.fixture
def clock() -> Clock:
    return Clock(1.0, time.time(), START)


@pytest.fixture
async def app(settings: Settings, clock: Clock) -> AsyncIterator[FastAPI]:
    app = create_app(settings, clock)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def market(
    app: FastAPI, database: Any, pool_owner: asyncpg.Pool, pool_ingest: asyncpg.Pool
) -> AsyncIterator[Market]:
    """An empty market with a maker, a buyer and a rival."""
    made = Market(pool_owner, pool_ingest, database.dsn, httpx2.ASGITransport(app=app))
    for name in ("maker", "buyer", "rival"):
        await made.enterprise(name)
    yield made
    await made.close()


@pytest.fixture
async def bare(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client without a key."""
    async with httpx2.AsyncClient(base_url="http://api", transport=httpx2.ASGITransport(app=app)) as client:
        yield client
