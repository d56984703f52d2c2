"""The SQL of the event stream, and which cursors it can read."""

import re

import asyncpg

from cloud.db import reaching

Told = tuple[str, str, object, object]
"""(cursor, type, at, data) of an event."""

_CURSOR = re.compile(r"([0-9]{1,20})-([0-9]{1,19})")
_MOST = (1 << 64, 1 << 63)
"""A cursor is a transaction (xid8) and a number within the table (int8)."""


def readable(cursor: str) -> bool:
    """Whether it can be one of ours."""
    parts = _CURSOR.fullmatch(cursor)
    return parts is not None and all(int(part) < most for part, most in zip(parts.groups(), _MOST, strict=True))


async def end(pool: asyncpg.Pool) -> str:
    """The cursor behind every event there is. Raises DatabaseAway."""
    async with reaching():
        cursor: str = await pool.fetchval("SELECT ts_events_end()")
    return cursor


async def following(pool: asyncpg.Pool, tenant: str, after: str, limit: int) -> list[Told]:
    """The next events of the tenant after a cursor ("" = from the first). Raises DatabaseAway."""
    async with reaching():
        found: list[Told] = await pool.fetch(
            "SELECT cursor, type, at, data FROM ts_events($1, $2, $3)", tenant, after, limit
        )
    return found
