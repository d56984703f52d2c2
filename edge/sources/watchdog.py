"""Watches the signals that must speak regularly: one that has been silent for too long is told as bad, once."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from edge.reading import Event, LinkNotice, Reading
from edge.sources import Emit, Source
from gateway.clock import Clock
from gateway.machine import Quality

LOOKS = 4
"""In the time of the shortest limit."""

Key = tuple[str, str]
"""Machine and signal."""


@dataclass
class Watchdog:
    """Passes on what `inner` reads. `limits`: how many real seconds each signal may be silent.

    The watch begins with the link, and rests while the link is lost: that is told otherwise.
    """

    inner: Source
    limits: Mapping[Key, float]
    clock: Clock
    _heard: dict[Key, float] = field(default_factory=dict, init=False)

    async def run(self, emit: Emit) -> None:
        turn = asyncio.Lock()

        async def listening(events: Sequence[Event]) -> None:
            self._hear(events)
            async with turn:
                await emit(events)

        works = [asyncio.ensure_future(self.inner.run(listening)), asyncio.ensure_future(self._watch(emit, turn))]
        try:
            done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
            await next(iter(done))
        finally:
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)

    def _hear(self, events: Iterable[Event]) -> None:
        now = time.monotonic()
        for event in events:
            if isinstance(event, Reading):
                if (event.machine, event.signal) in self.limits:
                    self._heard[event.machine, event.signal] = now
            elif isinstance(event, LinkNotice):
                for key in self.limits:
                    if key[0] == event.machine and event.up:
                        self._heard[key] = now
                    elif key[0] == event.machine:
                        self._heard.pop(key, None)

    async def _watch(self, emit: Emit, turn: asyncio.Lock) -> None:
        while True:
            await asyncio.sleep(min(self.limits.values()) / LOOKS)
            async with turn:
                silent = self._silent(time.monotonic())
                if silent:
                    now = self.clock.now()
                    await emit([Reading(*key, None, None, now, Quality.BAD) for key in silent])
                for key in silent:
                    self._heard.pop(key, None)

    def _silent(self, now: float) -> list[Key]:
        return [key for key, heard in self._heard.items() if now - heard > self.limits[key]]
