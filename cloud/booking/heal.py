"""The round that heals: bookings whose hours were taken back get equal capacity elsewhere, moved or proposed."""

from datetime import datetime, timedelta

import asyncpg
import structlog

from cloud.chores import spared
from cloud.db import reaching
from cloud.ids import new_id

AILING = "SELECT ts_ailing($1, $2, $3)"
HEAL = "SELECT ts_heal($1, $2, $3, $4, $5, $6)"
AT_ONCE = 100

PATIENCE = timedelta(seconds=4)
"""Real time that a booking must be in trouble: what is withdrawn and offered again within it moves nothing."""

RETRY = timedelta(seconds=30)
"""Real time until equal capacity is looked for again where there was none."""

log = structlog.get_logger(__name__)


async def heal(  # noqa: PLR0913, PLR0917 - whom, when, and how long each thing may take
    connections: asyncpg.Pool,
    now: datetime,
    fresh_after: datetime,
    patience: timedelta,
    retry: timedelta,
    doubtful: set[str] | None = None,
) -> int:
    """How many were moved or got a proposal; each in a transaction of its own. Times are business time.

    One that cannot be healed must not keep the others ill: it is said, added to `doubtful`, and left out of the next
    rounds that are given the same set. Raises DatabaseAway.
    """
    doubtful, helped = set() if doubtful is None else doubtful, 0
    async with reaching(), connections.acquire() as connection:
        found = await connection.fetch(AILING, AT_ONCE + len(doubtful), patience, now)
        for booking in [row["ts_ailing"] for row in found if row["ts_ailing"] not in doubtful]:
            work = connection.fetchval(HEAL, booking, new_id("bkg"), patience, retry, now, fresh_after)
            became = await spared(booking, work, doubtful, "a booking cannot be healed")
            if became in {"moved", "proposed"}:
                helped += 1
                log.info("booking in trouble", booking=booking, became=became)
    return helped
