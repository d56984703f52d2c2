"""`python -m cloud.dashboard.bench [--share S] [pages] [people] [stores]`; writes bench-results/dashboard.json."""

import argparse
import asyncio
import secrets
import statistics
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from playwright.async_api import Page
from rich.console import Console

from cloud import db
from cloud.bench.ground import ground
from cloud.bench.rig import load_average
from cloud.bench.voice import Voice
from cloud.dashboard.bench.people import looking
from cloud.dashboard.bench.rig import Served, served
from cloud.dashboard.bench.sight import browser, drawn, logged_in, opened, seen_after, wheeled
from cloud.dashboard.bench.world import AGENT, KEY, MACHINES, World, world
from cloud.ingest.intake import Intake
from cloud.telemetry.bench.__main__ import measure as stores
from cloud.telemetry.memory import MemorySamples
from gateway.bench import Row, show
from gateway.machine import ItemState, OperationMode
from gateway.messages import StateChange, Stream

PARTS = ("pages", "people", "stores")
PEOPLE = 100
TIMES = 10
CHANGES = 30

say = Console(stderr=True).print
Change = Callable[[str, ItemState], Awaitable[None]]


def most(name: str, values: list[float], unit: str, reach: float, reference: float | None = None) -> Iterator[Row]:
    """The worst of the values, which should be at most `reach`; beside what is possible here, and the median."""
    worst = max(values)
    say(f"  {name}: {worst:.0f} {unit}")
    ratio = round(statistics.median(values) / reference, 2) if reference else None
    beside = round(reference, 1) if reference else None
    yield Row(f"{name}, worst of {len(values)}", round(worst, 1), unit, reach=reach, ok=worst <= reach)
    yield Row("  median", round(statistics.median(values), 1), unit, beside, ratio)


@asynccontextmanager
async def plant(dsn: str) -> AsyncIterator[Change]:
    """The plant's agent: says that a machine is in another state, and returns once that is committed."""
    pool = await db.lazy_pool(dsn, size=2)
    intake = Intake(pool, MemorySamples(), lambda: datetime.now(UTC), secrets.token_bytes(16))
    voice = Voice(AGENT, KEY, 1)

    async def change(machine: str, state: ItemState) -> None:
        mode = OperationMode.PROCESSING if state is ItemState.EXECUTING else OperationMode.NONE
        voice.say(Stream.STATE, [StateChange(machine=machine, at=datetime.now(UTC), state=state, mode=mode)])
        await voice.talk(intake)

    yield change
    pool.terminate()


async def pages(place: Served, told: World, change: Change) -> AsyncIterator[Row]:
    """The plant's page and a machine's, as somebody with a browser sees them."""
    async with browser() as chromium:
        stranger = await (await chromium.new_context()).new_page()
        bare = [await opened(stranger, f"{place.url}/login", "form") for _ in range(TIMES)]
        floor = statistics.median(bare[1:])
        yield Row("the log-in page, all that the frame costs: median", round(floor, 1), "ms")
        page = await logged_in(chromium, place.url, told.secrets[0].text)
        shown = [await opened(page, place.url, "main[data-shown]") for _ in range(TIMES)]
        for row in most(f"plant page, {MACHINES} machines, useful paint, warm cache", shown, "ms", 1200, floor):
            yield row
        for row in most("  a change is on the page after its commit", await _changes(page, change), "ms", 500):
            yield row
        async for row in _year(page, place, floor):
            yield row


async def _changes(page: Page, change: Change) -> list[float]:
    taken = []
    for number in range(CHANGES):
        machine = 1 + number % (MACHINES - 1)
        state = (ItemState.EXECUTING, ItemState.OUT_OF_SERVICE)[number // (MACHINES - 1) % 2]
        seen = f'[data-machine="mch_{machine}"][data-state="{state}"]'
        taken.append(await seen_after(page, seen, lambda: change(f"machine-{machine}", state)))  # noqa: B023
        await asyncio.sleep(0.7 + secrets.randbelow(400) / 1000)
    return taken


async def _year(page: Page, place: Served, floor: float) -> AsyncIterator[Row]:
    url = f"{place.url}/machine/mch_year?range=1y"
    shown = [await opened(page, url, "#axis[data-drawn]") for _ in range(TIMES)]
    for row in most("machine page over a year, opened", shown, "ms", 1500, floor):
        yield row
    zoomed = [await drawn(page, f'[data-range="{name}"]') for name in ("30d", "7d", "24h", "7d", "30d", "1y") * 2]
    for row in most("  zoomed by button, everything drawn anew", zoomed, "ms", 300):
        yield row
    turned = [await wheeled(page, by, 0.4) for by in (-300, -300, -300, -300, 300, 300, -300, 300, -300, 300)]
    for row in most("  zoomed by wheel, what was there stretched", [first for first, _ in turned], "ms", 100):
        yield row
    for row in most("  zoomed by wheel, everything drawn anew", [all_ for _, all_ in turned], "ms", 300):
        yield row


async def people(place: Served, told: World, change: Change) -> AsyncIterator[Row]:
    """A hundred of them, each with a key of their own, while the plant goes on."""
    before = place.memory_mb
    keys = [secret.text for secret in told.secrets[1:]]
    async with looking(place.url, keys, ("/", "/", "/machine/mch_year?range=1y", "/bookings")) as everybody:
        began, used = asyncio.get_running_loop().time(), place.cpu_s
        for number in range(60):
            state = (ItemState.EXECUTING, ItemState.NOT_EXECUTING)[number % 2]
            await change(f"machine-{1 + number % (MACHINES - 1)}", state)
            await asyncio.sleep(0.5)
        share = (place.cpu_s - used) / (asyncio.get_running_loop().time() - began)
        memory = place.memory_mb
        yield Row(
            f"{len(everybody)} people looking: the dashboard's memory", round(memory), "MB", reach=500, ok=memory <= 500
        )
        yield Row("  before any of them came", round(before), "MB")
        yield Row("  of a core, at two changes a second", round(share, 2), "cores")
        quiet = sum(person.told == 0 for person in everybody)
        yield Row("  of them were told nothing", quiet, "people", reach=0, ok=quiet == 0)


async def measured(parts: list[str], share: float) -> list[Row]:
    """The rows of these parts."""
    rows: list[Row] = []
    if {"pages", "people"} & set(parts):
        told = world(PEOPLE + 1, share)
        say(f"a year of {told.changes:,} changes and {told.samples:,} samples is written …")
        async with (
            ground(512, told.fill) as place,
            served(place) as at,
            plant(place.settings.ingest_dsn or "") as change,
        ):
            for part in (pages, people):
                if part.__name__ in parts:
                    rows += [row async for row in part(at, told, change)]
        rows.append(Row("states of the machine's year", told.changes, "changes"))
        rows.append(Row("samples of the machine's year", told.samples, "samples"))
    if "stores" in parts:
        rows += await stores()
    rows.append(Row("load average at the end", round(load_average(), 2), ""))
    return rows


def main(arguments: list[str]) -> None:
    """Measure, print a table, and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m cloud.dashboard.bench", description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the year's states and samples")
    parser.add_argument("parts", nargs="*", metavar="part", help=" ".join(PARTS))
    given = parser.parse_args(arguments)
    rows = asyncio.run(measured(list(given.parts or PARTS), given.share))
    show(rows, "dashboard", "the dashboard, as somebody with a browser sees it")


if __name__ == "__main__":
    main(sys.argv[1:])
