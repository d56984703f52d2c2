"""The page in Chromium before a real registry: what partners do is seen at once, and what is clicked is done."""

import os
from typing import Any

import pytest
from playwright.async_api import Page, expect

from cloud.office import NewEnterprise
from cloud.partners.model import KeyRequest, Scope

SOON = 20_000
"""Milliseconds in which a busy machine surely shows what has changed."""

pytestmark = pytest.mark.timeout(240)


async def test_an_agreement_is_accepted_and_called_off_on_the_page(opened: Any, faults: Any) -> None:
    async with opened() as scene:
        await scene.furnish()
        page = await scene.enter("buyer")
        told = faults(page)
        night, turned = page.locator(".deal", has_text="Night shifts"), page.locator(".deal", has_text="Turned parts")
        await expect(night.locator(".quota")).to_contain_text("16.0 of 40.0 h used, 24.0 h left")
        await expect(page.locator(".tile.waiting .figure")).to_have_text("2")
        await turned.get_by_role("button", name="Accept").click()
        await expect(turned.locator("h3")).to_contain_text("in force", timeout=SOON)
        await expect(turned.locator(".quota")).to_contain_text("0.0 of 16.0 h used")

        await night.get_by_role("button", name="Call hours off").click()
        form = page.locator(".details form")
        await form.get_by_label("Work master").fill("bracket")
        await form.get_by_label("Start").fill("2026-03-05T08:00")
        await form.get_by_label("End").fill("2026-03-07T08:00")
        await form.get_by_role("button", name="Call hours off").click()
        await expect(page.locator(".details .problem")).to_contain_text(
            "24 h are left; 48 h were asked for", timeout=SOON
        )
        await form.get_by_label("End").fill("2026-03-05T12:00")
        await form.get_by_role("button", name="Call hours off").click()
        await expect(night.locator(".quota")).to_contain_text("20.0 of 40.0 h used", timeout=SOON)
        assert len([one for one in await scene.market.clients["buyer"].bookings() if one.agreement_id]) == 3

        await night.get_by_role("button", name="Quota by period").click()
        await expect(page.locator(".details tr[aria-current]")).to_contain_text("20.0 h")
        assert told == []


async def test_what_the_other_side_does_is_seen_without_reloading(opened: Any) -> None:
    async with opened() as scene:
        page = await scene.enter("maker")
        await expect(page.locator(".agreements .nothing")).to_contain_text("No agreement yet")
        await scene.furnish()
        night = page.locator(".deal", has_text="Night shifts")
        await expect(night.locator("h3")).to_contain_text("in force", timeout=SOON)
        await expect(page.locator(".agreements .nothing")).to_be_hidden()
        buyer = scene.market.clients["buyer"]
        (agreed,) = await buyer.agreements(state="ACTIVE")
        await buyer.end_agreement(agreed.id, "moved in-house")
        await expect(night).to_contain_text("moved in-house", timeout=SOON)
        (asked,) = await buyer.inquiries()
        await buyer.take_quote(next(one.id for one in asked.quotes if one.provider_name == "rival"))
        request = page.locator(".inquiries .deal")
        await expect(request.locator(".quote")).to_contain_text("not chosen", timeout=SOON)
        await expect(request).not_to_contain_text("rival")


async def test_a_quote_is_given_on_one_page_and_taken_on_another(opened: Any) -> None:
    async with opened() as scene:
        await scene.furnish()
        maker, buyer = await scene.enter("maker"), await scene.enter("buyer")
        request = maker.locator(".inquiries .deal")
        await request.get_by_role("button", name="Quote").click()
        form = maker.locator(".details form")
        await form.get_by_role("button", name="Quote").click()
        await expect(form).to_contain_text("Fill this in")
        await form.get_by_label("Price for all of it").fill("199.50")
        await form.get_by_label("Start").fill("2026-03-04T09:00")
        await form.get_by_label("End", exact=True).fill("2026-03-04T15:00")
        await form.get_by_role("button", name="Quote").click()
        offered = buyer.locator(".quote", has_text="199.50 EUR")
        await offered.get_by_role("button", name="Take this quote").click(timeout=SOON)
        await expect(offered).to_contain_text("taken", timeout=SOON)
        await expect(offered.get_by_role("link", name="Open the booking")).to_be_visible()
        made = [one for one in await scene.market.clients["buyer"].bookings() if one.quote_id]
        assert [str(one.price.amount) for one in made] == ["199.50"]


