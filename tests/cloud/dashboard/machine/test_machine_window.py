"""Which window of time a machine's chart shows, and how it is changed: by range, wheel and keys."""

import asyncio
from datetime import timedelta

from api_market import START, at
from chart_axis import SOON, drawn, length, point
from playwright.async_api import expect

from cloud.telemetry import rollups


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
