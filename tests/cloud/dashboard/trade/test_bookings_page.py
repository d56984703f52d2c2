"""The bookings' pages in a real browser: the queue, the axis, the list, a life; as the API has it, for either side."""

import asyncio
import re

from api_market import booking, piece
from playwright.async_api import expect

from cloud.booking.bundle import BundleRequest
from cloud.booking.model import State

MANY = """
INSERT INTO claim ({columns}) SELECT {told} FROM claim c, generate_series(1, $1) g, LATERAL jsonb_populate_record(c,
  jsonb_build_object('id', 'bkg_many' || lpad(g::text, 8, '0'), 'span', tstzrange(
    lower(c.span) - (g % 90 + 2) * interval '1 day', upper(c.span) - (g % 90 + 2) * interval '1 day'),
  'state', (ARRAY['CANCELLED', 'DECLINED', 'EXPIRED'])[g % 3 + 1])) AS r
WHERE c.id = (SELECT min(id) FROM claim WHERE id LIKE 'bkg%')"""
COLUMNS = """
SELECT string_agg(quote_ident(attname), ', ') AS columns, string_agg('r.' || quote_ident(attname), ', ') AS told
FROM pg_attribute WHERE attrelid = 'claim'::regclass AND attnum > 0 AND NOT attisdropped
  AND attgenerated = '' AND attidentity = ''"""


async def much(site, count):
    """So many bookings more, as copies of the one that there is."""
    columns = await site.market.owner.fetchrow(COLUMNS)
    async with site.market.owner.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(MANY.format(**dict(columns)), count)


async def asked(site):
    """A service whose provider confirms each booking, with two requests."""
    client = site.market.clients["buyer"]
    home = (await client.sites())[0].id
    agent = (await client.agents())[0].id
    machine = await site.market.machine("buyer", home, agent, "saw")
    await site.market.states(machine, piece(0, 48), lease=300)
    service = await site.market.service("buyer", machine, name="sawing", instant=False)
    maker = site.market.clients["maker"]
    return await maker.book(booking(service, 5, 6)), await maker.book(booking(service, 3, 4))


async def decided(site, late, soon):
    """Requests wait with their expiry, and are confirmed and declined once."""
    buyer = site.market.clients["buyer"]
    async with site.visit("buyer", "/bookings") as page:
        queue = page.locator(".queue li")
        await expect(queue).to_have_count(2)
        await expect(queue.first).to_contain_text("runs out 10:00")
        await queue.first.get_by_role("button", name="Confirm").dblclick()
        await expect(queue).to_have_count(1)
        assert (await buyer.booking(soon.id)).state is State.CONFIRMED
        await queue.first.get_by_role("button", name="Decline").click()
        await page.locator(".order").get_by_label("Why").fill("no operator")
        await page.locator(".order").get_by_role("button", name="Decline").click()
        await expect(page.locator(".queue")).to_be_hidden()
        declined = await buyer.booking(late.id)
        assert (declined.state, declined.history[-1].reason) == (State.DECLINED, "no operator")
        await expect(page.locator("tbody")).to_contain_text("declined")


async def test_the_list_shows_what_the_api_has_filters_narrow_it_and_requests_are_decided_once(site):
    late, soon = await asked(site)
    await listed(site)
    await decided(site, late, soon)


async def listed(site):
    """Row by row what the API has, and only what the filters want."""
    buyer = site.market.clients["buyer"]
    made = await buyer.book(booking(site.service, 4, 6))
    await buyer.cancel((await buyer.book(booking(site.service, 8, 9))).id)
    async with site.visit("buyer", "/bookings") as page:
        rows = page.locator("tbody tr")
        await expect(rows).to_have_count(4)
        for one in await buyer.bookings():
            row = page.locator("tr", has=page.locator(f"a[href='/bookings/{one.id}']"))
            await expect(row).to_contain_text(f"{one.price.amount:,.2f} {one.price.currency}")
            await expect(row).to_contain_text("for maker" if one.role == "provider" else "at maker")
        for name, count in (("we booked", 2), ("live", 1), ("both roles", 3), ("partner", 3), ("all", 4), ("asked", 2)):
            await page.get_by_role("button", name=name, exact=True).click()
            await expect(rows).to_have_count(count)
        await page.get_by_role("button", name="all", exact=True).click()
        await page.get_by_role("searchbox").fill(made.id[-8:])
        await expect(rows).to_have_count(1)
        await expect(page).to_have_url(re.compile(made.id[-8:]))  # told after the rows, by a message of its own
        await page.reload()
        await expect(rows).to_have_count(1)
        await page.get_by_role("searchbox").fill("nothing like it")
        await expect(page.locator(".nothing:visible")).to_contain_text("No booking is like that")


