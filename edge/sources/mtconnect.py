"""The MTConnect source: follows one agent's numbered stream through cuts, restarts and overruns, and tells each gap.

The agent keeps what it saw in a buffer. After a cut, and after a restart of ours, the stream goes on where it stopped,
so nothing is lost as long as the buffer reaches back. Where it does not, or where the agent itself was restarted, a Gap
bounds what nobody can know, and the state is read anew.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import structlog

from edge.sources import Emit
from edge.sources.mtconnect_agent import Agent, AgentLost, StreamEnded
from edge.sources.mtconnect_device import Mtconnect
from edge.sources.mtconnect_items import Machine
from edge.sources.mtconnect_model import NotMtconnect
from edge.sources.mtconnect_progress import Progress
from edge.sources.mtconnect_session import Session
from edge.sources.outage import Insistent, Outage, pauses
from gateway.clock import Clock

KIND = "mtconnect"
STEADY = 30.0
"""Real seconds that a session must have lived for the next one to be tried without a growing pause."""

log = structlog.get_logger()


@dataclass
class MtconnectSource:
    """One agent with one or more machines behind it. `cursors`: how far each machine's stream was read before."""

    device: Mtconnect
    machines: Mapping[str, Machine]
    clock: Clock
    cursors: Mapping[str, str | None] = field(default_factory=dict)
    jitter: Callable[[], float] = random.random

    async def run(self, emit: Emit) -> None:
        """Emit batches until cancelled. An `emit` that raises is called again with the same batch."""
        peer = self.device.address
        insist = Insistent(emit, KIND, peer, self._pauses)
        outage = Outage(KIND, peer, list(self.machines), self.clock)
        progress = Progress.of({name: self.cursors.get(name) for name in self.machines})
        waits = self._pauses()
        while True:
            born = time.monotonic()
            try:
                async with Agent(self.device) as agent:
                    reason = await Session(agent, self.machines, progress, outage, insist, self.clock.now).run()
            except StreamEnded as error:
                log.info("mtconnect.stream_ended", peer=peer, reason=str(error))
            except (AgentLost, NotMtconnect) as error:
                await insist(outage.lost(f"{peer} {error}"))
            else:
                progress.tear(reason)
                log.warning("mtconnect.torn", peer=peer, reason=reason)
            if time.monotonic() - born > STEADY:
                waits = self._pauses()
            await asyncio.sleep(next(waits))

    def _pauses(self) -> Iterator[float]:
        return pauses(self.device.retry_cap_s, self.jitter)
