"""OPC UA, for `test_every_source`: our own client and a simulated machine's part counter."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from edge.simulate.machinery_nodes import PLANT
from edge.simulate.server import MachineServer
from edge.sources.opcua import MachineNodes, OpcUaSource
from edge.sources.opcua_endpoint import OpcUaEndpoint
from gateway.clock import Clock


class OpcUa:
    machine, signal, stamped, losable = "M1", "parts", True, True

    def __init__(self, server: MachineServer) -> None:
        self.server = server
        endpoint = OpcUaEndpoint(
            url=server.url,
            security="none",
            sampling_ms=0,
            publishing_ms=100,
            watchdog_s=0.5,
            timeout_s=1.5,
            retry_cap_s=0.5,
        )
        nodes = MachineNodes({self.signal: f"nsu={PLANT};s={self.machine}.PartsGood"})
        self.source = OpcUaSource(endpoint, {self.machine: nodes}, Clock())

    async def say(self, value: int) -> None:
        await self.server.set_counter(value)

    async def lose(self) -> None:
        await self.server.stop()

    async def find(self) -> None:
        await self.server.start()


@asynccontextmanager
async def harness() -> AsyncIterator[OpcUa]:
    server = MachineServer(OpcUa.machine, Clock())
    await server.start()
    try:
        yield OpcUa(server)
    finally:
        await server.stop()
