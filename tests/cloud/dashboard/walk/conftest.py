"""A real registry and a real dashboard, whatever plant is walked through; and a browser."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from api_market import START, Market, serving
from playwright.async_api import Browser, async_playwright

from cloud.app import create_app
from cloud.config import Settings
from gateway.clock import Clock

sys.path.insert(0, str(Path(__file__).parent))
pytest_plugins = ("axe",)


@dataclass
class Site:
    """A market behind a registry, and the address of the dashboard before it."""

    market: Market
    url: str


@pytest.fixture
async def site(database: Any, pool_owner: Any, pool_ingest: Any, run_dashboard: Any) -> AsyncIterator[Site]:
    settings = Settings(api_dsn=database.api_dsn, ingest_dsn=database.ingest_dsn)
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(serving(create_app(settings, Clock(1.0, time.time(), START))))
        market = Market(pool_owner, pool_ingest, database.dsn, None, api)
        stack.push_async_callback(market.close)
        run = run_dashboard(int(api.rpartition(":")[2]))
        yield Site(market, await asyncio.to_thread(stack.enter_context, run))


@pytest.fixture
async def browser(chromium: str, chromium_arguments: list[str]) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=chromium_arguments)
        yield browser
        await browser.close()
