"""The time axis of a machine's chart, as a browser's page has it."""

from datetime import datetime

from playwright.async_api import expect

SOON = 30_000
"""Milliseconds after which what was waited for is missing."""


async def point(page, moment):
    """Where in the chart's width an instant is, in pixels of the page."""
    start, end = (datetime.fromisoformat(edge) for edge in (await drawn(page)).split("/"))
    box = await page.locator("#axis").bounding_box()
    return box["x"] + box["width"] * ((moment - start) / (end - start)), box["y"] + 100


async def drawn(page):
    await expect(page.locator("#axis[data-drawn]")).to_be_visible(timeout=SOON)
    return await page.locator("#axis").get_attribute("data-drawn")


def length(told):
    start, end = (datetime.fromisoformat(edge) for edge in told.split("/"))
    return end - start
