"""Ends what nobody ended in time: holds and requests past their expiry, and orders that no edge accepted."""

from datetime import datetime

import asyncpg

from cloud.db import reaching

EXPIRE = "SELECT ts_expire($1, $2)"
UNDELIVERABLE = "SELECT ts_undeliverable($1, $2)"
AT_ONCE = 100


async def sweep(connections: asyncpg.Pool, now: datetime) -> int:
    """How many claims were ended; each is told to both sides. Raises DatabaseAway."""
    async with reaching(), connections.acquire() as connection:
        expired = await connection.fetchval(EXPIRE, AT_ONCE, now)
        return int(expired + await connection.fetchval(UNDELIVERABLE, AT_ONCE, now))
