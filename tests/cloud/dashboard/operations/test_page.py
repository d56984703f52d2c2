"""The page in a real browser before a real registry: it shows the API's figures, what is wrong, and comes through."""

import os
from typing import Any

import pytest
from api_market import START
from foreign_stores import Engine
from playwright.async_api import Page, expect
from troubled import MINUTE, troubled, well

from cloud.operations import ledger
from cloud.operations.tally import Said, Tally
from cloud.telemetry.model import micros
from gateway.messages import Stream

SOON = 20_000
"""Milliseconds within which what is new must be on the page: it looks every few seconds."""


def section(page: Page, head: str) -> Any:
    return page.locator("section.card").filter(has=page.locator("h2", has_text=head))


async def test_the_page_shows_the_apis_own_figures_and_follows_them(house: Any) -> None:
    async with house() as here:
        agent = await well(here.market)
        told = await here.market.clients["maker"].ingest()
        page = await here.open()
        await expect(page.locator(".troubles .well")).to_contain_text("Nothing. Every agent is heard")
        await expect(page.locator(".tile").nth(0)).to_contain_text("1of 1")
        flow = next(each for each in told.flows if each.stream is Stream.BACKFILL)
        rows = section(page, "What comes in").locator("tbody tr")
        await expect(rows).to_have_count(len(told.flows))
        assert flow.last_at is not None
        assert await page.locator(".small-chart canvas").count() == 3
        await expect(section(page, "Agents and their links").locator("tbody tr")).to_contain_text("maker agent")
        await expect(section(page, "Who did what").locator("tbody")).to_contain_text("agent.added")
        tally = Tally()
        tally.refused({agent: 5}, "mac", START)
        await ledger.write(here.market.ingest, tally.torn_off())
        await expect(page.locator(".trouble-list li")).to_contain_text("wrong seal (5", timeout=SOON)
        assert page.complaints == []  # type: ignore[attr-defined]


async def test_everything_that_is_wrong_is_told_in_chinese_on_a_phone_in_the_dark_and_nothing_is_markup(
    house: Any,
) -> None:
    async with house() as here:
        await troubled(here.market)
        page = await here.open(locale="zh-CN", width=390, color_scheme="dark")
        await expect(page.locator(".trouble-list li")).to_have_count(6)
        await page.get_by_role("button", name="显示全部 12 项").click()
        await expect(page.locator(".trouble-list li")).to_have_count(12)
        await expect(page.locator(".trouble-list")).to_contain_text("时钟偏差 -4.2 秒")
        await expect(section(page, "搁置的消息")).to_contain_text("<script>alert(1)</script>")
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390
        assert page.complaints == []  # type: ignore[attr-defined]


async def test_an_empty_house_says_how_to_begin(house: Any) -> None:
    async with house() as here:
        page = await here.open()
        await expect(page.locator(".troubles .well")).to_contain_text("no agent is registered")
        for head, text in (
            ("What comes in", "Nothing came in the time shown"),
            ("Agents and their links", "thirdshift edge init"),
            ("Webhooks", "POST /v1/webhooks"),
            ("Parked messages", "None. Every message"),
        ):
            await expect(section(page, head)).to_contain_text(text)
        assert page.complaints == []  # type: ignore[attr-defined]


async def test_a_longer_time_is_chosen_with_the_keyboard_and_taken_away_as_a_file(house: Any) -> None:
    async with house() as here:
        await well(here.market, minutes=120)
        page = await here.open()
        longer = page.get_by_role("button", name="6 h of real time")
        await longer.focus()
        await page.keyboard.press("Enter")
        await expect(longer).to_have_attribute("aria-pressed", "true")
        await page.wait_for_timeout(1000)
        async with page.expect_download() as saved:
            await section(page, "What comes in").get_by_role("button", name="CSV").click()
        path = await (await saved.value).path()
        with open(path, encoding="utf-8-sig") as file:  # noqa: ASYNC230, PTH123 - a small file that is there already
            lines = file.read().splitlines()
        assert lines[0] == "minute_start,stream,messages,samples,p50_s,p99_s"
        told = await here.market.clients["maker"].ingest(360)
        assert abs(len(lines) - 1 - len(told.items)) <= 4
        assert len(told.items) > 300


async def test_acts_go_back_page_by_page_and_to_the_newest(house: Any) -> None:
    async with house() as here:
        await well(here.market)
        for number in range(25):
            await here.market.owner.execute("UPDATE agent SET name = $1", f"box {number}")
        page = await here.open()
        trail = section(page, "Who did what")
        await expect(trail.locator("tbody tr")).to_have_count(20)
        await trail.get_by_role("button", name="Older ones").click()
        await expect(trail.locator("tbody")).to_contain_text("enterprise.added", timeout=SOON)
        await trail.get_by_role("button", name="The newest").click()
        await expect(trail.locator("tbody tr")).to_have_count(20)


async def test_a_store_that_dies_is_told_and_the_rest_goes_on_until_it_is_back(
    house: Any, victoria_alone: Engine
) -> None:
    async with house(telemetry=f"victoria+{victoria_alone.url}") as here:
        agent = await well(here.market)
        page = await here.open()
        store = page.locator(".tile").nth(3)
        await expect(store).to_contain_text("VictoriaMetrics")
        await expect(store).to_contain_text("answers")
        victoria_alone.kill()
        await expect(store).to_contain_text("does not answer", timeout=SOON)
        trouble = page.locator(".trouble-list li")
        await expect(trouble).to_contain_text("States, orders and bookings go on")
        await expect(trouble).to_contain_text("Telemetry waits at the plants")
        tally = Tally()
        tally.committed(here.market.id("maker"), [Said(Stream.STATE, 0, micros(START))] * 999, START + MINUTE / 60)
        await ledger.write(here.market.ingest, tally.torn_off())
        states = section(page, "What comes in").locator("tbody tr").nth(1)
        before = await states.inner_text()
        tally.committed(here.market.id("maker"), [Said(Stream.STATE, 0, micros(START))] * 5000, START + MINUTE / 60)
        await ledger.write(here.market.ingest, tally.torn_off())
        await expect(states).not_to_have_text(before, timeout=SOON)
        victoria_alone.start()
        await expect(store).to_contain_text("answers", timeout=SOON)
        await expect(trouble).to_have_count(0)
        assert agent


@pytest.mark.skipif("THIRDSHIFT_PICTURES" not in os.environ, reason="THIRDSHIFT_PICTURES names no folder for pictures")
@pytest.mark.parametrize("kind", ["empty", "well", "troubled"])
async def test_pictures_to_look_at(house: Any, kind: str) -> None:
    more = {"telemetry": "victoria+http://127.0.0.1:9"} if kind == "troubled" else {}
    async with house(**more) as here:
        await {"well": well, "troubled": troubled}.get(kind, _nothing)(here.market)
        for locale, scheme, width in (("en", "light", 1440), ("zh-CN", "dark", 1440), ("zh-CN", "light", 390)):
            page = await here.open(locale=locale, color_scheme=scheme, width=width)
            await page.wait_for_timeout(1500)
            name = f"{os.environ['THIRDSHIFT_PICTURES']}/operations-{kind}-{locale}-{scheme}-{width}.png"
            await page.screenshot(path=name, full_page=True)


async def _nothing(_: object) -> str:
    return ""
