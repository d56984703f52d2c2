"""Meters the jobs that are due: facts gathered, one pure decision, its answer carried out."""

from datetime import datetime, timedelta

import asyncpg

from cloud.db import reaching
from cloud.settlement import store
from cloud.settlement.rules import complete, meter

AT_ONCE = 50


async def settle(connections: asyncpg.Pool, now: datetime, patience: timedelta) -> int:
    """How many bookings became METERED. `patience` (business time): how long the last changes may be on their way.

    Raises DatabaseAway.
    """
    async with reaching(), connections.acquire() as connection:
        jobs = [job for job in await store.due(connection, AT_ONCE) if _ready(job, now, patience)]
        return sum([await _meter(connection, job, now) for job in jobs])


def _ready(job: store.Due, now: datetime, patience: timedelta) -> bool:
    return complete(job.report, job.latest, now - job.finished_at, patience)


async def _meter(connection: asyncpg.Connection, job: store.Due, now: datetime) -> bool:
    history, unseen = await store.history(connection, job), await store.unseen(connection, job)
    return await store.store(connection, job, meter(job.booked, job.report, history, unseen), now)
