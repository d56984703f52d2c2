"""Tells a quiet signal from a dead one: what has said nothing for long is read, and asked for anew if it has moved."""

import asyncio
import math
import time
from collections.abc import Mapping
from typing import Protocol

import structlog
from asyncua import ua

from edge.reading import Event, Gap
from edge.sources import Emit
from edge.sources.opcua_reader import Reader
from edge.sources.opcua_signals import Signal
from edge.sources.opcua_values import quality
from gateway.clock import Clock
from gateway.machine import Quality

REASON = "the server had stopped telling this signal's changes"

log = structlog.get_logger()


class Watched(Protocol):
    """What a subscription shows to its watchdog."""

    reader: Reader

    def silent(self, at: float) -> Mapping[int, Signal]:
        """The items, by handle, that have said nothing for as long as they may, at monotonic time `at`."""
        ...

    def heard(self, handle: int) -> tuple[ua.DataValue | None, float]:
        """The last value of an item, and when it came or was last confirmed."""
        ...

    def confirm(self, handle: int, at: float) -> None:
        """The item was read, and it is as it was."""
        ...

    def grace(self, handles: list[int]) -> float:
        """Seconds that a change of these may take to reach us."""
        ...

    async def read(self, handles: list[int]) -> list[ua.DataValue]:
        """What the items are now."""
        ...

    async def renew(self, handles: list[int]) -> None:
        """Ask for these items anew."""
        ...

    def gap(self, signal: Signal, reason: str) -> Gap:
        """From the item's last word to now."""
        ...


class Watchdog:
    """Looks at the silent items of one subscription, `every` so many seconds."""

    def __init__(self, watched: Watched, clock: Clock, every: float) -> None:
        self._watched = watched
        self._clock = clock
        self._every = every

    async def run(self, emit: Emit) -> None:
        """Endless; ends only by raising one of LOST."""
        while True:
            await asyncio.sleep(self._every)
            events = await self._look()
            if events:
                await emit(events)

    async def _look(self) -> list[Event]:
        watched = self._watched
        asked_at = time.monotonic()
        silent = watched.silent(asked_at)
        if not silent:
            return []
        values = dict(zip(silent, await watched.read(list(silent)), strict=True))
        await watched.reader.learn(values.values())
        moved = [handle for handle in silent if not _same(watched.heard(handle)[0], values[handle], silent[handle])]
        for handle in silent.keys() - set(moved):
            watched.confirm(handle, asked_at)
        repeated = [handle for handle in silent if handle not in moved and silent[handle].ask.stale_s is not None]
        if moved:
            await asyncio.sleep(watched.grace(moved))
        dead = [handle for handle in moved if watched.heard(handle)[1] < asked_at]
        return [*self._readings(repeated, silent, values), *await self._revive(dead, silent, values)]

    def _readings(
        self, handles: list[int], silent: Mapping[int, Signal], values: Mapping[int, ua.DataValue]
    ) -> list[Event]:
        now = self._clock.now()
        return [self._watched.reader.reading(silent[handle], values[handle], now) for handle in handles]

    async def _revive(
        self, dead: list[int], silent: Mapping[int, Signal], values: Mapping[int, ua.DataValue]
    ) -> list[Event]:
        """Tell that changes were missed, give the value as it is, and ask for the item anew."""
        if not dead:
            return []
        names = [f"{silent[handle].machine}: {silent[handle].name}" for handle in dead]
        log.warning("opcua.items_dead", signals=names, advice="nothing to do: they are asked for anew")
        gaps: list[Event] = [self._watched.gap(silent[handle], REASON) for handle in dead]
        events = [*gaps, *self._readings(dead, silent, values)]
        await self._watched.renew(dead)
        return events


def _same(before: ua.DataValue | None, now: ua.DataValue, signal: Signal) -> bool:
    """Whether the server had nothing to tell between the two."""
    if before is None or quality(before.StatusCode) is not quality(now.StatusCode):
        return False
    if quality(now.StatusCode) is Quality.BAD:
        return True
    was = before.Value.Value if before.Value is not None else None
    is_now = now.Value.Value if now.Value is not None else None
    if isinstance(was, float) and isinstance(is_now, float):
        if math.isnan(was) and math.isnan(is_now):
            return True
        return abs(was - is_now) <= (signal.ask.deadband or 0.0)
    if isinstance(was, int) and isinstance(is_now, int) and signal.ask.deadband is not None:
        return abs(was - is_now) <= signal.ask.deadband
    return bool(was == is_now)
