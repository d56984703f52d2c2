"""A source without a machine: the shipped fake, which says what it is told to and passes the suite of the real ones."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from edge.reading import Event, LinkNotice, Reading
from edge.sources import Emit
from gateway.clock import Clock
from gateway.machine import Quality


@dataclass
class FakeSource:
    """One machine. What is said while nobody listens, or is not taken, is told later: nothing is lost."""

    machine: str
    clock: Clock
    _waiting: list[Event] = field(default_factory=list, init=False)
    _news: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _up: bool | None = field(default=None, init=False)

    def say(
        self, signal: str, value: object, *, at: datetime | None = None, quality: Quality = Quality.GOOD
    ) -> Reading:
        """The machine's signal has this value, since `at` (now, if None)."""
        now = self.clock.now()
        reading = Reading(self.machine, signal, value, at or now, now, quality)
        self.tell([reading])
        return reading

    def lose(self, reason: str = "the fake machine is switched off") -> None:
        """The link is lost; telling it twice tells it once."""
        self._link(False, reason)

    def find(self) -> None:
        """The link is there again."""
        self._link(True, "connected")

    def tell(self, events: Sequence[Event]) -> None:
        """Any events, in this order."""
        self._waiting.extend(events)
        self._news.set()

    async def run(self, emit: Emit) -> None:
        """Emit until cancelled."""
        if self._up is None:
            self._up = True
            self._waiting.insert(0, LinkNotice(self.machine, True, self.clock.now(), "connected"))
        while True:
            batch = list(self._waiting)
            if batch:
                await emit(batch)
                del self._waiting[: len(batch)]
                continue
            self._news.clear()
            await self._news.wait()

    def _link(self, up: bool, reason: str) -> None:
        if up is not self._up:
            self._up = up
            self.tell([LinkNotice(self.machine, up, self.clock.now(), reason)])
