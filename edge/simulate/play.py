"""Lets a simulated machine live through its profile's walk again and again, and its measures and counters go on."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.profilemodel import Profile
from edge.simulate.walk import Step, measure, walk
from gateway.errors import UsageError
from gateway.machine import ItemState

if TYPE_CHECKING:
    from edge.simulate.work import Work

TICK = 1.0
"""Real seconds between two looks at its counters."""

PART = 20.0
"""Seconds of its own time that a part takes."""

Show = Callable[[Mapping[str, object]], Awaitable[None]]
"""Makes the machine's signals have these raw values."""


@dataclass
class Player:
    """A day of the profile takes a day divided by `speed`. `on_step` hears of each step as it begins.

    `work`: the job orders that it is given; they go before its own story, piece by piece.
    """

    profile: Profile
    show: Show
    speed: float
    on_step: Callable[[Step], None]
    work: "Work | None" = None
    parts: int = 0
    _made: float = 0.0
    _time: float = 0.0

    async def run(self) -> None:
        """Until cancelled. Raises UsageError for a profile whose tables tell nothing."""
        steps = walk(self.profile)
        if not steps:
            msg = f"{self.profile.profile}: no values lead to a state; `thirdshift edge profiles` lists ours"
            raise UsageError(msg)
        for step in itertools.cycle(steps):
            await self.show(self._values(step))
            self.on_step(step)
            await self._last(step)

    async def _last(self, step: Step) -> None:
        """Let the step last, with a look at the counters every now and then."""
        rest = step.lasts.total_seconds()
        while rest > 0:
            nap = min(rest, TICK * self.speed)
            await asyncio.sleep(nap / self.speed)
            rest -= nap
            self._time += nap
            if step.state is ItemState.EXECUTING:
                self._made += nap / PART
                whole = int(self._made)
                self.parts, self._made = self.parts + whole, self._made - whole
            if await self._jobs() or rest > 0:
                await self.show(self._values(step))

    async def _jobs(self) -> bool:
        """Run the job orders that were started meanwhile; whether there were any."""
        busy = next((step for step in walk(self.profile) if step.state is ItemState.EXECUTING), None)
        ran = False
        while self.work and busy and (job := await self.work.begin()) is not None:
            ran = True
            self.on_step(busy)
            for good in range(job.quantity + 1):
                await self.show(self._values(busy))
                if not self.work.made(job.id, good):
                    break
                if good == job.quantity:
                    await self.work.end(job.id)
                    break
                await asyncio.sleep(PART / self.speed)
                self.parts += 1
        return ran

    def _values(self, step: Step) -> Mapping[str, object]:
        others = {name: each for name, each in self.profile.signals.items() if name not in step.values}
        return {**step.values, **{name: measure(each, self._time, self.parts) for name, each in others.items()}}
