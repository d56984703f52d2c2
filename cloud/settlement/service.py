"""Meters the jobs that are due: facts gathered, one pure decision, its answer carried out."""

from datetime import datetime, timedelta

import asyncpg
import structlog

from cloud.db import AWAY, reaching
from cloud.settlement import store
from cloud.settlement.rules import complete, meter

AT_ONCE = 50

log = structlog.get_logger(__name__)


async def settle(
    connections: asyncpg.Pool, now: datetime, patience: timedelta, doubtful: set[str] | None = None
) -> int:
    """How many bookings became METERED. `patience` (business time): how long the last changes may be on their way.

    A job that cannot be metered must not keep the others waiting: it is said, added to `doubtful`, and left out of
    the next rounds that are given the same set. Raises DatabaseAway.
    """
    doubtful = set() if doubtful is None else doubtful
    metered = 0
    async with reaching(), connections.acquire() as connection:
        for row in await store.due(connection, AT_ONCE, doubtful):
            try:
                metered += await _meter(connection, store.read(row), now, patience)
            except AWAY:
                raise
            except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the others are not to blame
                doubtful.add(row["id"])
                log.error("a job cannot be metered", booking=row["id"], reason=repr(error))  # noqa: TRY400 - short
    return metered


async def _meter(connection: asyncpg.Connection, job: store.Due, now: datetime, patience: timedelta) -> bool:
    if not complete(job.report, job.latest, now - job.finished_at, patience):
        return False
    history, unseen = await store.history(connection, job), await store.unseen(connection, job)
    return await store.store(connection, job, meter(job.booked, job.report, history, unseen), now)
