"""What every measurement stands on: a database of our own with a market in it, and servers on it."""

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from cloud import db
from cloud.bench.load import Server
from cloud.bench.world import World, fill, made
from cloud.config import Settings
from cloud.connection import entered
from cloud.embedded.postgres import EmbeddedPostgres
from gateway.ports import free_port
from gateway.supervisor import Process, Supervisor, http_ok, port_open

BUYER = "ent_buyer"


@dataclass(frozen=True, slots=True)
class Rig:
    """A filled database, and who enters it as what. `filled_s`: seconds that the filling took."""

    world: World
    settings: Settings
    dsn: str
    supervisor: Supervisor
    filled_s: float

    @asynccontextmanager
    async def api(self) -> AsyncIterator[Server]:
        """Our API, one worker, with limits that no bench comes to."""
        port = free_port()
        environment = _at(self.settings, port)
        healthy = http_ok("127.0.0.1", port, "/v1/health")
        process = Process.module(f"api-{port}", "cloud.server", env=environment, ready=healthy)
        async with self._running(process):
            yield Server(port, self.world.secret.text)

    @asynccontextmanager
    async def bare(self) -> AsyncIterator[Server]:
        """The bare endpoint, one worker."""
        port = free_port()
        environment, listens = _at(self.settings, port), port_open("127.0.0.1", port)
        process = Process.module(f"bare-{port}", "cloud.bench.bare", BUYER, env=environment, ready=listens)
        async with self._running(process):
            yield Server(port, self.world.secret.text)

    @asynccontextmanager
    async def _running(self, process: Process) -> AsyncIterator[None]:
        async with Supervisor(self.settings.data_dir / "log", print) as supervisor:
            await supervisor.start(process)
            yield


@asynccontextmanager
async def rig(machines: int, say: Callable[[str], None]) -> AsyncIterator[Rig]:
    """A new one; nothing is left of it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="thirdshift-bench-"))
    embedded = EmbeddedPostgres(folder)
    try:
        dsn = await asyncio.to_thread(embedded.start)
        await _furnish(dsn, machines)
        dsn = await asyncio.to_thread(embedded.restart)
        await db.migrate(dsn, embedded.passwords)
        world, began = made(machines, datetime.now(UTC)), time.perf_counter()
        await fill(dsn, world)
        filled = time.perf_counter() - began
        say(f"  {machines:,} machines in {filled:.0f} s")
        limits = {"rate": 1_000_000.0, "burst": 1_000_000, "most_holds": 1_000_000}
        settings = entered(Settings(data_dir=folder, **limits), dsn, embedded.passwords)
        async with Supervisor(folder / "log", say) as supervisor:
            yield Rig(world, settings, dsn, supervisor, filled)
    finally:
        await asyncio.to_thread(embedded.remove)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _furnish(dsn: str, machines: int) -> None:
    """As much memory as a server for so many machines would be given: 20 kB a machine."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(f"ALTER SYSTEM SET shared_buffers = '{128 + machines // 50}MB'")
        await connection.execute("ALTER SYSTEM SET max_wal_size = '4GB'")
    finally:
        await connection.close()


def load_average() -> float:
    """Of the last minute: above the number of cores, somebody else was at work too."""
    with contextlib.suppress(OSError):
        return os.getloadavg()[0]
    return 0.0


def _at(settings: Settings, port: int) -> dict[str, str]:
    return {**settings.model_copy(update={"api_port": port}).environment(), "THIRDSHIFT_DATABASE": ""}
