"""Fixtures: one PostgreSQL server per session, and for each test that asks a fresh, migrated database on it."""

import asyncio
import itertools
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from absent import absent_peer

from cloud import db
from cloud.embedded.binaries import PostgresMissing, find
from cloud.embedded.postgres import EmbeddedPostgres, PostgresFailed
from cloud.embedded.process import FolderInUse

VERSION = "THIRDSHIFT_TEST_POSTGRES"
"""Set it to 15 to run the tests on that version, from the system, instead of the wheel's."""

TEMPLATE = "thirdshift_template"


PREFIX = "thirdshift-test-"
FORGOTTEN_S = 3600.0
ROOM = 4 << 30


def new_folder() -> Path:
    """A folder that the database's user may enter; in memory where there is room, because disks are shared and slow."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=memory if roomy else None))
    folder.chmod(0o711)
    return folder


def clear_forgotten(base: Path) -> None:
    """End and delete what a killed test run left behind long ago; a live run holds its folder's lock."""
    for folder in base.glob(f"{PREFIX}*"):
        if folder.stat().st_mtime < time.time() - FORGOTTEN_S:
            left = EmbeddedPostgres(folder)
            with suppress(FolderInUse, PostgresFailed):
                left.start()
                left.remove()
                shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Server:
    """The session's server: the superuser's DSN and the passwords of the roles."""

    dsn: str
    passwords: dict[str, str]

    def named(self, database: str) -> str:
        return self.dsn.rpartition("/")[0] + "/" + database


@dataclass(frozen=True)
class Database:
    """One test's own database: as superuser, as the API's role, as ingest's role."""

    dsn: str
    api_dsn: str
    ingest_dsn: str


def outside(work: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end in a thread: a fixture that isn't asynchronous must not touch the tests' own event loop."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, work).result()


async def _say(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server with a migrated template; THIRDSHIFT_TEST_POSTGRES=15 chooses the version."""
    wanted = os.environ.get(VERSION)
    try:
        binaries = find(int(wanted) if wanted else None)
    except PostgresMissing as error:
        absent_peer(f"PostgreSQL: {error}")
    folder = new_folder()
    clear_forgotten(folder.parent)
    server = EmbeddedPostgres(folder, binaries=binaries)
    try:
        found = Server(server.start(), server.passwords)
        # Only here: a database per test is many small files, and no test pulls the plug of the whole machine.
        outside(_say(found.dsn, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"))
        outside(_say(found.dsn, f"CREATE DATABASE {TEMPLATE}"))
        outside(db.migrate(found.named(TEMPLATE), found.passwords))
        yield found
    finally:
        server.remove()
        shutil.rmtree(folder)


_numbers = itertools.count(1)


@pytest.fixture
def database(postgres: Server) -> Iterator[Database]:
    """A fresh database, already migrated; gone after the test."""
    name = f"test_{next(_numbers)}"
    outside(_say(postgres.dsn, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
    dsn = postgres.named(name)
    roles = {role: db.as_role(dsn, role, password) for role, password in postgres.passwords.items()}
    yield Database(dsn, roles["ts_api"], roles["ts_ingest"])
    outside(_say(postgres.dsn, f"DROP DATABASE {name} WITH (FORCE)"))


async def _pool(dsn: str) -> AsyncIterator[asyncpg.Pool]:
    connections = await db.pool(dsn)
    yield connections
    connections.terminate()


@pytest.fixture
async def pool_api(database: Database) -> AsyncIterator[asyncpg.Pool]:
    """A pool as ts_api: row-level security holds for it."""
    async for connections in _pool(database.api_dsn):
        yield connections


@pytest.fixture
async def pool_ingest(database: Database) -> AsyncIterator[asyncpg.Pool]:
    """A pool as ts_ingest."""
    async for connections in _pool(database.ingest_dsn):
        yield connections


@pytest.fixture
async def pool_owner(database: Database) -> AsyncIterator[asyncpg.Pool]:
    """A pool as the superuser: for arranging a test and looking behind the policies."""
    async for connections in _pool(database.dsn):
        yield connections
