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


INSIST = 0.5
"""Real seconds until a source that was told to stop is told again."""


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


async def _once(feed: Feed, emit: Emit) -> BaseException | None:
    """Run the source until it ends, and say of what; however deep its code swallows a cancellation, it is stopped."""
    work = asyncio.ensure_future(feed.source.run(emit))
    try:
        await asyncio.wait([work])
    finally:
        while not work.done():
            work.cancel()
            await asyncio.wait([work], timeout=INSIST)
    return asyncio.CancelledError("it cancelled itself") if work.cancelled() else work.exception()
