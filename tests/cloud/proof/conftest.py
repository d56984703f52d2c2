"""The API on real sockets, twice over one database; and what the proofs share lies beside them."""

import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from api_market import START, Market, serving

from cloud.app import create_app
from cloud.client import Client
from cloud.config import Settings
from gateway.clock import Clock

sys.path.insert(0, str(Path(__file__).parent))


@dataclass
class TwoWorkers(Market):
    """A market that two processes of the API would serve; `others` are the same callers at the second."""

    others: dict[str, Client] = field(default_factory=dict)


@pytest.fixture
def settings(database: Any) -> Settings:
    limits = {"most_holds": 1_000_000, "most_holds_of_a_key": 1_000_000, "rate": 1_000_000, "burst": 1_000_000}
    return Settings(api_dsn=database.api_dsn, ingest_dsn=database.ingest_dsn, heartbeat=0.5, **limits)


@pytest.fixture
def clock() -> Clock:
    return Clock(1.0, time.time(), START)


@pytest.fixture
async def market(
    settings: Settings, clock: Clock, database: Any, pool_owner: asyncpg.Pool, pool_ingest: asyncpg.Pool
) -> AsyncIterator[TwoWorkers]:
    """A market with a maker, a buyer and a rival, served by two workers."""
    async with AsyncExitStack() as stack:
        clients: dict[str, Client] = {}
        urls = [await stack.enter_async_context(serving(create_app(settings, clock))) for _ in range(2)]
        made = TwoWorkers(pool_owner, pool_ingest, database.dsn, None, urls[0], others=clients)
        for name in ("maker", "buyer", "rival"):
            await made.enterprise(name)
            clients[name] = await stack.enter_async_context(Client(urls[1], made.enterprises[name].key))
        yield made
        await made.close()
