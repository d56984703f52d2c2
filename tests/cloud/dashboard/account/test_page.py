"""The page of accounts: a person comes in with a password and changes it; an administrator looks after everybody's."""

import re
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from cloud.accounts.model import AccountRequest
from cloud.accounts.roles import Role

GOOD, BETTER = "correct horse battery", "quite another one"
BOSS, ADA = "boss@example.com", "ada@example.com"
SOON = 30_000


@pytest.fixture
async def page(walker_browser: Browser, site: Any) -> Page:
    await site.market.enterprise("maker")
    maker = site.market.clients["maker"]
    await maker.add_account(AccountRequest(name=BOSS, role=Role.ADMIN, password=GOOD))
    await maker.add_account(AccountRequest(name=ADA, role=Role.VIEWER, password=GOOD))
    return await walker_browser.new_page()


async def log_in(page: Page, site: Any, name: str, password: str = GOOD) -> None:
    await page.goto(f"{site.url}/account")
    await page.get_by_label("Name or e-mail").fill(name)
    await page.get_by_label("Password").fill(password)
    await page.keyboard.press("Enter")


async def test_who_logs_in_is_named_and_comes_to_the_page_that_was_wanted(page: Page, site: Any) -> None:
    await log_in(page, site, ADA, "wrong password")
    await expect(page.get_by_role("alert")).to_contain_text("Check name and password", timeout=SOON)
    await log_in(page, site, ADA)
    await expect(page).to_have_url(f"{site.url}/account", timeout=SOON)
    own = page.locator(".own")
    await expect(own).to_contain_text(ADA, timeout=SOON)
    await expect(own).to_contain_text("maker", timeout=SOON)
    await expect(own.locator("dd").last).to_have_text("look")
    await expect(page.get_by_text("People of the enterprise")).to_have_count(0)
    await own.get_by_role("button", name="Log out").click()
    await expect(page).to_have_url(f"{site.url}/login", timeout=SOON)


async def test_one_changes_one_s_own_password(page: Page, site: Any) -> None:
    await log_in(page, site, ADA)
    card = page.locator(".card", has_text="Change your password")
    for old, new, again, said in (
        (GOOD, BETTER, BETTER + "!", "differ"),
        ("wrong password", BETTER, BETTER, "not the old password"),
        (GOOD, BETTER, BETTER, ""),
    ):
        await card.get_by_label("Old password").fill(old)
        await card.get_by_label("New password (").fill(new)
        await card.get_by_label("once more").fill(again)
        await card.get_by_role("button").click()
        if said:
            await expect(card.get_by_role("alert")).to_contain_text(said, timeout=SOON)
    await expect(page.get_by_text("Your password is changed")).to_be_visible(timeout=SOON)
    assert await card.get_by_label("Old password").input_value() == ""
    await page.locator(".own").get_by_role("button", name="Log out").click()
    await log_in(page, site, ADA, BETTER)
    await expect(page.locator(".own")).to_contain_text(ADA, timeout=SOON)


async def test_an_administrator_makes_promotes_and_disables_and_whom_it_meets_is_sent_away(
    page: Page, site: Any, walker_browser: Browser
) -> None:
    other = await walker_browser.new_page()
    await log_in(other, site, ADA)
    await expect(other.locator(".own")).to_contain_text(ADA, timeout=SOON)
    await log_in(page, site, BOSS)
    people = page.locator(".people")
    await expect(people.locator("tbody tr")).to_have_count(2, timeout=SOON)
    await people.get_by_label("Name, best").fill("grace@example.com")
    await people.locator("form").get_by_label("Role").select_option("planner")
    await people.get_by_role("button", name="Make an account").click()
    await expect(people.locator("tbody tr")).to_have_count(3, timeout=SOON)
    await expect(people).to_contain_text("single sign-on")
    await people.get_by_label(f"Role of {ADA}").select_option("booker")
    await expect(page.get_by_text(f"{ADA} is changed")).to_be_visible(timeout=SOON)
    await people.get_by_role("button", name=f"Disable {ADA}").click()
    await expect(people).to_contain_text("disabled since", timeout=SOON)
    found = {each.name: each for each in await site.market.clients["maker"].accounts()}
    assert (found[ADA].role, found[ADA].disabled_at is not None) == (Role.BOOKER, True)
    assert found["grace@example.com"].role == Role.PLANNER
    await people.get_by_role("button", name=f"Disable {BOSS}").click()
    await expect(page.get_by_text("Nobody may disable or demote themselves")).to_be_visible(timeout=SOON)
    await expect(other).to_have_url(re.compile("/login$"), timeout=90_000)
    await expect(other.get_by_role("alert")).to_contain_text("no longer accepts")


async def test_a_key_has_no_password_to_change_and_may_look_after_accounts(page: Page, site: Any) -> None:
    await page.goto(f"{site.url}/account")
    await page.get_by_label("API key").fill(site.market.enterprises["maker"].key)
    await page.keyboard.press("Enter")
    await expect(page.locator(".own")).to_contain_text("an API key", timeout=SOON)
    await expect(page.locator(".people tbody tr")).to_have_count(2, timeout=SOON)
    await expect(page.get_by_text("Change your password")).to_have_count(0)
