"""Ends what nobody ended in time: holds and requests past their expiry, orders not accepted, jobs never reported."""

from datetime import datetime, timedelta

import asyncpg

from cloud.db import reaching

EXPIRE = "SELECT ts_expire($1, $2)"
UNDELIVERABLE = "SELECT ts_undeliverable($1, $2)"
OVERDUE = "SELECT ts_overdue($1, $2, $3)"
STALE = "SELECT ts_flag_stale($1, $2, $3)"
AT_ONCE = 100

GRACE = timedelta(days=7)
"""Business time after its end for which a job's report may still be on its way: a plant may be cut off for days."""


async def flag_stale(connections: asyncpg.Pool, fresh_after: datetime, now: datetime) -> int:
    """Flag the bookings that are about to begin on machines not heard of since `fresh_after`, and clear the flag of
    those that are heard again; how many flags changed. Raises DatabaseAway.
    """
    async with reaching(), connections.acquire() as connection:
        return int(await connection.fetchval(STALE, AT_ONCE, fresh_after, now))


async def sweep(connections: asyncpg.Pool, now: datetime) -> int:
    """How many claims were ended; each is told to both sides. Raises DatabaseAway."""
    async with reaching(), connections.acquire() as connection:
        expired = await connection.fetchval(EXPIRE, AT_ONCE, now)
        undelivered = await connection.fetchval(UNDELIVERABLE, AT_ONCE, now)
        return int(expired + undelivered + await connection.fetchval(OVERDUE, AT_ONCE, GRACE, now))
