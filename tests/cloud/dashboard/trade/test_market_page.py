"""The market in a real browser: looked for, held, booked, seen on the axis, called off; and never twice."""

import re
from datetime import timedelta

from api_market import START, at, booking, piece
from playwright.async_api import expect

from cloud.booking.model import State
from cloud.dashboard.market.told import money
from cloud.market.model import SearchRequest
from cloud.waiting.store import serve

FIND = "/market?hours=4&kind="


async def test_what_is_found_is_held_booked_seen_on_the_axis_and_called_off(site):
    buyer = site.market.clients["buyer"]
    async with site.visit("buyer", FIND) as page:
        (found,) = (await buyer.search(SearchRequest(start=at(1), end=at(169), duration=timedelta(hours=4)))).items
        listed = page.locator(".result")
        await expect(listed).to_have_count(1)
        await expect(listed).to_contain_text("five axes")
        await expect(listed.locator(".price")).to_have_text(money(found.price))
        await expect(listed.locator(".span")).to_contain_text("09:00")

        await listed.get_by_role("button", name="Hold").dblclick()
        held = page.locator(".holds li")
        await expect(held).to_have_count(1)
        await expect(held.locator(".countdown")).to_have_text(re.compile(r"[45]:\d\d"))
        await expect(listed).to_contain_text("held")
        count = "SELECT count(*) FROM claim WHERE id LIKE 'hld%'"
        assert await site.market.owner.fetchval(count) == 1

        await held.get_by_role("button", name="Hold longer").click()
        await expect(held.get_by_role("button", name="Hold longer")).to_have_count(0)
        await page.reload()
        await expect(held).to_have_count(1)
        await expect(held).to_contain_text("five axes")
        await expect(held.get_by_role("button", name="Hold longer")).to_have_count(0)

        await held.get_by_role("button", name="Book").click()
        order = page.locator(".order")
        await order.get_by_role("button", name="Book with").click()
        await expect(order.locator(".fault").first).to_have_text("This is needed.")
        await order.get_by_label("Work master").fill("sprocket")
        await order.get_by_role("button", name="Book with").click()
        await expect(order.get_by_role("alert").last).to_have_text("The service makes only: bracket, flange.")
        await order.get_by_label("Work master").fill("bracket")
        await order.get_by_label("Pieces").fill("12")
        await order.get_by_role("button", name="Book with").dblclick()
        await page.wait_for_url(re.compile("/bookings/bkg_"))
        (made,) = await buyer.bookings()
        assert (made.state, made.work.quantity, made.start) == (State.CONFIRMED, 12, found.start)
        await expect(page.locator(".headed h1")).to_contain_text("bracket")
        await expect(page.locator(".path li.here")).to_contain_text("confirmed")

        await page.goto(f"{site.url}/bookings")
        await expect(page.locator("tbody tr")).to_have_count(1)
        bar = "getElement(Number(document.querySelector('.axis').id.slice(1))).chart.getOption().series"
        await page.wait_for_function(f"{bar}.find((each) => each.id === 'bars').data.length === 1")
        await page.get_by_role("link", name=re.compile("09:00")).click()
        await page.get_by_role("button", name="Call it off").click()
        await expect(page.locator(".order .cost")).to_contain_text("60.00 EUR")
        await page.locator(".order").get_by_role("button", name="Call it off").dblclick()
        await expect(page.locator(".headed")).to_contain_text("cancelled")
        assert (await buyer.booking(made.id)).state is State.CANCELLED
        assert await site.market.owner.fetchval("SELECT count(*) FROM claim WHERE id LIKE 'bkg%'") == 1


async def test_what_cannot_be_had_says_why_and_what_would_do_and_can_be_waited_for(site):
    await refused(site)
    await nearly(site)
    await waited(site)


async def refused(site):
    """Somebody else was faster: the notice says what would do."""
    async with site.visit("buyer", FIND) as page:
        await expect(page.locator(".result")).to_have_count(1)
        await site.market.clients["maker"].book(booking(site.service, 2, 6))
        await page.get_by_role("button", name="Hold", exact=True).click()
        notice = page.locator(".q-notification")
        await expect(notice).to_contain_text("Somebody else has these hours")
        await expect(notice).to_contain_text("13:00")
        await expect(page.locator(".holds")).to_be_hidden()


