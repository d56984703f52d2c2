"""Takes a booking's jobs back from a machine when this agent has no record of them: it may have lost its disk."""

import asyncio
from dataclasses import dataclass

import structlog

from edge.orders.job import FINISHED, WAITING
from edge.orders.port import JobPort, Rejected, Unreachable

log = structlog.get_logger(__name__)

LONGEST = 10.0
"""Real seconds between two attempts at most."""


@dataclass
class Withdrawal:
    """Of every job of the booking up to a revision. `poll_s`: real seconds before the second attempt."""

    booking: str
    revision: int
    port: JobPort
    poll_s: float = 0.5

    async def run(self) -> None:
        """Until the machine answers and none of them waits or runs any more."""
        pause = self.poll_s
        while not await self._gone():
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST)

    async def _gone(self) -> bool:
        found = await self.port.jobs()
        if isinstance(found, Unreachable):
            return False
        alive = [job for job, state in found.items() if self._mine(job) and state not in FINISHED]
        for job in alive:
            log.warning("job without a record taken back", job=job, state=found[job])
            outcome = await self.port.cancel(job) if found[job] in WAITING else Rejected("it runs")
            if isinstance(outcome, Rejected):
                await self.port.abort(job)
        return not alive

    def _mine(self, job: str) -> bool:
        booking, _, revision = job.rpartition("-")
        return booking == self.booking and revision.isdecimal() and int(revision) <= self.revision
