"""The way to PostgreSQL: pools, tenants, migrations, and one error for a database that is away."""

import functools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
import orjson

from cloud.errors import DatabaseAway
from gateway.errors import UsageError

AWAY = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    # What a connection answers between the last words of a dying server and the end of its socket.
    asyncpg.InternalClientError,
)
"""What asyncpg raises when the server is gone, going, full, or gave up a transaction without deciding it."""


class Pool(asyncpg.Pool):  # type: ignore[misc]
    """asyncpg's pool waits for a free connection without end; this one `patience` seconds (real), then TimeoutError."""

    def __init__(self, *given: object, patience: float | None, **more: object) -> None:
        super().__init__(*given, **more)
        self.patience = patience

    def acquire(self, *, timeout: float | None = None) -> Any:
        return super().acquire(timeout=self.patience if timeout is None else timeout)


@asynccontextmanager
async def reaching() -> AsyncIterator[None]:
    """Turns the errors of a database that is away into DatabaseAway, which the caller may retry."""
    try:
        yield
    except AWAY as error:
        msg = f"the database is away ({type(error).__name__}: {error}); the same call may be made again"
        raise DatabaseAway(msg) from error


@asynccontextmanager
async def letting_in() -> AsyncIterator[None]:
    """For commands: a database that keeps us out, or has no schema, is told in words. Raises UsageError too."""
    try:
        async with reaching():
            yield
    except _KEPT_OUT as error:
        msg = f"the database does not let us in: {error}. Mend THIRDSHIFT_DATABASE: its owner has to be named there"
        raise UsageError(msg) from error
    except asyncpg.UndefinedTableError as error:
        msg = "the database has no schema yet; run `thirdshift cloud migrate`, or name another by --data or "
        raise UsageError(msg + "THIRDSHIFT_DATABASE") from error


_KEPT_OUT = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
)


async def pool(dsn: str, *, size: int = 8) -> asyncpg.Pool:
    """A pool of at most `size` connections, which are opened when needed; jsonb travels as Python values."""
    async with reaching():
        return await asyncpg.create_pool(dsn, min_size=0, max_size=size, init=prepare, command_timeout=30)


async def lazy_pool(
    dsn: str,
    *,
    size: int = 8,
    timeout: float = 10.0,  # noqa: ASYNC109 - asyncpg's own
    patience: float | None = None,
) -> asyncpg.Pool:
    """A pool that is made even while the database is away.

    `timeout` in seconds (real) bounds each statement, `patience` the wait for a connection. Its connections are not
    reset between uses, which saves a round trip: set nothing that outlives a transaction.
    """
    bounds = {"command_timeout": timeout, "timeout": timeout if patience is None else min(timeout, patience)}
    return await Pool(
        dsn,
        patience=patience,
        connection_class=asyncpg.Connection,
        record_class=asyncpg.Record,
        init_size=0,
        min_size=0,
        max_size=size,
        max_queries=50_000,
        max_inactive_connection_lifetime=300.0,
        init=prepare,
        reset=_keep_as_is,
        loop=None,
        **bounds,
    )


@asynccontextmanager
async def as_tenant(
    connections: asyncpg.Pool, enterprise_id: str, actor: str = ""
) -> AsyncIterator[asyncpg.Connection]:
    """A transaction whose row-level security shows the rows of one enterprise, and no others.

    What it writes, `actor` did: see cloud.audit.model.actor.
    """
    async with reaching(), connections.acquire() as connection, connection.transaction():
        await connection.execute(_ENTER, enterprise_id, actor)
        yield connection


_ENTER = "SELECT set_config('ts.tenant', $1, true), set_config('ts.actor', $2, true)"


@functools.cache
def as_actor(query: str, number: int) -> str:
    """The same call of a function, whose transaction says that parameter `number` acts.

    In the place of the first argument, for arguments are worked out before a function begins: one round trip.
    """
    acting = f"CASE WHEN set_config('ts.actor', ${number}, true) IS NOT NULL THEN $1 END"
    return query.replace("($1,", f"({acting},", 1)


async def migrate(dsn: str, passwords: Mapping[str, str] | None = None) -> None:
    """Bring the database to the newest schema; `dsn` is that of a superuser. Sets the roles' passwords, if given."""
    from cloud.migrations.upgrade import upgrade  # noqa: PLC0415 - only who migrates loads Alembic and SQLAlchemy

    async with letting_in():
        await (await asyncpg.connect(dsn, timeout=10)).close()  # what keeps us out is not to be wrapped by SQLAlchemy
        await upgrade(dsn, passwords or {})


def as_role(dsn: str, role: str, password: str | None = None) -> str:
    """The same database, entered as another role."""
    parts = urlsplit(dsn)
    host = parts.netloc.rpartition("@")[2]
    user = quote(role, safe="") + (f":{quote(password, safe='')}" if password else "")
    return urlunsplit(parts._replace(netloc=f"{user}@{host}"))


async def prepare(connection: asyncpg.Connection) -> None:
    """Let JSON documents come and go as values."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=_jsonb,
        decoder=lambda data: orjson.loads(data[1:]),
        format="binary",
    )


async def _keep_as_is(_: asyncpg.Connection) -> None:
    """asyncpg itself rolls back what was left open."""


def _jsonb(value: Any) -> bytes:
    return b"\x01" + orjson.dumps(value)
