"""What a test hears of a source at work: its events in order, and a patient wait for them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from edge.reading import Cursor, Event, Gap, LinkNotice, Reading
from edge.sources import Source
from gateway.machine import Quality

PATIENCE = 40.0
"""Real seconds; a slow machine needs some, and a test that passes never waits so long."""


class Ear:
    """Takes all that a source emits."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    async def emit(self, events: Sequence[Event]) -> None:
        self.events.extend(events)

    def readings(self, signal: str, machine: str = "M1") -> list[Reading]:
        mine = (machine, signal)
        return [each for each in self.events if isinstance(each, Reading) and (each.machine, each.signal) == mine]

    def values(self, signal: str, machine: str = "M1") -> list[object]:
        return [each.value for each in self.readings(signal, machine)]

    def bad(self, signal: str, machine: str = "M1") -> bool:
        """Whether the signal's last reading is bad."""
        found = self.readings(signal, machine)
        return bool(found) and found[-1].quality is Quality.BAD

    def links(self, machine: str = "M1") -> list[LinkNotice]:
        return [each for each in self.events if isinstance(each, LinkNotice) and each.machine == machine]

    def ups(self, machine: str = "M1") -> list[bool]:
        return [each.up for each in self.links(machine)]

    def gaps(self, machine: str = "M1") -> list[Gap]:
        return [each for each in self.events if isinstance(each, Gap) and each.machine == machine]

    def cursor(self, machine: str = "M1") -> str | None:
        found = [each.value for each in self.events if isinstance(each, Cursor) and each.machine == machine]
        return found[-1] if found else None

    async def hears(self, signal: str, value: object, machine: str = "M1") -> None:
        """Wait until the signal's last value is this one."""
        await self.until(lambda: self.values(signal, machine)[-1:] == [value])

    async def until(self, holds: Callable[[], object]) -> None:
        start = time.monotonic()
        while not holds():
            assert time.monotonic() - start < PATIENCE, f"not within {PATIENCE} s; last events: {self.events[-6:]}"
            await asyncio.sleep(0.01)


@asynccontextmanager
async def hearing(source: Source) -> AsyncIterator[Ear]:
    """The source at work beside the test, until the test leaves."""
    ear = Ear()
    task = asyncio.create_task(source.run(ear.emit))
    try:
        yield ear
    finally:
        if task.done():
            task.result()
        while (
            not task.done()
        ):  # told again as edge.supervision does: libraries below swallow a cancellation now and then
            task.cancel()
            await asyncio.wait({task}, timeout=0.5)
