"""The page Operations before a real registry: its database, its market, and a browser."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from api_market import START, Market, serving
from playwright.async_api import Browser, Page, async_playwright

from cloud.app import create_app
from cloud.config import Settings
from gateway.clock import Clock

sys.path.insert(0, str(Path(__file__).parent))


@dataclass
class House:
    """A registry with the enterprise `maker`, and its dashboard."""

    market: Market
    browser: Browser
    url: str

    async def open(self, **how: Any) -> Page:
        """The page in a browser of its own; what its console complains of is in `page.complaints`."""
        context = await self.browser.new_context(viewport={"width": how.pop("width", 1440), "height": 900}, **how)
        page = await context.new_page()
        complaints: list[str] = []
        page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
        page.on("pageerror", lambda told: complaints.append(str(told)))
        page.complaints = complaints  # type: ignore[attr-defined]
        await page.goto(f"{self.url}/operations")
        await page.wait_for_selector("main[data-shown]", timeout=30_000)
        return page


Built = Callable[..., Any]


@pytest.fixture
def house(
    database: Any,
    pool_owner: asyncpg.Pool,
    pool_ingest: asyncpg.Pool,
    chromium: str,
    chromium_arguments: list[str],
    run_dashboard: Callable[..., AbstractContextManager[str]],
) -> Built:
    """Opens one, with more settings where a test wants them; `key` takes the place of the maker's own."""

    @asynccontextmanager
    async def opened(**more: Any) -> AsyncIterator[House]:
        settings = Settings(api_dsn=database.api_dsn, ingest_dsn=database.ingest_dsn, **more)
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(serving(create_app(settings, Clock(1.0, time.time(), START))))
            market = Market(pool_owner, pool_ingest, database.dsn, None, url)
            stack.push_async_callback(market.close)
            await market.enterprise("maker")
            processes = stack.enter_context(ExitStack())
            run = run_dashboard(int(url.rpartition(":")[2]), THIRDSHIFT_DASHBOARD_KEY=market.enterprises["maker"].key)
            page_url = await asyncio.to_thread(processes.enter_context, run)
            playwright = await stack.enter_async_context(async_playwright())
            browser = await playwright.chromium.launch(executable_path=chromium, args=chromium_arguments)
            stack.push_async_callback(browser.close)
            yield House(market, browser, page_url)

    return opened
