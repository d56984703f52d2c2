"""What every measurement stands on: a database of our own, and settings for servers on it."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from cloud import db
from cloud.config import Settings
from cloud.connection import entered
from cloud.embedded.guard import guarded
from cloud.embedded.postgres import EmbeddedPostgres
from gateway.supervisor import Process, Supervisor


@dataclass(frozen=True, slots=True)
class Ground:
    """A migrated database, and who enters it as what. `dsn` is its superuser's."""

    settings: Settings
    dsn: str

    @asynccontextmanager
    async def running(self, process: Process) -> AsyncIterator[None]:
        """Run a process until the end of the block."""
        async with Supervisor(self.settings.data_dir / "log", print) as supervisor:
            await supervisor.start(process)
            yield

    def environment(self, **settings: int) -> dict[str, str]:
        """What a server on it is told; it gets the roles' DSNs, never the superuser's."""
        return {**self.settings.model_copy(update=settings).environment(), "THIRDSHIFT_DATABASE": ""}


@dataclass(frozen=True, slots=True)
class Cluster:
    """A PostgreSQL server that was just started, in its folder. `dsn` is its superuser's."""

    folder: Path
    embedded: EmbeddedPostgres
    dsn: str


@asynccontextmanager
async def cluster() -> AsyncIterator[Cluster]:
    """A new one, as it is served. Nothing is left of it afterwards, not even where the bench is killed."""
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="thirdshift-bench-"))
    embedded = EmbeddedPostgres(folder)
    try:
        with guarded(folder):
            yield Cluster(folder, embedded, await asyncio.to_thread(embedded.start))
    finally:
        await asyncio.to_thread(embedded.remove)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


@asynccontextmanager
async def ground(memory_mb: int, fill: Callable[[str], Awaitable[None]]) -> AsyncIterator[Ground]:
    """A new one, with so much memory for the database, and filled (`fill` gets the superuser's DSN).

    Its servers have limits that no bench comes to. Nothing is left of it afterwards.
    """
    async with cluster() as new:
        await _furnish(new.dsn, memory_mb)
        dsn = await asyncio.to_thread(new.embedded.restart)
        await db.migrate(dsn, new.embedded.passwords)
        await fill(dsn)
        limits = {"rate": 1_000_000.0, "burst": 1_000_000, "most_holds": 1_000_000, "most_holds_of_a_key": 1_000_000}
        settings = entered(Settings(data_dir=new.folder, **limits), dsn, new.embedded.passwords)
        yield Ground(settings, dsn)


async def _furnish(dsn: str, memory_mb: int) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(f"ALTER SYSTEM SET shared_buffers = '{memory_mb}MB'")
        await connection.execute("ALTER SYSTEM SET max_wal_size = '4GB'")
    finally:
        await connection.close()