async def test_a_life_goes_on_before_ones_eyes_is_changed_and_settled_by_both_sides(site):
    await changed(site)
    await lived(site)


async def lived(site):
    """From confirmed to settled, by push, for both sides."""
    market, buyer = site.market, site.market.clients["buyer"]
    one = await buyer.book(booking(site.service, 2, 4))
    async with site.visit("buyer", f"/bookings/{one.id}") as page, site.visit("maker", f"/bookings/{one.id}") as theirs:
        here = page.locator(".path li.here")
        await expect(here).to_contain_text("confirmed")
        await expect(page.locator(".facts").first).to_contain_text("no answer yet")
        said = {"booking": one.id, "revision": 1}
        answer = {**said, "answer": "accepted"}
        await market.ingest.fetchval("SELECT ts_answer($1, $2, $3)", site.machine, answer, one.start)
        await expect(here).to_contain_text("at the machine")
        ran = {"started": one.start.isoformat(), "executing": 7000, "ordered_quantity": 10, "good_quantity": 9}
        for event, at, end in (("started", one.start, None), ("ended", one.end, one.end.isoformat())):
            report = {**said, **ran, "event": event, "at": at.isoformat(), "ended": end}
            await market.ingest.fetchval("SELECT ts_report($1, $2, $3)", site.machine, report, at)
        await expect(here).to_contain_text("completed")
        await market.owner.execute(
            "INSERT INTO state_history (machine_id, at, state, mode, origin, quality, epoch, seq, received_at)"
            " VALUES ($1, $2, 'Executing', 'Processing', $3, 'good', 1, 1, $2),"
            " ($1, $4, 'NotExecuting', 'None', 'plant', 'good', 1, 2, $4)",
            *(site.machine, one.start, one.id, one.end),
        )
        evidence = {"from": one.start.isoformat(), "to": one.end.isoformat(), "changes": 1, "unseen_hours": 0}
        meter = {
            "outcome": "COMPLETED", "ordered_quantity": 10, "good_quantity": 9, "share": 0.9, "booked_hours": 2.0,
            "run_hours": 2.0, "started": one.start.isoformat(), "ended": one.end.isoformat(), "agrees": True,
            "reported_executing_s": 7000.0, "evidence": evidence, "disagreements": [],
        }  # fmt: skip
        metering = "SELECT ts_meter($1::text, $2::jsonb, 108::numeric, $3::timestamptz, $4::timestamptz)"
        await market.owner.fetchval(metering, one.id, meter, one.end.replace(year=2027), one.end)
        for side in (page, theirs):
            await expect(side.locator(".metering")).to_contain_text("9 of 10")
            await expect(side.locator(".headed")).to_contain_text("metered")
        await expect(page.locator(".proof")).to_contain_text("own to see")
        await expect(theirs.locator(".proof tbody tr")).to_have_count(1)
        await expect(theirs.locator(".proof")).to_contain_text("this booking: counts")
        told = await buyer.booking(one.id)
        assert told.settlement is not None
        owed = page.locator(".card", has_text="What is owed by the meter")
        await expect(owed).to_contain_text(f"{told.settlement.due.amount:.2f} EUR")
        await page.get_by_role("button", name="Say no to the meter").click()
        await page.locator(".order").get_by_label("Why").fill("two are scratched")
        await page.locator(".order").get_by_label("What would be right").fill("96")
        await page.locator(".order").get_by_role("button", name="Dispute").dblclick()
        await expect(theirs.locator(".headed")).to_contain_text("disputed")
        await expect(theirs.locator(".life")).to_contain_text("two are scratched")
        await theirs.get_by_role("button", name=re.compile("Accept what is due")).click()
        await expect(page.locator(".headed")).to_contain_text("settled")
        await expect(owed).to_contain_text("96.00 EUR")


