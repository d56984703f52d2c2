"""A log, for `test_every_source`: it says one number after the other, whether asked or not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from edge.sources.replay import ReplaySource
from edge.sources.replaylog import Moment
from gateway.clock import Clock

STEP = timedelta(seconds=0.3)


class Replayed:
    machine, signal, stamped, losable = "M1", "value", True, False

    def __init__(self) -> None:
        clock = Clock()
        start = clock.now()
        moments = [Moment(start + number * STEP, {self.signal: str(number)}) for number in range(1, 6)]
        self.source = ReplaySource(self.machine, moments, clock)

    async def say(self, value: int) -> None:
        """It will."""


@asynccontextmanager
async def harness() -> AsyncIterator[Replayed]:
    yield Replayed()
