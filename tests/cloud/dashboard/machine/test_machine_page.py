"""Plant and machine in a real browser, against the real registry: what they show is what the API says."""

import asyncio
import csv
import io
import re
from datetime import timedelta

from api_market import START, at
from chart_axis import SOON, drawn, point
from playwright.async_api import expect


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
