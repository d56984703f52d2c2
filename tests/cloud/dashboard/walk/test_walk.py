"""Every page, in every language, on desk and phone, by light and by dark: nothing complains, nobody is shut out."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser
from walk_world import Plant, broken, empty, huge, rich
from walker import DESKTOP, PHONE, Visitor, visiting

from cloud.dashboard.pages import PAGES

LOOKS = [("en", DESKTOP), ("zh", DESKTOP), ("en", PHONE), ("zh", PHONE)]
FEWER = [("en", DESKTOP), ("zh", PHONE)]


def paths(plant: Plant) -> list[str]:
    """Where each page is, of this plant."""
    return [page.route.format(machine_id=plant.machine_id, booking_id=plant.booking_id) for page in PAGES]


def lines(found: dict[str, list[str]]) -> str:
    return "\n".join(f"{place}: {fault}" for place, faults in found.items() for fault in faults)


async def walk(
    browser: Browser, url: str, plant: Plant, axe: Any, looks: list[Any], themes: tuple[str, ...] = ("light", "dark")
) -> str:
    """A line for each page, look and fault; nothing where nothing is wrong."""
    found: dict[str, list[str]] = {}
    for language, size in looks:
        async with visiting(browser, url, plant.key, language=language, size=size) as visitor:
            for path in paths(plant):
                await visitor.go(path)
                for theme in themes:
                    await visitor.page.emulate_media(color_scheme=theme)
                    await asyncio.sleep(0.2)
                    found[f"{path} {language} {size[0]} px {theme}"] = await visitor.faults(axe)
                await visitor.page.emulate_media(color_scheme="light")
    return lines(found)


async def test_pages_with_something_on_them(browser: Browser, site: Any, axe: Any) -> None:
    """Each language, width and theme once; `make test-deep` goes through all of them together."""
    plant = await rich(site.market)
    told = await walk(browser, site.url, plant, axe, [("en", DESKTOP)])
    told += await walk(browser, site.url, plant, axe, LOOKS[1:], ("light",))
    assert not told, told


@pytest.mark.deep
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0]}-{look[1][0]}")
async def test_pages_with_something_on_them_in_every_look(browser: Browser, site: Any, axe: Any, look: Any) -> None:
    assert not (told := await walk(browser, site.url, await rich(site.market), axe, [look])), told


@pytest.mark.deep
async def test_pages_with_nothing_on_them(browser: Browser, site: Any, axe: Any) -> None:
    assert not (told := await walk(browser, site.url, await empty(site.market), axe, FEWER)), told


@pytest.mark.deep
async def test_pages_of_a_plant_in_trouble_whose_names_are_no_names(browser: Browser, site: Any, axe: Any) -> None:
    assert not (told := await walk(browser, site.url, await broken(site.market), axe, FEWER)), told


@pytest.mark.deep
async def test_pages_of_a_plant_that_is_huge(browser: Browser, site: Any, axe: Any) -> None:
    assert not (told := await walk(browser, site.url, await huge(site.market), axe, FEWER)), told


async def test_the_door(browser: Browser, site: Any, axe: Any) -> None:
    found = {}
    for language, size in LOOKS:
        async with visiting(browser, site.url, language=language, size=size) as visitor:
            await visitor.go("/login", live=False)
            found[f"{language} {size}"] = await visitor.faults(axe) + await visitor.unreached()
    assert not (told := lines(found)), told


async def test_the_keyboard_reaches_everything_and_shows_where_it_is(browser: Browser, site: Any) -> None:
    plant, found = await rich(site.market), {}
    async with visiting(browser, site.url, plant.key) as visitor:
        for path in paths(plant):
            await visitor.go(path)
            found[path] = await visitor.unreached()
    assert not (told := lines(found)), told


async def test_the_navigation_says_where_one_is_and_goes_everywhere(browser: Browser, site: Any) -> None:
    plant = await empty(site.market)
    for size in (DESKTOP, PHONE):
        async with visiting(browser, site.url, plant.key, size=size) as visitor:
            for page in (page for page in PAGES if page.in_navigation):
                await visitor.go("/" if page.aside else page.route)
                if size == PHONE and not page.aside:
                    await visitor.page.locator("details.menu summary").focus()
                    await visitor.page.keyboard.press("Enter")
                link = visitor.page.locator(f"header a[href='{page.route}']:visible").first
                await link.focus()
                await visitor.page.keyboard.press("Enter")
                await visitor.page.wait_for_url(f"{site.url}{page.route}")
                marked = visitor.page.locator("header a[aria-current=page]").first
                assert await marked.get_attribute("href") == page.route


PLANTED = {
    "a field without a label": ("label", "main.append(document.createElement('input'))"),
    "pale text": (
        "contrast",
        "main.insertAdjacentHTML('beforeend', '<p style=\"color:#ddd;background:#fff\">pale</p>')",
    ),
    "a complaint": ("console: planted", "console.error('planted')"),
    "a fault in a script": ("error: ", "setTimeout(() => { throw new Error('planted') })"),
    "what is too wide": ("sideways", "main.insertAdjacentHTML('beforeend', '<div style=\"width:3000px\">wide</div>')"),
    "another host": ("another host|violates", "fetch('http://example.com/').catch(() => 0)"),
    "what is not there": ("answered 404", "fetch('/nowhere').catch(() => 0)"),
    "a socket to another host": ("Refused to connect|violates", "try { new WebSocket('ws://example.com') } catch {}"),
    "a handler in markup": ("violates|Refused", "main.insertAdjacentHTML('beforeend', '<i onclick=\"1\">x</i>')"),
}


@pytest.fixture
async def visitor(browser: Browser, site: Any) -> AsyncIterator[Visitor]:
    plant = await empty(site.market)
    async with visiting(browser, site.url, plant.key) as visitor:
        await visitor.go("/account")
        yield visitor


async def test_control_each_planted_fault_is_seen(visitor: Visitor, axe: Any) -> None:
    assert await visitor.faults(axe) == []
    unseen = []
    for name, (said, plant) in PLANTED.items():
        await visitor.page.evaluate(f"const main = document.querySelector('main'); {plant}")
        await asyncio.sleep(0.3)
        faults = await visitor.faults(axe)
        if not re.search(said, "\n".join(faults)):
            unseen.append(f"{name}: {faults}")
        await visitor.go("/account")
        visitor.wrong.clear()
    assert unseen == []


@pytest.mark.parametrize(
    "planted",
    [
        "document.querySelector('main button').style.outline = 'none'",
        "document.querySelector('main').addEventListener('keydown', (event) => event.preventDefault())",
    ],
)
async def test_control_a_focus_that_is_not_seen_or_does_not_move_is(visitor: Visitor, planted: str) -> None:
    await visitor.page.evaluate(planted)
    assert await visitor.unreached() != []
