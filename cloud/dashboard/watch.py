"""Keeps one view of the plant up to date: one event stream, shared by all pages of all who see the same."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from cloud.client import Event
from cloud.dashboard.changes import Stale, mark, told
from cloud.dashboard.model import Plant
from cloud.dashboard.registry import Away, Health, KeyRefused, Registry, StreamEnded
from cloud.dashboard.survey import Asked, outline, renewed, survey

REFRESH = 0.5
"""Seconds (real) between two readings at least: many events become one. A change of state is not waited for so long."""

POLL = 5.0
EVERYTHING_EVERY = 24
"""Every poll reads time and machines again, every so many all: no event tells of silence, or of late history."""

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pace:
    """How business time passes: it was `now` at `taken` (seconds of time.monotonic), and runs `speed` times as fast."""

    now: datetime
    speed: float
    taken: float

    def at(self, moment: float) -> datetime:
        return self.now + timedelta(seconds=(moment - self.taken) * self.speed)


@dataclass(frozen=True, slots=True)
class Silent:
    """The API does not answer since `since` (business time, as it went on by our own reckoning); `code` says what."""

    since: datetime | None
    code: str


class Watcher:
    """What a key sees. `plant` is None until first read; `version` counts readings; `refused` once the key is not good.

    `silent` is None while the API answers. `listeners` are called, without arguments, when any of these changed, and
    when business time was told anew, or an event came; they must return at once and not raise. `heard` counts events by
    their kind, for pages that show what is not of the plant (waiting.changed, say).
    """

    def __init__(self, registry: Registry, back: timedelta) -> None:
        self.registry = registry
        self._back = back
        self._stale = Stale()
        self._woken = asyncio.Event()
        self.plant: Plant | None = None
        self.version = 0
        self.pace: Pace | None = None
        self.silent: Silent | None = None
        self.refused = False
        self.listeners: set[Callable[[], None]] = set()
        self.heard: Counter[str] = Counter()
        self._meanwhile: list[Event] = []
        self._taken: set[str] = set()

    @property
    def now(self) -> datetime | None:
        """Business time, reckoned on from the last time that the API told it; None until it did."""
        return self.pace.at(time.monotonic()) if self.pace else None

    def reach_back(self, back: timedelta) -> None:
        """Someone wants to see a longer past from now on."""
        if back > self._back:
            self._back = back
            self._mark(everything=True)

    async def run(self) -> None:
        """Watch until cancelled, or until the key is refused; a lost API is waited for with growing pauses."""
        pause = FIRST_PAUSE
        while not self.refused:
            version = self.version
            try:
                await self._watch()
            except KeyRefused:
                self.refused = True
                self._tell()
                return
            except StreamEnded:
                log.debug("the event stream ended")
            except Away as error:
                self._lost(error)
            pause = FIRST_PAUSE if self.version > version else min(pause * 2, LONGEST_PAUSE)
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - spreads clients, guards nothing

    async def _watch(self) -> None:
        opened = asyncio.Event()
        self._stale, self._taken = Stale(), set()
        await self._tell_time()
        await _first_to_fail(self._listen(opened), self._read(opened), self._poll())

    async def _listen(self, opened: asyncio.Event) -> None:
        async for event in self.registry.events(opened):
            self.heard[event.type] += 1
            if event.type == "machine.state":
                self._meanwhile.append(event)
                if self._take(event):
                    continue
            mark(self._stale, event.type, event.data)
            self._woken.set()
            if not self._stale:
                self._tell()  # nothing is read for it, so no reading will tell

    def _take(self, event: Event) -> bool:
        """Show at once what the event itself says; it is read with the next poll, and not for each change."""
        plant = told(self.plant, event.data, event.at) if self.plant else None
        if plant is None:
            return False
        self._taken.add(str(event.data["machine_id"]))
        self._show(plant)
        return True

    async def _read(self, opened: asyncio.Event) -> None:
        """Everything, once the stream is open; then what it, or the poll, says is old."""
        await opened.wait()
        self._meanwhile.clear()
        asked = self._asked()
        first = await outline(self.registry, asked)
        if self.plant is None:
            self._show(self._newest(first))
        self._show(self._newest(await survey(self.registry, asked, first)))
        await self._renew()

    def _newest(self, read: Plant) -> Plant:
        """What was read, and what events said while it was: an answer may be older than they are."""
        for event in self._meanwhile:
            read = told(read, event.data, event.at) or read
        return read

    async def _renew(self) -> None:
        """Read what went old, all that gathered at once, and never more than half of the time."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            stale, self._stale = self._stale, Stale()
            began = time.monotonic()
            self._meanwhile.clear()
            if stale and self.plant:
                self._show(self._newest(await renewed(self.registry, self.plant, stale, self._asked())))
            await asyncio.sleep(max(REFRESH, time.monotonic() - began))

    async def _poll(self) -> None:
        count = 0
        while True:
            await asyncio.sleep(POLL)
            count += 1
            await self._tell_time()
            self._mark(everything=count % EVERYTHING_EVERY == 0)

    def _mark(self, *, everything: bool) -> None:
        self._stale.machines = True
        self._stale.states |= self._taken
        self._taken.clear()
        self._stale.everything |= everything
        self._woken.set()

    async def _tell_time(self) -> None:
        told: Health = await self.registry.health()
        self.pace = Pace(told.now, told.speed, time.monotonic())
        self._tell()

    def _asked(self) -> Asked:
        assert self.pace  # noqa: S101 - _watch tells the time first
        return Asked(self.pace.at(time.monotonic()), self._back)

    def _show(self, plant: Plant) -> None:
        self.plant = plant
        self.version += 1
        if self.silent:
            log.info("the API answers again")
        self.silent = None
        self._tell()

    def _tell(self) -> None:
        for listener in tuple(self.listeners):
            listener()

    def _lost(self, error: Away) -> None:
        if self.silent is None or self.silent.code != error.code:
            since = self.silent.since if self.silent else self.now
            self.silent = Silent(since, error.code)
            log.warning("the API is away", code=error.code, error=str(error))
            self._tell()


async def _first_to_fail(*work: Coroutine[Any, Any, None]) -> None:
    """Run all until one raises; end the others, and raise that."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
