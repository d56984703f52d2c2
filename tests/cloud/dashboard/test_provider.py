"""Single sign-on with a foreign identity provider: the browser goes there, comes back, and is somebody."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from api_market import START, Market, serving
from playwright.async_api import Page, async_playwright, expect

from cloud.accounts.model import AccountRequest
from cloud.accounts.roles import Role
from cloud.app import create_app
from cloud.config import Settings
from gateway.clock import Clock
from gateway.ports import free_port

ADA = "ada@example.com"
SOON = 20_000


@dataclass
class House:
    """A registry, a foreign provider and a dashboard that know each other."""

    market: Market
    url: str
    issuer: str


@pytest.fixture
async def house(
    database: Any, pool_owner: Any, pool_ingest: Any, foreign_provider: Any, run_dashboard: Any
) -> AsyncIterator[House]:
    port = free_port()
    async with AsyncExitStack() as stack:
        found = await asyncio.to_thread(
            stack.enter_context, foreign_provider(f"http://127.0.0.1:{port}/login/provider/back")
        )
        known = {"oidc_issuer": found.issuer, "oidc_client_id": found.client_id, "oidc_client_secret": found.secret}
        settings = Settings(api_dsn=database.api_dsn, ingest_dsn=database.ingest_dsn, **known)
        api = await stack.enter_async_context(serving(create_app(settings, Clock(1.0, time.time(), START))))
        market = Market(pool_owner, pool_ingest, database.dsn, None, api)
        await market.enterprise("maker")
        stack.push_async_callback(market.close)
        environment = {f"THIRDSHIFT_{name.upper()}": value for name, value in known.items()}
        environment["THIRDSHIFT_DASHBOARD_PORT"] = str(port)
        number = int(api.rpartition(":")[2])
        url = await asyncio.to_thread(stack.enter_context, run_dashboard(number, **environment))
        yield House(market, url, found.issuer)


@pytest.fixture
async def page(chromium: str, chromium_arguments: list[str]) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=chromium_arguments)
        yield await browser.new_page()
        await browser.close()


async def sign_on(page: Page, house: House, name: str) -> None:
    await page.goto(house.url)
    await page.get_by_role("link", name="single sign-on").click()
    await expect(page).to_have_url(re.compile(f"^{house.issuer}/interaction"), timeout=SOON)
    await page.locator("[name=login]").fill(name)
    await page.locator("[name=password]").fill("any")
    await page.locator("[type=submit]").click()
    await page.get_by_role("button", name="Continue").click()


async def test_who_has_an_account_comes_in_and_goes_out_and_who_has_none_is_told_so(house: House, page: Page) -> None:
    await house.market.clients["maker"].add_account(AccountRequest(name=ADA, role=Role.VIEWER))
    await sign_on(page, house, ADA)
    await expect(page).to_have_url(f"{house.url}/", timeout=SOON)
    await expect(page.locator(".who")).to_contain_text("maker", timeout=SOON)
    (cookie,) = [each for each in await page.context.cookies() if each["name"] == "thirdshift"]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    await page.get_by_role("button", name="Log out").click()
    await expect(page).to_have_url(f"{house.url}/login", timeout=SOON)
    way_out = page.get_by_role("link", name="Log out at the identity provider too")
    await page.reload()  # as a second open page of this browser does, which is sent here too
    await way_out.click()
    await expect(page).to_have_url(re.compile(f"^{house.issuer}/session/end"), timeout=SOON)
    await page.get_by_role("button", name="Yes").click()
    await expect(page).to_have_url(re.compile(f"^{house.url}/login"), timeout=SOON)
    await expect(way_out).to_have_count(0)
    await page.goto(house.url)
    await expect(page).to_have_url(f"{house.url}/login", timeout=SOON)
    for nobody in ("grace@example.com", f"{ADA}?unverified"):
        await page.context.clear_cookies()
        await sign_on(page, house, nobody)
        await expect(page.get_by_role("alert")).to_contain_text("there is no account for you", timeout=SOON)
        await expect(page).to_have_url(f"{house.url}/login")


async def test_where_there_are_several_enterprises_who_comes_first_names_one(house: House, page: Page) -> None:
    await house.market.enterprise("rival")
    for name in ("maker", "rival"):
        await house.market.clients[name].add_account(AccountRequest(name=ADA, role=Role.VIEWER))
    await sign_on(page, house, ADA)
    await expect(page.get_by_role("alert")).to_contain_text("Name your enterprise", timeout=SOON)
    await page.get_by_text("I come for the first time").click()
    await page.locator("[name=sought]").fill("rival")
    await page.get_by_role("button", name="Choose this enterprise").click()
    await page.get_by_role("link", name="Log in to rival with single sign-on").click()
    await expect(page.locator(".who")).to_contain_text("rival", timeout=SOON)


async def test_an_address_leads_nobody_into_an_enterprise(house: House) -> None:
    async with httpx2.AsyncClient(base_url=house.url) as client:
        await client.get("/login/provider?enterprise=rival&sought=rival")
        assert "rival" not in (await client.get("/login?sought=rival")).text
        foreign = await client.post("/login", data={"sought": "rival"}, headers={"Origin": "https://example.com"})
        assert foreign.status_code == 403
        assert "rival" not in (await client.get("/login")).text


async def test_what_comes_back_without_having_been_sent_is_not_let_in(house: House) -> None:
    async with httpx2.AsyncClient(base_url=house.url) as client, httpx2.AsyncClient(base_url=house.url) as other:
        sent = await client.get("/login/provider")
        asked = parse_qs(urlsplit(sent.headers["location"]).query)
        assert sent.headers["location"].startswith(house.issuer)
        assert {"state", "nonce", "code_challenge"} <= asked.keys()
        assert (asked["response_type"], asked["code_challenge_method"]) == (["code"], ["S256"])
        again = parse_qs(urlsplit((await client.get("/login/provider")).headers["location"]).query)
        assert all(asked[name] != again[name] for name in ("state", "nonce", "code_challenge"))
        good = {"state": again["state"][0], "code": "stolen"}
        for who, query in (
            (other, good),
            (client, {**good, "state": asked["state"][0]}),
            (client, good),
            (client, {"code": "stolen"}),
        ):
            answer = await who.get(f"/login/provider/back?{urlencode(query)}")
            assert (answer.status_code, answer.headers["location"]) == (303, "/login")
            assert "not begun here" in (await who.get("/login")).text
        fresh = parse_qs(urlsplit((await client.get("/login/provider")).headers["location"]).query)
        await client.get(f"/login/provider/back?{urlencode({'state': fresh['state'][0], 'code': 'made up'})}")
        assert "cannot be reached, or did not confirm" in (await client.get("/login")).text
    await _no_address_that_somebody_gives_is_gone_to(house)


async def _no_address_that_somebody_gives_is_gone_to(house: House) -> None:
    """Where the browser goes next is what it had asked this host for before; never a part of a request."""
    async with httpx2.AsyncClient(base_url=house.url) as client:
        for query in ("next=https://example.com", "redirect_uri=https://example.com", "wanted=//example.com"):
            sent = await client.get(f"/login/provider?{query}")
            assert "example.com" not in sent.headers["location"]
        for path in ("//example.com/", "/%2F%2Fexample.com", "/\\example.com"):
            await client.get(path)
            key = house.market.enterprises["maker"].key
            answer = await client.post("/login", data={"key": key})
            assert answer.headers["location"].startswith("/")
            assert not answer.headers["location"].startswith(("//", "/\\"))
            await client.get("/login")