async def test_an_agreement_and_an_alliance_are_begun_on_the_page(opened: Any) -> None:
    async with opened() as scene:
        await scene.furnish()
        page = await scene.enter("buyer")
        await page.get_by_role("button", name="Ask a partner for hours").click()
        form = page.locator(".details form")
        await form.get_by_label("Name").fill("Overflow")
        await form.get_by_role("combobox", name="Service").select_option(label="milling · rival · 52.00 EUR/h")
        await form.get_by_label("Rate per hour and unit").fill("44")
        await form.get_by_role("button", name="Propose").click()
        await expect(page.locator(".deal", has_text="Overflow")).to_contain_text("rival provides", timeout=SOON)
        (proposed,) = await scene.market.clients["rival"].agreements()
        assert (proposed.state, proposed.role, proposed.quota_hours) == ("PROPOSED", "provider", 40)

        await page.get_by_role("button", name="Found an alliance").click()
        await form.get_by_label("Name").fill("Southern mills")
        await form.get_by_label("Member 1").fill(scene.market.id("rival"))
        await form.get_by_label("Its share").first.fill("30")
        await form.get_by_role("button", name="Found an alliance").click()
        await expect(form).to_contain_text("must make 100 %")
        await form.get_by_label("Your own share").fill("70")
        await form.get_by_role("button", name="Found an alliance").click()
        southern = page.locator(".alliances .deal", has_text="Southern mills")
        await expect(southern).to_contain_text("forming", timeout=SOON)
        await scene.market.clients["rival"].join_alliance((await scene.market.clients["rival"].alliances())[0].id)
        await expect(southern.locator("h3")).to_contain_text("in force", timeout=SOON)


async def test_it_shows_what_the_api_says_on_any_screen_and_offers_no_more_than_ones_rights(
    opened: Any, faults: Any
) -> None:
    async with opened() as scene:
        await scene.furnish()
        evil = scene.terms("<img src=x onerror=alert(1)>" + "W" * 60, scene.service_id, quota=1, rate="1")
        await scene.market.clients["maker"].propose(evil)
        page = await scene.enter("buyer")
        await _shows_what_the_api_says(scene, page)
        await _can_be_used_by_keyboard(page)
        for language in ("en", "zh"):
            narrow = await scene.enter("buyer", language=language, viewport={"width": 390, "height": 800})
            told = faults(narrow)
            await expect(narrow.locator("main img")).to_have_count(0)
            assert await narrow.evaluate("document.documentElement.scrollWidth") == 390
            assert told == []
        await _offers_nothing_to_who_may_only_look(scene)


async def _shows_what_the_api_says(scene: Any, page: Page) -> None:
    buyer = scene.market.clients["buyer"]
    (told,) = (await buyer.trust()).items
    row = page.locator(".trust tbody tr")
    await expect(row.locator(".c-partner")).to_contain_text(told.partner_name)
    await expect(row.locator(".c-n")).to_contain_text(str(told.bookings))
    await expect(row.locator(".c-kept")).to_contain_text("40 %")
    await expect(row.locator(".c-kept")).to_contain_text(f"{told.counts.kept} of {told.due} due")
    await expect(row.locator(".c-called_off")).to_contain_text("1 / 0")
    await expect(row.locator(".c-metered")).to_contain_text(f"{told.metered_hours:.1f} h")
    (alliance,) = await buyer.alliances()
    (pooled,) = (await buyer.pool(alliance.id)).items
    await expect(page.locator(".alliances .quote")).to_contain_text(f"{pooled.free_hours:,.1f} h free in 7 days")


async def _can_be_used_by_keyboard(page: Page) -> None:
    await page.get_by_role("button", name="Ask for quotes").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".details")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator(".details")).to_have_count(0)


async def _offers_nothing_to_who_may_only_look(scene: Any) -> None:
    wanted = KeyRequest(name="looks", scopes=frozenset({Scope.READ}))
    reader = (await scene.market.clients["buyer"].add_key(wanted)).key
    scene.market.enterprises["reader"] = NewEnterprise("reader", "reader", reader)
    page = await scene.enter("reader")
    await expect(page.locator(".deal")).to_have_count(5)
    labels = await page.locator("main button:visible").all_inner_texts()
    assert set(labels) <= {"CSV", "Quota by period"}


@pytest.mark.skipif("THIRDSHIFT_PICTURES" not in os.environ, reason="THIRDSHIFT_PICTURES names no folder for pictures")
async def test_pictures_to_look_at(opened: Any) -> None:
    async with opened() as scene:
        await scene.furnish()
        for language, scheme, width in (("en", "light", 1440), ("zh", "dark", 1440), ("zh", "light", 390)):
            size = {"width": width, "height": 900}
            page = await scene.enter("buyer", language=language, viewport=size, color_scheme=scheme)
            name = f"{os.environ['THIRDSHIFT_PICTURES']}/cooperation-{language}-{scheme}-{width}.png"
            await page.screenshot(path=name, full_page=True)