async def changed(site):
    """A change is asked for, and a refusal says why."""
    buyer = site.market.clients["buyer"]
    one = await buyer.book(booking(site.service, 4, 8))
    await site.market.clients["maker"].book(booking(site.service, 9, 10))
    async with site.visit("buyer", f"/bookings/{one.id}") as page:
        change, order = page.get_by_role("button", name="Change its hours"), page.locator(".order")
        await change.click()
        await order.get_by_role("button", name="Change it").click()
        await expect(order.locator(".fault", has_text="Nothing is different.")).to_be_visible()
        await order.get_by_label("End").fill("2026-03-02T17:00")
        await order.get_by_role("button", name="Change it").click()
        await expect(order.locator(".problem")).to_contain_text("Somebody else has these hours")
        await order.get_by_label("End").fill("2026-03-02T14:00")
        await order.get_by_role("button", name="Change it").click()
        await expect(order).to_have_count(0)
        await expect(page.locator(".headed")).to_contain_text("14:00")
        assert (await buyer.booking(one.id)).price.amount == 180


async def test_bundles_phones_and_two_thousand_bookings(site):
    one = await site.market.clients["buyer"].book(booking(site.service, 4, 5))
    await much(site, 2000)
    await many(site)
    await together(site)
    await small(site, one)


async def together(site):
    """The legs of a bundle stand together; a foreign booking is not there."""
    buyer = site.market.clients["buyer"]
    bundle = await buyer.book_bundle(BundleRequest(legs=(booking(site.service, 3, 4), booking(site.service, 6, 7))))
    first, second = bundle.bookings
    await site.market.enterprise("rival")
    async with site.visit("buyer", f"/bookings/{first.id}") as page:
        legs = page.locator(".card", has_text="Its bundle").locator("li")
        await expect(legs).to_have_count(2)
        await legs.nth(1).get_by_role("link").click()
        await page.wait_for_url(f"**/bookings/{second.id}")
        await expect(page.locator(".headed")).to_contain_text(second.id)
    async with site.visit("rival", f"/bookings/{first.id}") as page:
        await expect(page.get_by_text("There is no such booking for you")).to_be_visible()
        await page.goto(f"{site.url}/bookings")
        await expect(page.locator(".nothing:visible")).to_contain_text("No bookings yet")


async def many(site):
    """Two thousand are drawn, paged, and still live."""
    buyer = site.market.clients["buyer"]
    async with site.visit("buyer", "/bookings") as page:
        await expect(page.locator(".zone", has_text="2001 of 2001")).to_be_visible()
        await expect(page.locator("tbody tr")).to_have_count(50)
        zoom = "getElement(Number(document.querySelector('.axis').id.slice(1))).chart.getOption().dataZoom[0]"
        wide = await page.evaluate(f"{zoom}.end - {zoom}.start")
        await page.get_by_role("button", name="Closer").press("Enter")
        await page.wait_for_function(f"Math.abs({zoom}.end - {zoom}.start - {wide} / 2) < 0.01")
        await page.get_by_role("button", name="Next page").first.click()
        await expect(page.get_by_text("page 2 of 41")).to_have_count(2)
        await page.get_by_role("button", name="live", exact=True).click()
        await expect(page.locator("tbody tr")).to_have_count(1)
        await buyer.book(booking(site.service, 7, 8))
        await expect(page.locator("tbody tr")).to_have_count(2)


async def small(site, one):
    """A phone, in Chinese and the dark, shows all without scrolling sideways."""
    phone = {"viewport": {"width": 390, "height": 844}, "locale": "zh-CN", "color_scheme": "dark"}
    for path, seen in (("/market", ".result"), ("/bookings", "tbody tr"), (f"/bookings/{one.id}", ".path li.here")):
        async with site.visit("buyer", path, **phone) as page:
            await expect(page.locator(seen).first).to_be_visible()
            await asyncio.sleep(0.3)
            assert await page.evaluate("document.documentElement.scrollWidth") <= 390, path
            assert await page.evaluate("document.documentElement.lang") == "zh-CN"
