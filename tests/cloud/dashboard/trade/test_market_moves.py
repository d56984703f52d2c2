"""The market while others trade: what they take is marked in place, agreements are called off, a remedy is a click."""

from datetime import timedelta

from api_market import at, booking, piece
from playwright.async_api import expect

from cloud.cooperation.model import AgreementRequest
from gateway.money import Money

FIND = "/market?hours=4&kind="


async def test_what_others_book_is_marked_where_it_stands_and_neither_focus_nor_form_is_touched(site):
    async with site.visit("buyer", FIND) as page:
        listed = page.locator(".result")
        await expect(listed).to_have_count(1)
        process = page.locator("input[name=process]")
        await process.fill("half a wo")
        await site.market.clients["maker"].book(booking(site.service, 2, 6))
        await expect(listed).to_contain_text("No longer free.")
        await expect(listed.get_by_role("button", name="Hold")).to_be_disabled()
        await expect(page.locator(".moved")).to_contain_text("No longer free: 1. New: 1.")
        await expect(process).to_be_focused()
        await expect(process).to_have_value("half a wo")

        await page.get_by_role("button", name="Show it as it is now").click()
        await expect(listed).to_have_count(1)
        await expect(listed.locator(".span")).to_contain_text("13:00")
        await expect(page.locator(".moved")).to_be_hidden()


async def test_hours_are_called_off_by_an_agreement_at_its_rate_and_against_its_quota(site):
    maker, buyer = site.market.clients["maker"], site.market.clients["buyer"]
    terms = {"name": "Evenings", "role": "provider", "partner_id": site.market.id("buyer"), "period": "week"}
    terms |= {"service_ids": (site.service,), "rate": Money(amount="48", currency="EUR"), "quota_hours": 6}
    agreed = await maker.propose(AgreementRequest(**terms, start=at(1), end=at(400)))
    await buyer.accept_agreement(agreed.id)
    async with site.visit("buyer", FIND) as page:
        covered = page.locator(".result .agreed")
        await expect(covered).to_contain_text("48.00 EUR per hour and unit; 6.0 h of 6.0 h are left in that week")
        await covered.get_by_role("button", name="Hold by it: 192.00 EUR").dblclick()
        held = page.locator(".holds li")
        await expect(held).to_contain_text("192.00 EUR · by the agreement “Evenings”")
        book = held.get_by_role("button", name="Book")
        await expect(book).to_be_focused()
        await book.click()
        order = page.locator(".order")
        await expect(order).to_contain_text("Called off by the agreement “Evenings”")
        await order.get_by_label("Work master").fill("bracket")
        await order.get_by_role("button", name="Book with").click()
        await expect(page.locator(".headed")).to_contain_text("192.00 EUR")
        (made,) = await buyer.bookings()
        assert (made.agreement_id, made.price) == (agreed.id, Money(amount="192.00", currency="EUR"))

        await page.goto(f"{site.url}{FIND}")
        await expect(covered).to_contain_text("of 6.0 h only 2.0 h are left in that week; this takes 4.0 h")
        await expect(covered.get_by_role("button")).to_have_count(0)


async def test_a_remedy_that_is_earlier_fills_the_form_and_searches_again(site):
    await site.market.states(site.machine, piece(2, 8), lease=300)
    late = (at(6) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")  # 13:00 on the plant's clock
    async with site.visit("buyer", f"{FIND}&start={late}&end=2026-03-02T20:00") as page:
        miss = page.locator(".miss", has_text="five axes")
        await miss.get_by_role("button", name="2 h 00 min earlier: 11:00").click()
        await expect(page.locator(".result .span")).to_contain_text("11:00")
        await expect(page.get_by_label("Not before")).to_have_value("2026-03-02T11:00")
