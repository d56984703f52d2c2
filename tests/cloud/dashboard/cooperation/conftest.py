"""A real registry with a buyer's year of cooperation in it, and the dashboard in front."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from api_market import START, Market, at, booking, piece, serving, work
from playwright.async_api import Browser, Page, async_playwright

from cloud.app import create_app
from cloud.config import Settings
from cloud.cooperation.alliance import AllianceRequest, Seat
from cloud.cooperation.inquiry import InquiryRequest, QuoteRequest
from cloud.cooperation.model import AgreementRequest
from gateway.clock import Clock
from gateway.money import Money


def eur(amount: str) -> Money:
    return Money(amount=amount, currency="EUR")


@dataclass
class Scene:
    """A market behind a real API, and browsers that are logged in to the dashboard before it."""

    market: Market
    url: str
    browser: Browser
    service_id: str = ""

    async def enter(self, name: str, *, language: str = "en", **look: Any) -> Page:
        """The page of cooperation, as that enterprise sees it."""
        context = await self.browser.new_context(locale="zh-CN" if language == "zh" else "en-GB", **look)
        page = await context.new_page()
        await page.goto(self.url + "/login")
        await page.locator("input[name=key], input[type=password]").last.fill(self.market.enterprises[name].key)
        await page.keyboard.press("Enter")
        await page.locator(".bar").wait_for(timeout=30_000)
        await page.goto(self.url + "/cooperation")
        await page.locator("main[data-shown]").wait_for(timeout=30_000)
        return page

    async def furnish(self) -> "Scene":
        """Something of everything: agreed, proposed, asked, quoted, allied, and dealings that are over."""
        market = self.market
        (mill, lathe) = await market.plant("maker", "mill", "lathe")
        for machine in (mill, lathe):
            await market.states(machine, piece(0, 400), lease=400)
        self.service_id = await market.service("maker", mill, name="five-axis milling")
        turning = await market.service("maker", lathe, name="turning", amount="45.00", instant=False)
        maker, buyer = market.clients["maker"], market.clients["buyer"]
        await self._deal(lathe)
        agreed = await maker.propose(self.terms("Night shifts 2026", self.service_id, quota=40, rate="48.00"))
        await buyer.accept_agreement(agreed.id)
        for start in (10, 34):
            await buyer.book(booking(self.service_id, start, start + 8, agreement_id=agreed.id))
        await maker.propose(self.terms("Turned parts", turning, quota=16, rate="39.50", note="as talked about"))
        asked = await buyer.inquire(
            InquiryRequest(
                partner_ids=(market.id("maker"), market.id("rival")),
                start=at(24),
                end=at(120),
                duration=timedelta(hours=6),
                work=work(120),
                expires_at=at(48),
                note="surface finish Ra 0.8",
            )
        )
        await maker.quote(asked.id, self.offer(self.service_id, "310.00"))
        await rival_quotes(market, asked.id)
        founded = await maker.found_alliance(
            AllianceRequest(
                name="Northern mills",
                members=(Seat(id=market.id("maker"), share=0.6), Seat(id=market.id("buyer"), share=0.4)),
                shows="states",
            )
        )
        await buyer.join_alliance(founded.id, "capacity")
        await maker.pool_service(founded.id, self.service_id)
        return self

    async def _deal(self, lathe: str) -> None:
        """Five bookings that are over by now, and how each went."""
        dealing = await self.market.service("maker", lathe, name="spot turning", amount="45.00")
        buyer = self.market.clients["buyer"]
        ids = [(await buyer.book(booking(dealing, hour, hour + 2))).id for hour in range(300, 310, 2)]
        await self.market.clients["maker"].cancel(ids[4], "needed ourselves")
        owner = self.market.owner
        await owner.execute("ALTER TABLE claim DISABLE TRIGGER claim_moved")
        await owner.execute(
            "UPDATE claim SET span = tstzrange(lower(span) - interval '400 hours', upper(span) - interval '400 hours')"
        )
        for number, share in enumerate((1.0, 1.0, 0.6)):
            meter = {"outcome": "COMPLETED", "share": share, "booked_hours": 2.0, "run_hours": 1.9, "started": None}
            await owner.execute(
                "UPDATE claim SET state = 'METERED', meter = $2, settlement = '{\"due\": \"90.00\"}' WHERE id = $1",
                *(ids[number], meter),
            )
        await owner.execute("UPDATE claim SET state = 'UNDELIVERABLE' WHERE id = $1", ids[3])
        await owner.execute("ALTER TABLE claim ENABLE TRIGGER claim_moved")

    def terms(self, name: str, service_id: str, *, quota: float, rate: str, **more: Any) -> AgreementRequest:
        given = {"name": name, "role": "provider", "partner_id": self.market.id("buyer"), "service_ids": (service_id,)}
        rest = {"rate": eur(rate), "quota_hours": quota, "period": "week", "zone": "Europe/Vienna"}
        return AgreementRequest(**given, **rest, start=at(-30), end=at(24 * 90), **more)

    def offer(self, service_id: str, price: str) -> QuoteRequest:
        return QuoteRequest(service_id=service_id, start=at(26), end=at(32), price=eur(price), valid_until=at(40))


async def rival_quotes(market: Market, inquiry_id: str) -> None:
    (machine,) = await market.plant("rival", "old mill")
    await market.states(machine, piece(0, 400), lease=400)
    service = await market.service("rival", machine, name="milling", amount="52.00")
    offer = QuoteRequest(service_id=service, start=at(50), end=at(56), price=eur("275.00"), valid_until=at(40))
    await market.clients["rival"].quote(inquiry_id, offer)


@pytest.fixture
def opened(
    database: Any, pool_owner: Any, pool_ingest: Any, chromium: str, chromium_arguments: list[str], run_dashboard: Any
) -> Callable[[], Any]:
    """`async with opened() as scene:`; in the test's own task, for the server is cancelled in it."""

    @asynccontextmanager
    async def scene() -> AsyncIterator[Scene]:
        settings = Settings(api_dsn=database.api_dsn, ingest_dsn=database.ingest_dsn)
        with ExitStack() as stack:
            async with serving(create_app(settings, Clock(1.0, time.time(), START))) as url:
                market = Market(pool_owner, pool_ingest, database.dsn, None, url)
                try:
                    for name in ("maker", "buyer", "rival"):
                        await market.enterprise(name)
                    port = int(url.rpartition(":")[2])
                    page_url = await asyncio.to_thread(stack.enter_context, run_dashboard(port))
                    async with async_playwright() as playwright:
                        how = {"executable_path": chromium, "args": chromium_arguments}
                        browser = await playwright.chromium.launch(**how)
                        yield Scene(market, page_url, browser)
                        await browser.close()
                finally:
                    await market.close()

    return scene


@pytest.fixture
def faults() -> Callable[[Page], list[str]]:
    """Collects what the page's console complains of."""

    def listen(page: Page) -> list[str]:
        found: list[str] = []
        page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: found.append(str(error)))
        return found

    return listen
