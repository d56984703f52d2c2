"""Keeps a source running whatever its code does: one that fails is started again, ever more patiently."""

import asyncio
import random
import time
from collections.abc import Sequence

from edge.reading import Event, LinkNotice
from edge.sources import Emit
from edge.trouble import Trouble
from edge.wiring import Feed
from gateway.clock import Clock

FIRST, LONGEST = 0.5, 60.0
"""Real seconds before a source is started again."""

STEADY = 60.0
"""Real seconds that a source must have run for its failure to count as the first."""


async def supervise(feed: Feed, emit: Emit, clock: Clock, trouble: Trouble) -> None:
    """Run the source until cancelled. Its failure concerns its own machines alone."""
    name = f"source/{feed.name}"
    pause = FIRST

    async def heard(events: Sequence[Event]) -> None:
        await emit(events)
        if name in trouble and any(isinstance(event, LinkNotice) and event.up for event in events):
            trouble.goes(name)

    while True:
        started = time.monotonic()
        error = await _once(feed, heard)
        reason = f"{type(error).__name__}: {error}" if error else "it ended by itself"
        trouble.comes(
            name, f"the source failed ({reason}); this is a fault in the program, please report it", error=error
        )
        await emit([LinkNotice(machine, False, clock.now(), reason) for machine in feed.machines])
        pause = FIRST if time.monotonic() - started > STEADY else min(pause * 2, LONGEST)
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret


async def _once(feed: Feed, emit: Emit) -> Exception | None:
    try:
        await feed.source.run(emit)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other machines go on
        return error
    return None