async def nearly(site):
    """A near miss becomes a result by one click."""
    async with site.visit("buyer", f"{FIND}&price=100") as page:
        miss = page.locator(".miss", has_text="five axes")
        await expect(miss).to_contain_text("It costs 240.00 EUR; your limit is 100.00 EUR.")
        await expect(page.locator(".results")).to_contain_text("Nothing does as it stands")
        await miss.get_by_role("button", name="Take").click()
        await expect(page.locator(".result")).to_have_count(1)
        await expect(page.get_by_label("At most, for all of it")).to_have_value("240.00")


async def waited(site):
    """Who waits gets the hours that come free held."""
    maker, buyer = site.market.clients["maker"], site.market.clients["buyer"]
    taken = await maker.book(booking(site.service, 6, 30))
    async with site.visit("buyer", f"{FIND}&end=2026-03-03T08:00") as page:
        await page.locator(".miss", has_text="five axes").get_by_role("button", name="Wait for it").dblclick()
        waiting = page.locator(".found .card", has_text="Waiting list").locator("li")
        await expect(waiting).to_have_count(1)
        assert len(await buyer.waiting()) == 1
        await maker.cancel(taken.id)
        moment = START + timedelta(minutes=1)
        assert await serve(site.market.ingest, moment, timedelta(minutes=15), timedelta(seconds=30)) == 1
        await expect(page.locator(".holds li")).to_have_count(1)
        await expect(waiting).to_contain_text("held for you")
        await waiting.get_by_role("button", name="Leave the line").click()
        await expect(waiting).to_have_count(0)
        await expect(page.locator(".holds")).to_be_hidden()


async def test_the_calendar_the_map_the_form_and_the_list_show_the_same_search(site):
    await calendar(site)
    await marked(site)
    await blamed(site)
    await nothing(site)


async def calendar(site):
    """The slots of the API; a click, or a key, lists that hour."""
    await site.market.clients["maker"].book(booking(site.service, 10, 12))
    async with site.visit("buyer", FIND) as page:
        slots = page.locator(".slot")
        # Free from 09:00 to 17:00 and from 19:00 to 13:00 on the plant's clock: four hours fit at so many hours.
        await expect(slots).to_have_count(5 + 15)
        first = page.get_by_role("button", name=re.compile("^09:00"))
        await expect(first).to_have_text("240")
        await first.focus()
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        await expect(page.locator(".result .span")).to_contain_text("10:00")
        await expect(page.locator(".slot[aria-pressed=true]")).to_have_count(1)
        await page.get_by_role("button", name="All hours again").click()
        await expect(page.locator(".result .span")).to_contain_text("09:00")


async def marked(site):
    """The map has a mark for the plant, and a click on it marks its results."""
    async with site.visit("buyer", FIND) as page:
        await expect(page.locator(".result")).to_have_count(1)
        chart = "getElement(Number(document.querySelector('.where .nicegui-echart').id.slice(1))).chart"
        marks = f"{chart}?.getOption()?.series?.find((each) => each.id === 'plants')?.data"
        await page.wait_for_function(f"{marks}?.length === 1")
        x, y = await page.evaluate(f"{chart}.convertToPixel('geo', [16.4, 48.2])")
        box = await page.locator(".where canvas").first.bounding_box()
        await page.mouse.click(box["x"] + x, box["y"] + y)
        await expect(page.locator(".result.marked")).to_have_count(1)


async def blamed(site):
    """A form that cannot be asked says which field is to blame, in the visitor's language."""
    async with site.visit("buyer", FIND, locale="zh-CN") as page:
        await expect(page.locator(".result")).to_have_count(1)
        await page.get_by_label("时长").fill("400")
        await page.get_by_role("button", name="搜索").click()
        await expect(page.locator(".fault", has_text="时长超过")).to_be_visible()
        await page.get_by_label("时长").fill("2")
        await page.keyboard.press("Enter")
        await expect(page.locator(".result .price")).to_have_text("120.00 EUR")
        await expect(page).to_have_url(re.compile("hours=2"))
        await page.reload()
        await expect(page.locator(".result .price")).to_have_text("120.00 EUR")
        await expect(page.get_by_label("能力种类")).to_have_value("")


async def nothing(site):
    """Where nothing is offered the page says what to do; what comes is found."""
    await site.market.states(site.machine)
    async with site.visit("buyer", f"{FIND}&process=turning") as page:
        await expect(page.locator(".results .nothing:visible")).to_contain_text("Search a longer time")
        await site.market.states(site.machine, piece(2, 30), lease=300)
        await page.get_by_role("button", name="Start over").click()
        await expect(page.locator(".result")).to_have_count(1)
