"""Plant and machine in a real browser, against the real registry: what they show is what the API says."""

import asyncio
import csv
import io
import re
import time
from contextlib import ExitStack, asynccontextmanager
from datetime import datetime, timedelta

import pytest
from api_market import START, Market, at, booking, piece, serving
from playwright.async_api import async_playwright, expect

from cloud.app import create_app
from cloud.config import Settings
from cloud.telemetry import rollups
from cloud.telemetry.model import Sample, gathered
from cloud.telemetry.postgres import PostgresSamples
from gateway.clock import Clock

SOON = 30_000
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


async def point(page, moment):
    """Where in the chart's width an instant is, in pixels of the page."""
    start, end = (datetime.fromisoformat(edge) for edge in (await drawn(page)).split("/"))
    box = await page.locator("#axis").bounding_box()
    return box["x"] + box["width"] * ((moment - start) / (end - start)), box["y"] + 100


async def drawn(page):
    await expect(page.locator("#axis[data-drawn]")).to_be_visible(timeout=SOON)
    return await page.locator("#axis").get_attribute("data-drawn")


async def test_the_plant_shows_what_the_api_says_of_each_machine(market, look):
    maker = market.clients["maker"]
    day = START.replace(hour=0)
    told = {each.machine_id: each for each in await maker.performance(start=day, end=START)}
    async with look() as (page, _):
        row = page.locator(".glance-row", has_text="mill")
        await expect(row.locator("[data-machine][data-state=OutOfService]")).to_contain_text(
            "since 04:00", timeout=SOON
        )
        figures = told["mch_makermill"]
        share = f"{round(100 * figures.utilisation)} %"
        await expect(row.locator(".g-utilisation")).to_have_text(share, timeout=SOON)
        await expect(row.locator(".g-oee")).to_contain_text("not measured")
        await row.locator(".drill").click()
        anatomy = page.locator(".anatomy")
        await expect(anatomy.locator(".availability .value")).to_have_text(f"{round(100 * figures.availability)} %")
        await expect(anatomy.locator(".effectiveness .value")).to_have_text("not measured")
        await expect(anatomy).to_contain_text("part_count")
        await expect(page.locator(".glance-row", has_text="idle-one")).to_contain_text("no state yet")
        await expect(page.locator(".alarm.down")).to_contain_text("\u2068mill\u2069 is out of service")
        await expect(page.locator(".alarm.gap")).to_contain_text("\u2068mill\u2069 could not be seen until 03:00")
        band = await row.locator(".g-day canvas").get_attribute("aria-label")
        assert "67 % Executing" in band
        assert "33 % OutOfService" in band


async def test_machines_are_found_filtered_and_sorted_without_asking_anybody(look):
    async with look() as (page, _):
        rows = page.locator(".glance-row .name")
        await expect(rows).to_have_text(["idle-one", "mill"], timeout=SOON)
        await page.get_by_label("Sort by").select_option("alarms")
        await expect(rows).to_have_text(["mill", "idle-one"])
        await page.get_by_role("button", name="Only with alarms").click()
        await expect(rows).to_have_text(["mill"])
        await page.get_by_label("Find a machine").fill("nothing")
        await expect(page.locator(".glance .nothing")).to_be_visible()
        await page.get_by_label("Find a machine").fill("MI")
        await page.get_by_label("Only machines in this state").select_option("OutOfService")
        await rows.first.click()
        await expect(page).to_have_url(re.compile("/machine/mch_makermill"), timeout=SOON)


async def test_a_change_of_state_is_on_both_pages_at_once(market, look, pool_owner):
    async with look() as (page, url):
        other = await page.context.new_page()
        await other.goto(f"{url}/machine/mch_makermill?range=8h")
        await drawn(other)
        now = START + timedelta(seconds=1)
        await pool_owner.execute(
            "INSERT INTO state_history VALUES ($1, $2, 'Executing', 'Setup', 'plant', 'good', NULL, 1, 50, $2)",
            *("mch_makermill", now),
        )
        await pool_owner.execute(
            "UPDATE machine SET item_state = 'Executing', operation_mode = 'Setup', state_since = $2 WHERE id = $1",
            *("mch_makermill", now),
        )
        await expect(page.locator("[data-machine=mch_makermill][data-state=Executing]")).to_be_visible(timeout=SOON)
        await expect(other.locator(".machine-facts")).to_contain_text("Executing · Setup", timeout=SOON)


