"""The replay source: one machine lives through a log; what is past is told at once, the rest as business time comes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from edge.reading import Cursor, Event, LinkNotice, Reading
from edge.sources import Emit
from edge.sources.replaylog import Moment
from gateway.clock import Clock
from gateway.span import utc

BATCH = 100
"""Moments in one transaction while catching up."""

LONGEST_NAP = 60.0
PER_SECOND = 20
"""Batches in a second that `rate` is divided into."""


@dataclass
class ReplaySource:
    """Plays `moments` from after `cursor` on. Its Cursor follows each batch, so nothing is lost or doubled by a kill.

    `rate` (for tests): so many moments a real second, whatever the clock says.
    """

    machine: str
    moments: Sequence[Moment]
    clock: Clock
    cursor: str | None = None
    rate: float | None = None

    async def run(self, emit: Emit) -> None:
        """Emit until the log ends, then stay silent until cancelled."""
        await emit([LinkNotice(self.machine, True, self.clock.now(), "replaying")])
        rest = after(self.moments, self.cursor)
        while rest:
            now = self.clock.now()
            ready = self._ready(rest, now)
            if ready:
                await emit(_events(self.machine, rest[:ready], now))
                self.cursor = rest[ready - 1].at.isoformat()
                rest = rest[ready:]
            await self._nap(rest)
        await asyncio.Event().wait()

    def _ready(self, rest: Sequence[Moment], now: datetime) -> int:
        if self.rate is not None:
            return min(len(rest), max(1, round(self.rate / PER_SECOND)))
        return next((count for count, each in enumerate(rest[:BATCH]) if each.at > now), min(BATCH, len(rest)))

    async def _nap(self, rest: Sequence[Moment]) -> None:
        if self.rate is not None:
            await asyncio.sleep(max(1, round(self.rate / PER_SECOND)) / self.rate)
        elif rest:
            await asyncio.sleep(min(self.clock.seconds_until(rest[0].at), LONGEST_NAP))


def after(moments: Sequence[Moment], cursor: str | None) -> Sequence[Moment]:
    """The moments that a source with this cursor has not told yet."""
    if cursor is None:
        return moments
    told = utc(datetime.fromisoformat(cursor))
    return [each for each in moments if each.at > told]


def _events(machine: str, moments: Sequence[Moment], now: datetime) -> list[Event]:
    """A whole number of moments, and the cursor behind them. All of it is history: the log's stamps are true."""
    readings: list[Event] = [
        Reading(machine, signal, value, each.at, now, historical=True)
        for each in moments
        for signal, value in each.values.items()
    ]
    return [*readings, Cursor(machine, moments[-1].at.isoformat())]
