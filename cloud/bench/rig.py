"""A market on a database of its own, and the servers that are measured on it."""

import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from cloud.bench.ground import Ground, ground
from cloud.bench.load import Server
from cloud.bench.world import World, fill, made
from cloud.config import Settings
from gateway.ports import free_port
from gateway.supervisor import Process, http_ok, port_open

BUYER = "ent_buyer"


@dataclass(frozen=True, slots=True)
class Rig:
    """A market on a database of its own. `filled_s`: seconds that the filling took."""

    world: World
    ground: Ground
    filled_s: float

    @property
    def settings(self) -> Settings:
        return self.ground.settings

    @property
    def dsn(self) -> str:
        return self.ground.dsn

    @asynccontextmanager
    async def api(self) -> AsyncIterator[Server]:
        """Our API, one worker, with limits that no bench comes to."""
        port = free_port()
        environment, healthy = self.ground.environment(api_port=port), http_ok("127.0.0.1", port, "/v1/health")
        process = Process.module(f"api-{port}", "cloud.server", env=environment, ready=healthy)
        async with self.ground.running(process):
            yield Server(port, self.world.secret.text)

    @asynccontextmanager
    async def bare(self) -> AsyncIterator[Server]:
        """The bare endpoint, one worker."""
        port = free_port()
        environment, listens = self.ground.environment(api_port=port), port_open("127.0.0.1", port)
        process = Process.module(f"bare-{port}", "cloud.bench.bare", BUYER, env=environment, ready=listens)
        async with self.ground.running(process):
            yield Server(port, self.world.secret.text)


@asynccontextmanager
async def rig(machines: int, say: Callable[[str], None]) -> AsyncIterator[Rig]:
    """A new one, with as much memory as a server for so many machines would be given: 20 kB a machine."""
    world, filled = made(machines, datetime.now(UTC)), 0.0

    async def filling(dsn: str) -> None:
        nonlocal filled
        began = time.perf_counter()
        await fill(dsn, world)
        filled = time.perf_counter() - began
        say(f"  {machines:,} machines in {filled:.0f} s")

    async with ground(128 + machines // 50, filling) as place:
        yield Rig(world, place, filled)


def load_average() -> float:
    """Of the last minute: above the number of cores, somebody else was at work too."""
    with contextlib.suppress(OSError):
        return os.getloadavg()[0]
    return 0.0
