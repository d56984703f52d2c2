"""Goes to a page as a browser does, and says in sentences whatever is wrong with it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, Page, expect

SOON = 60_000
"""Milliseconds that a page may take on a machine that others use too."""

DESKTOP, PHONE = (1440, 900), (390, 844)
LOCALES = {"en": "en-GB", "zh": "zh-CN"}

FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]"
REACHABLE = f"""() => [...document.querySelectorAll({FOCUSABLE!r})].filter((each) =>
  each.tabIndex >= 0 && !each.disabled && each.checkVisibility({{ visibilityProperty: true }})
  && each.getClientRects().length && !each.closest('[inert]'))"""
NAMED = """(each) => `${each.tagName.toLowerCase()} ${
  (each.getAttribute('aria-label') ?? each.innerText ?? each.name ?? '').trim().slice(0, 60)}`"""
STEP = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const style = getComputedStyle(at), stays = window.walkedLast === at;
  const first = at.dataset.walked === undefined || stays;
  at.dataset.walked = '1';
  window.walkedLast = at;
  const seen = stays || style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
  return { stays, first, seen, drawn: at.closest('canvas, .q-field, [data-focus]') !== null, name: (NAMED)(at) };
}""".replace("NAMED", NAMED)
LEFT = f"() => ({REACHABLE})().filter((each) => each.dataset.walked === undefined).map({NAMED})"
MOST_STEPS, MOST_PARTS = 120, 8


@dataclass
class Visitor:
    """One browser context that is logged in, or not; `wrong` gathers what its page complains of."""

    page: Page
    url: str
    wrong: list[str] = field(default_factory=list)

    async def go(self, path: str, *, live: bool = True) -> None:
        """Open a page, and wait until it shows what it has."""
        await self.page.goto(self.url + path)
        if live:
            await expect(self.page.locator(".link.live")).to_be_attached(timeout=SOON)
        await self.page.wait_for_load_state("networkidle")
        await asyncio.sleep(0.7)

    async def faults(self, axe: Any) -> list[str]:
        """What is wrong with the page as it is: complaints of the browser, its width, what axe finds."""
        found, self.wrong[:] = list(self.wrong), []
        heads = await self.page.locator("h1").count()
        found += [f"{heads} headings of the first level"] if heads != 1 else []
        wide = await self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        if wide[0] > wide[1]:
            found.append(f"scrolls sideways: {wide[0]} px in {wide[1]}: {await self.page.evaluate(WIDEST)}")
        return found + await axe.faults(self.page)

    async def unreached(self) -> list[str]:
        """Go through the page by Tab: what is never reached, and what does not show that it is."""
        await self.page.evaluate(STEP)  # where the page itself put the focus
        await self.page.keyboard.press("Tab")
        dim, stayed = [], 0
        for _ in range(MOST_STEPS):
            at = await self.page.evaluate(STEP)
            if at is None or not at["first"]:
                break
            # The parts of a date are gone through one by one, and show by themselves which it is.
            stayed = stayed + 1 if at["stays"] else 0
            if stayed > MOST_PARTS:
                break
            if not (at["seen"] or at["drawn"] or at["stays"]):
                dim.append(f"focus is not seen on {at['name']}")
            await self.page.keyboard.press("Tab")
        else:
            return dim
        return dim + [f"never reached by Tab: {name}" for name in await self.page.evaluate(LEFT)]


WIDEST = """() => [...document.querySelectorAll('main *, header *')]
  .filter((each) => each.getBoundingClientRect().right > innerWidth + 1).slice(0, 3)
  .map((each) => `${each.tagName.toLowerCase()}.${each.className}`).join(', ')"""


@asynccontextmanager
async def visiting(
    browser: Browser, url: str, key: str | None = None, *, language: str = "en", size: tuple[int, int] = DESKTOP
) -> AsyncIterator[Visitor]:
    """A fresh visitor; whoever has a key logs in with it."""
    width, height = size
    context = await browser.new_context(
        viewport={"width": width, "height": height}, locale=LOCALES[language], color_scheme="light"
    )
    if key:
        await context.request.post(f"{url}/login", form={"key": key})
    visitor = Visitor(await context.new_page(), url)
    _listen(visitor)
    yield visitor
    await context.close()


def _listen(visitor: Visitor) -> None:
    page, wrong, host = visitor.page, visitor.wrong, urlsplit(visitor.url).netloc

    def asked(address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != host:
            wrong.append(f"asked another host: {address[:100]}")

    page.on("request", lambda request: asked(request.url))
    page.on("websocket", lambda socket: asked(socket.url))
    page.on("console", lambda said: wrong.append(f"console: {said.text[:300]}") if said.type in BAD else None)
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"[:300]))
    page.on("response", lambda got: wrong.append(f"answered {got.status}: {got.url}") if got.status >= 400 else None)
    page.on("requestfailed", lambda lost: wrong.append(f"failed: {lost.url} {lost.failure}") if _lost(lost) else None)


BAD = {"error", "warning"}


def _lost(request: Any) -> bool:
    """A request that its own page gave up, by leaving, has not failed."""
    return "ERR_ABORTED" not in str(request.failure)
