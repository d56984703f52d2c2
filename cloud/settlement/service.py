"""Meters the jobs that are due, and settles by silence: facts gathered, one pure decision, its answer carried out."""

from datetime import datetime, timedelta

import asyncpg

from cloud.chores import spared
from cloud.db import reaching
from cloud.settlement import store
from cloud.settlement.due import bill
from cloud.settlement.rules import complete, meter

AT_ONCE = 50

OBJECT_WITHIN = timedelta(days=14)
"""Business time in which either side may dispute a meter; silence settles it."""


async def settle(
    connections: asyncpg.Pool,
    now: datetime,
    patience: timedelta,
    doubtful: set[str] | None = None,
    within: timedelta = OBJECT_WITHIN,
) -> int:
    """How many bookings became METERED or SETTLED. `patience`: how long the last changes may be on their way.

    Times are business time. A job that cannot be metered must not keep the others waiting: it is said, added to
    `doubtful`, and left out of the next rounds that are given the same set. What nobody disputed `within` that time is
    settled. Raises DatabaseAway.
    """
    doubtful = set() if doubtful is None else doubtful
    moved = 0
    async with reaching(), connections.acquire() as connection:
        for row in await store.due(connection, AT_ONCE, doubtful):
            work = _meter(connection, row, now, patience, within)
            moved += bool(await spared(row["id"], work, doubtful, "a job cannot be metered"))
        return moved + await store.settle_due(connection, AT_ONCE, now)


async def _meter(
    connection: asyncpg.Connection, row: asyncpg.Record, now: datetime, patience: timedelta, within: timedelta
) -> bool:
    job = store.read(row)
    if not complete(job.report, job.latest, now - job.finished_at, patience):
        return False
    history, unseen = await store.history(connection, job), await store.unseen(connection, job)
    found = meter(job.booked, job.report, history, unseen)
    return await store.store(connection, job, bill(job.agreed, found, now, within), now)
