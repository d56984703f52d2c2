"""An MTConnect agent of our own, for `test_every_source`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from edge.sources.mtconnect import MtconnectSource
from edge.sources.mtconnect_device import Mtconnect
from edge.sources.mtconnect_fake import FakeAgent, Item
from edge.sources.mtconnect_items import Machine
from edge.sources.mtconnect_signal import MtconnectSignal
from gateway.clock import Clock


class Streamed:
    machine, signal, stamped, losable = "M1", "value", True, True

    def __init__(self, agent: FakeAgent, clock: Clock) -> None:
        device = Mtconnect(type="mtconnect", url=agent.url, interval_ms=20, heartbeat_s=1, retry_cap_s=0.5)
        signals = {self.signal: MtconnectSignal(item_type="PART_COUNT", type="Int32")}
        self.agent = agent
        self.source = MtconnectSource(device, {self.machine: Machine(None, signals)}, clock)

    async def say(self, value: int) -> None:
        self.agent.say("count", str(value))

    async def lose(self) -> None:
        await self.agent.stop()

    async def find(self) -> None:
        await self.agent.start()


@asynccontextmanager
async def harness() -> AsyncIterator[Streamed]:
    clock = Clock()
    agent = FakeAgent({"count": Item("PART_COUNT")}, clock.now)
    await agent.start()
    try:
        yield Streamed(agent, clock)
    finally:
        await agent.stop()
