"""Statements taken in by one worker: at a pace beside searches, or as many as it can."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cloud.bench.rig import Rig
from cloud.bench.world import PER_SITE
from gateway.supervisor import Process

AGENTS = 200
"""The last ones: bookings are measured on the first machines, and no plant takes those back meanwhile."""


@asynccontextmanager
async def speaking(place: Rig, rate: float) -> AsyncIterator[Path]:
    """A worker in a process of its own takes statements in meanwhile; yields the file in which it counts."""
    told = place.settings.data_dir / f"taken-{rate:.0f}.json"
    told.unlink(missing_ok=True)
    sites = place.world.machines // PER_SITE
    first = max(0, sites - AGENTS)
    arguments = (place.world.begin.isoformat(), str(first), str(sites), str(rate), str(told))
    process = Process.module("speak", "cloud.bench.speak", *arguments, env=place.ground.environment())
    async with place.ground.running(process):
        while not told.exists():  # noqa: ASYNC110 - it is another process that writes it
            await asyncio.sleep(0.1)
        yield told


async def rate_of(told: Path, seconds: float) -> float:
    """Statements taken in a second over the coming `seconds`."""
    before = _read(told)
    await asyncio.sleep(seconds)
    after = _read(told)
    return (after["taken"] - before["taken"]) / (after["seconds"] - before["seconds"])


def _read(told: Path) -> dict[str, float]:
    while True:
        try:
            found: dict[str, float] = json.loads(told.read_text())
        except ValueError:
            continue
        return found
