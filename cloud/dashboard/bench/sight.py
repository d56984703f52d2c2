"""What a person with a browser sees, and when: one headless Chromium, timed by its own clock."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from playwright.async_api import Browser, Page, async_playwright

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
PATIENCE = 60_000.0
"""Milliseconds (real) after which a page that shows nothing is a fault."""

WHEN = """selector => new Promise(done => {
  const look = () => document.querySelector(selector)
    ? requestAnimationFrame(() => requestAnimationFrame(() => done([performance.now(), Date.now()])))
    : requestAnimationFrame(look);
  look();
})"""
"""Milliseconds since the navigation began, and since 1970, once what is looked for was painted."""

DRAWN = """act => new Promise(done => {
  const axis = document.getElementById("axis"), before = axis.dataset.drawn, began = performance.now();
  const painted = () => requestAnimationFrame(() => done(performance.now() - began));
  const look = () => axis.dataset.drawn !== before ? painted() : requestAnimationFrame(look);
  if (act) document.querySelector(act).click();
  look();
})"""
"""Milliseconds until another window than now is drawn and painted, after a click on `act`, or from now on."""

WHEELED = """([by, x]) => new Promise(done => {
  const axis = document.getElementById("axis"), box = axis.getBoundingClientRect(), before = axis.dataset.drawn;
  const { chart } = getElement(Number(axis.firstElementChild.id.slice(1))), began = performance.now();
  let stretched = null;
  const once = () => {
    chart.off("rendered", once);
    requestAnimationFrame(() => { stretched ??= performance.now() - began; });
  };
  chart.on("rendered", once);
  const painted = () => requestAnimationFrame(() => done([stretched, performance.now() - began]));
  const look = () => axis.dataset.drawn !== before ? painted() : requestAnimationFrame(look);
  const where = { ctrlKey: true, clientX: box.left + x * box.width, cancelable: true };
  axis.dispatchEvent(new WheelEvent("wheel", { deltaY: by, ...where }));
  look();
})"""
"""Milliseconds until what was there is painted stretched, and until all of the new window is painted."""


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """A Chromium until the end of the block."""
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield launched
        await launched.close()


async def logged_in(found: Browser, url: str, key: str) -> Page:
    """A page of somebody who has entered that key."""
    context = await found.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    await page.goto(f"{url}/login")
    await page.locator("input[name=key]").fill(key)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("main[data-shown]")
    return page


async def opened(page: Page, url: str, selector: str) -> float:
    """Milliseconds from the start of the navigation until `selector` is painted."""
    await page.goto(url, wait_until="commit")
    found: list[float] = await page.evaluate(WHEN, selector)
    return found[0]


async def drawn(page: Page, act: str = "") -> float:
    """Milliseconds until the chart shows another window, all of it."""
    taken: float = await page.evaluate(DRAWN, act)
    return taken


async def wheeled(page: Page, by: float, place: float) -> tuple[float, float]:
    """Milliseconds from a turn of the wheel until the chart is stretched, and until it shows all of its new window.

    `by` is the turn (less than 0 is closer), `place` where the pointer is in the chart's width, 0 to 1.
    """
    stretched, taken = await page.evaluate(WHEELED, [by, place])
    return float(stretched), float(taken)


async def seen_after(page: Page, selector: str, commit: Callable[[], Awaitable[object]]) -> float:
    """Milliseconds from the commit until `selector` is painted."""
    await page.evaluate(f"() => {{ window.watched = ({WHEN})({selector!r}); return true }}")
    await commit()
    committed = time.time() * 1000
    found: list[float] = await page.evaluate("() => window.watched")
    return found[1] - committed
