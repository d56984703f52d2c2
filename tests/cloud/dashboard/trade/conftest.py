"""A market behind a real registry, the dashboard before it, and people who look at it in a real browser."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from api_market import START, Market, piece, serving
from playwright.async_api import Browser, Page, async_playwright, expect

from cloud.app import create_app
from cloud.config import Settings
from gateway.clock import Clock

SOON = 30_000
expect.set_options(timeout=SOON)


@dataclass
class Site:
    """The market, the dashboard's address, and a browser; `maker` has a mill with a service that is booked at once."""

    market: Market
    url: str
    browser: Browser
    machine: str = ""
    service: str = ""

    @asynccontextmanager
    async def visit(self, name: str, path: str, **context: Any) -> AsyncIterator[Page]:
        """A page as that enterprise sees it; on leaving it, nothing was wrong in the browser."""
        visitor = await self.browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **context})
        key = {"key": self.market.enterprises[name].key}
        await visitor.request.post(f"{self.url}/login", form=key, max_redirects=0)
        page, wrong = await visitor.new_page(), list[str]()
        page.set_default_timeout(SOON)
        page.on("console", lambda said: wrong.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        await page.goto(f"{self.url}{path}")
        yield page
        await visitor.close()
        assert wrong == []


@pytest.fixture
async def site(
    database: Any, pool_owner: Any, pool_ingest: Any, run_dashboard: Any, chromium: str, chromium_arguments: list[str]
) -> AsyncIterator[Site]:
    settings = Settings(api_dsn=database.api_dsn, ingest_dsn=database.ingest_dsn)
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(serving(create_app(settings, Clock(1.0, time.time(), START))))
        market = Market(pool_owner, pool_ingest, database.dsn, None, api)
        stack.push_async_callback(market.close)
        for name in ("maker", "buyer"):
            await market.enterprise(name)
        (machine,) = await market.plant("maker", "mill", latitude=48.2, longitude=16.4)
        await market.states(machine, piece(2, 30), lease=300)
        await market.plant("buyer")
        terms = {"name": "five axes", "work_masters": ("bracket", "flange"), "cancellation_share": 0.25}
        service = await market.service("maker", machine, **terms)
        url = await asyncio.to_thread(stack.enter_context, run_dashboard(int(api.rpartition(":")[2])))
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(executable_path=chromium, args=chromium_arguments)
        stack.push_async_callback(browser.close)
        yield Site(market, url, browser, machine, service)
