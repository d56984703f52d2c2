"""A plant with one machine of which much is known, and somebody who looks at it with a browser."""

import asyncio
import time
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta

import pytest
from api_market import START, Market, at, booking, piece, serving
from chart_axis import SOON
from playwright.async_api import async_playwright, expect

from cloud.app import create_app
from cloud.config import Settings
from cloud.telemetry import rollups
from cloud.telemetry.model import Sample, gathered
from cloud.telemetry.postgres import PostgresSamples
from gateway.clock import Clock

CHANGES = ((-9, "NotAvailable", "None"), (-6, "Executing", "Processing"), (-2, "OutOfService", "None"))


@pytest.fixture
async def market(database, pool_owner, pool_ingest):
    """A plant with one machine of which much is known, another of which nothing is, and a guest."""
    settings = Settings(api_dsn=database.api_dsn, ingest_dsn=database.ingest_dsn)
    async with serving(create_app(settings, Clock(1.0, time.time(), START))) as url:
        market = Market(pool_owner, pool_ingest, database.dsn, None, url)
        for name in ("maker", "buyer"):
            await market.enterprise(name)
        machine, _ = await market.plant("maker", "mill", "idle-one", zone="UTC")
        await pool_owner.executemany(
            "INSERT INTO state_history VALUES ($1, $2, $3, $4, 'plant', 'good', NULL, 1, $5, $2)",
            [(machine, at(hour), state, mode, number) for number, (hour, state, mode) in enumerate(CHANGES)],
        )
        await pool_owner.execute(
            "UPDATE machine SET item_state = 'OutOfService', operation_mode = 'None', state_origin = 'plant',"
            " state_since = $2 WHERE id = $1",
            *(machine, at(-2)),
        )
        await pool_owner.execute(
            "INSERT INTO gap (machine_id, start_at, end_at, reason, epoch, seq, received_at)"
            " VALUES ($1, $2, $3, 'cut', 1, 99, $3)",
            *(machine, at(-4), at(-3)),
        )
        values = [Sample(machine, "power", at(-6) + n * timedelta(seconds=10), 5.0 + n % 7) for n in range(1400)]
        await PostgresSamples(pool_ingest).write(gathered(values))
        await pool_owner.execute("INSERT INTO signal_unit VALUES ($1, 'power', 'kW')", machine)
        await rollups.roll(pool_ingest, START, timedelta(days=400))
        await market.states(machine, piece(-5, 4), piece(4, 6, type="Unattainable", reason="maintenance"), piece(6, 40))
        service = await market.service("maker", machine, min_duration=timedelta(hours=1))
        await market.clients["buyer"].book(booking(service, 8, 10))
        yield market
        await market.close()


@asynccontextmanager
async def looking(market, chromium, chromium_arguments, run_dashboard, **context):
    """Somebody of the plant with a browser; no error may be logged."""
    with ExitStack() as stack:
        port = int(market.url.rpartition(":")[2])
        url = await asyncio.to_thread(stack.enter_context, run_dashboard(port))
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=chromium_arguments)
            page = await (await browser.new_context(viewport={"width": 1440, "height": 900}, **context)).new_page()
            errors: list[str] = []
            page.on("console", lambda said: errors.append(said.text) if said.type in {"error", "warning"} else None)
            page.on("pageerror", lambda error: errors.append(str(error)))
            await page.goto(url)
            await page.locator("input[name=key]").fill(market.enterprises["maker"].key)
            await page.keyboard.press("Enter")
            await expect(page.locator("main[data-shown=yes]")).to_be_visible(timeout=SOON)
            yield page, url
            await browser.close()
        assert errors == []


@pytest.fixture
def look(market, chromium, chromium_arguments, run_dashboard):
    return lambda **context: looking(market, chromium, chromium_arguments, run_dashboard, **context)
