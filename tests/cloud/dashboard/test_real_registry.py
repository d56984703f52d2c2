"""The page against the real API on a real database: what partners and plants do is seen without reloading."""

import asyncio
import time
from contextlib import ExitStack

from api_market import START, Market, booking, piece, serving
from playwright.async_api import async_playwright, expect

from cloud.app import create_app
from cloud.config import Settings
from gateway.clock import Clock


async def test_what_plants_and_partners_do_is_seen_live(
    database, pool_owner, pool_ingest, chromium, chromium_arguments, run_dashboard
):
    settings = Settings(api_dsn=database.api_dsn, ingest_dsn=database.ingest_dsn)
    with ExitStack() as stack:
        async with serving(create_app(settings, Clock(1.0, time.time(), START))) as url:
            market = Market(pool_owner, pool_ingest, database.dsn, None, url)
            for name in ("maker", "buyer"):
                await market.enterprise(name)
            (machine,) = await market.plant("maker", "mill")
            port = int(url.rpartition(":")[2])
            page_url = await asyncio.to_thread(stack.enter_context, run_dashboard(port))
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=chromium, args=chromium_arguments)
                page = await browser.new_page()
                await page.goto(page_url)
                await page.get_by_label("API key").fill(market.enterprises["maker"].key)
                await page.keyboard.press("Enter")
                await expect(page.locator(".glance-row")).to_contain_text("mill", timeout=10_000)
                await expect(page.locator(".tile").nth(1)).to_contain_text("0.0")
                await market.states(machine, piece(1, 49))
                await expect(page.locator(".tile").nth(1)).to_contain_text("48.0", timeout=10_000)
                service = await market.service("maker", machine)
                made = await market.clients["buyer"].book(booking(service, 2, 4))
                await expect(page.locator(".bookings tbody tr")).to_contain_text("confirmed", timeout=10_000)
                await expect(page.locator(".tile").nth(1)).to_contain_text("46.0 h of them still free", timeout=10_000)
                await market.clients["buyer"].cancel(made.id)
                await expect(page.locator(".bookings tbody tr")).to_contain_text("cancelled", timeout=10_000)
                await browser.close()
            await market.close()