async def test_an_instant_is_read_from_every_lane_of_one_axis(market, look):
    async with look() as (page, url):
        await page.goto(f"{url}/machine/mch_makermill?range=24h")
        x, y = await point(page, at(-5))
        await page.mouse.move(x, y)
        tip = page.locator("#axis .tip-box")
        await expect(tip).to_contain_text("Executing · Processing", timeout=SOON)
        await expect(tip).to_contain_text("own work")
        await expect(tip).to_contain_text(re.compile(r"power: \d+(\.\d+)? kW"))
        await expect(page.locator(".signals").get_by_role("button", name="power (kW)")).to_be_visible()
        await page.mouse.move(*(await point(page, at(-3.5))))
        await expect(tip).to_contain_text("Nobody could see the machine")
        await page.mouse.move(*(await point(page, at(9))))
        await expect(tip).to_contain_text("booked")
        await expect(tip).to_contain_text("confirmed")
        await page.mouse.move(*(await point(page, at(5))))
        await expect(tip).to_contain_text("Unattainable · maintenance")


REASONS = (
    (5, "is not for sale", "It cannot be had (1 of 1)"),
    (9, "is not for sale", "(confirmed) takes 1 of it"),
    (20, "is for sale", "Sold as “milling” for 60.00 EUR an hour"),
    (60, "is not for sale", "does not reach so far"),
    (-5, "is not for sale", "It is over"),
)


async def test_a_click_says_why_an_hour_is_not_for_sale(look):
    async with look() as (page, url):
        await page.goto(f"{url}/machine/mch_makermill?range=7d")
        for hour, verdict, because in REASONS:
            await page.mouse.click(*(await point(page, at(hour))))
            await expect(page.locator(".causes")).to_contain_text(because, timeout=SOON)
            await expect(page.locator(".verdict")).to_contain_text(verdict)
        await expect(page.locator("#why")).to_contain_text("Source: the plant's statement 1")


async def test_ranges_zoom_and_keys_change_the_window_and_the_address(look):
    async with look() as (page, url):
        await page.goto(f"{url}/machine/mch_makermill?range=24h")
        before = await drawn(page)
        await page.locator("[data-range='8h']").click()
        await expect(page.locator("#axis")).not_to_have_attribute("data-drawn", before, timeout=SOON)
        assert length(await drawn(page)) == timedelta(hours=16)
        assert page.url.endswith("?range=8h")
        await page.locator("#axis").focus()
        for key, hours in (("+", 8), ("-", 16), ("Shift+ArrowLeft", 16)):
            before = await drawn(page)
            await page.keyboard.press(key)
            await expect(page.locator("#axis")).not_to_have_attribute("data-drawn", before, timeout=SOON)
            assert abs(length(await drawn(page)) - timedelta(hours=hours)) < timedelta(seconds=1)
        assert "start=" in page.url
        await page.keyboard.press("ArrowRight")
        await expect(page.locator("#axis-said")).to_contain_text("2026", timeout=SOON)
        before = await drawn(page)
        await page.locator("#look-from").fill("2026-03-01T00:00")
        await page.locator("#look-until").fill("2026-03-02T00:00")
        await page.get_by_role("button", name="Show").click()
        await expect(page.locator("#axis")).not_to_have_attribute("data-drawn", before, timeout=SOON)
        assert await drawn(page) == "2026-03-01T00:00:00.000Z/2026-03-02T00:00:00.000Z"


COUNTED = """() => {
  const { chart } = getElement(Number(document.querySelector('#axis').firstElementChild.id.slice(1)));
  window.drawings = 0;
  for (const how of ['setOption', 'setTheme']) {
    const real = chart[how].bind(chart);
    chart[how] = (...told) => { window.drawings += 1; real(...told); };
  }
  chart.on('rendered', () => { window.high = chart.getHeight(); });
}"""


async def test_another_window_is_drawn_once_and_the_colours_follow_the_look(look):
    async with look() as (page, url):
        await page.goto(f"{url}/machine/mch_makermill?start=2026-03-01T00:00:00Z&end=2026-03-02T00:00:00Z")
        before = await drawn(page)
        await page.evaluate(COUNTED)
        await page.get_by_label("From").fill("2026-02-20T00:00")
        await page.get_by_role("button", name="Show").click()
        await expect(page.locator("#axis")).not_to_have_attribute("data-drawn", before, timeout=SOON)
        await asyncio.sleep(0.5)
        assert await page.evaluate("window.drawings") == 1
        assert await page.evaluate("window.high") == await page.evaluate("document.querySelector('#axis').clientHeight")
        await page.evaluate("document.body.classList.replace('body--light', 'body--dark')")
        await page.wait_for_function("window.drawings === 3")


