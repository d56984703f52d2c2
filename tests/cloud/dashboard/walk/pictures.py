"""Writes the pictures of the documents anew: `make pictures`. Not a test; it uses what the walk uses."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser
from walk_world import rich
from walker import PHONE, visiting

from cloud.dashboard.pages import PAGES

FOLDER = Path(__file__).parents[4] / "docs/pictures"
MOST = 150_000
"""Bytes of a picture at most: they are in the repository."""

DESK = (1280, 800)
LOOKS = [("en", DESK, "light", ""), ("zh", DESK, "dark", ""), ("en", PHONE, "light", "-phone")]


@pytest.mark.parametrize(("language", "size", "theme", "suffix"), LOOKS)
async def test_take(browser: Browser, site: Any, language: str, size: tuple[int, int], theme: str, suffix: str) -> None:
    plant = await rich(site.market)
    FOLDER.mkdir(exist_ok=True)
    async with visiting(browser, site.url, plant.key, language=language, size=size) as visitor:
        await visitor.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        for page in PAGES:
            if suffix and page.name != "plant":
                continue
            await visitor.go(page.route.format(machine_id=plant.machine_id, booking_id=plant.booking_id))
            await asyncio.sleep(2)
            path = FOLDER / f"{page.name}-{language}{suffix}.png"
            for share in (1.0, 0.9, 0.82, 0.75):
                await visitor.page.set_viewport_size({"width": int(size[0] * share), "height": int(size[1] * share)})
                await asyncio.sleep(0.5)
                await visitor.page.screenshot(path=path)
                if path.stat().st_size <= MOST:
                    break
            else:
                pytest.fail(f"{path.name} is too large")
            await visitor.page.set_viewport_size({"width": size[0], "height": size[1]})