TURNS = """() => {
  const axis = document.querySelector('#axis'), box = axis.getBoundingClientRect();
  window.asked = [];
  const emit = window.emitEvent;
  window.emitEvent = (name, told) => { window.asked.push(told.number); emit(name, told); };
  for (let turn = 0; turn < 5; turn++) axis.dispatchEvent(
    new WheelEvent('wheel', { deltaY: 300, ctrlKey: true, clientX: box.left + box.width / 2, cancelable: true }));
}"""


async def test_turns_of_the_wheel_ask_at_once_and_then_for_the_last(look):
    async with look() as (page, url):
        await page.goto(f"{url}/machine/mch_makermill?start=2026-03-01T00:00:00Z&end=2026-03-01T01:00:00Z")
        await drawn(page)
        await page.evaluate(TURNS)
        await page.wait_for_function("new URLSearchParams(location.search).get('start') < '2026-02-27'", timeout=SOON)
        await expect(page.locator("#axis:not(.loading)")).to_be_attached(timeout=SOON)
        assert await page.evaluate("window.asked") == [1, 5]
        assert abs(length(await drawn(page)) / timedelta(hours=1) - 148.4) < 1


def length(told):
    start, end = (datetime.fromisoformat(edge) for edge in told.split("/"))
    return end - start


async def test_what_is_seen_can_be_taken_away_as_csv_and_as_a_picture_and_read_as_a_table(market, look):
    async with look() as (page, url):
        await page.goto(f"{url}/machine/mch_makermill?range=24h")
        await drawn(page)
        async with page.expect_download(timeout=SOON) as waiting:
            await page.get_by_role("button", name="Save the figures as a table").click()
        path = await (await waiting.value).path()
        rows = list(csv.reader(io.StringIO((await asyncio.to_thread(path.read_bytes)).decode("utf-8-sig"))))
        states = await market.clients["maker"].states("mch_makermill", at(-24), at(0))
        assert [row[3] for row in rows if row[0] == "state"] == [str(band.state) for band in states.items]
        assert 900 < len([row for row in rows if row[0] == "signal"]) < 1010
        async with page.expect_download(timeout=SOON) as waiting:
            await page.get_by_role("button", name="Save the chart as a picture").click()
        path = await (await waiting.value).path()
        assert (await asyncio.to_thread(path.read_bytes)).startswith(b"\x89PNG")
        await page.get_by_text("The same as a table").click()
        for said in ("Executing · Processing", "Unattainable", "confirmed", "booked"):
            await expect(page.locator(".text-table")).to_contain_text(said, timeout=SOON)


async def test_a_machine_that_is_not_ours_and_one_that_never_spoke_say_so(look):
    async with look(locale="zh-CN") as (page, url):
        await page.goto(f"{url}/machine/mch_of-somebody-else")
        await expect(page.locator("main")).to_contain_text("贵企业没有此地址对应的设备", timeout=SOON)
        await page.goto(f"{url}/machine/mch_makeridle-one?range=1y")
        await drawn(page)
        await expect(page.locator(".machine-facts")).to_contain_text("尚无状态")
        await expect(page.locator(".signals")).to_contain_text("工厂未外传该设备的任何信号")


async def test_a_year_is_told_in_few_pieces(market, look, pool_owner, pool_ingest):
    await pool_owner.execute("DELETE FROM state_history WHERE machine_id = 'mch_makermill'")
    await pool_owner.execute(
        "INSERT INTO state_history SELECT 'mch_makermill', $1::timestamptz - n * interval '30 minutes',"
        " (ARRAY['Executing', 'NotExecuting'])[1 + n % 2], 'Processing', 'plant', 'good', NULL, 1, 20000 - n, $1"
        " FROM generate_series(1, 17000) AS n",
        START,
    )
    await rollups.roll(pool_ingest, START, timedelta(days=400))
    async with look() as (page, url):
        await page.goto(f"{url}/machine/mch_makermill?range=1y")
        assert length(await drawn(page)) == timedelta(days=372)
        x, y = await point(page, at(-24 * 100))
        await page.mouse.move(x, y)
        await expect(page.locator("#axis .tip-box")).to_contain_text("Executing 50 %, NotExecuting 50 %", timeout=SOON)
