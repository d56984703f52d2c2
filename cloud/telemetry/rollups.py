"""What keeps PostgreSQL's samples few and its wide views fast: rolling up, dropping what is old, reading rollups."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

from cloud.db import reaching

MARKS, MACHINES = 100, 50
"""What is rolled up in one transaction."""

ROUNDS = 50
"""The most transactions of one call, so that other chores get their turn; what is left waits for the next."""

MINUTES_KEPT = timedelta(days=35)
"""Business time for which minutes of states and of the ledger are kept; hours and days stay."""

ROLL_SAMPLES = "SELECT ts_roll_samples($1, $2)"
ROLL_MACHINES = "SELECT ts_roll_machines($1, $2, $3)"
DROP_SAMPLES = "SELECT ts_drop_samples($1)"
AT_ONCE = 20_000
PRUNE = tuple(
    f"DELETE FROM {table} WHERE ctid IN (SELECT ctid FROM {table} WHERE width = 'minute' AND start_at < $1 LIMIT $2)"  # noqa: S608 - our own names
    for table in ("sample_rollup", "state_rollup", "ledger_rollup")
)
STATES = """SELECT start_at, state, mode, booked, seconds, entered FROM state_rollup
  WHERE machine_id = $1 AND width = $2 AND start_at >= $3 AND start_at < $4 ORDER BY start_at, state, mode, booked"""
LEDGER = """SELECT start_at, kind, name, seconds, begun FROM ledger_rollup
  WHERE machine_id = $1 AND width = $2 AND start_at >= $3 AND start_at < $4 ORDER BY start_at, kind, name"""


async def roll(connections: asyncpg.Pool, now: datetime, samples_kept: timedelta) -> int:
    """Roll up what came since the last call; how many marks and machines. Raises DatabaseAway."""
    done = 0
    async with reaching(), connections.acquire() as connection:
        for query, given in (
            (ROLL_SAMPLES, (MARKS, now - samples_kept)),
            (ROLL_MACHINES, (MACHINES, now - MINUTES_KEPT, now)),
        ):
            for _ in range(ROUNDS):
                count: int = await connection.fetchval(query, *given, timeout=600)
                done += count
                if count < given[0]:
                    break
    return done


async def forget(connections: asyncpg.Pool, now: datetime, samples_kept: timedelta) -> int:
    """Drop the partitions and prune the minutes that were kept long enough; how many. Raises DatabaseAway."""
    done = 0
    async with reaching(), connections.acquire() as connection:
        done += int(await connection.fetchval(DROP_SAMPLES, now - samples_kept))
        for query, kept in zip(PRUNE, (samples_kept, MINUTES_KEPT, MINUTES_KEPT), strict=True):
            last = AT_ONCE
            while last == AT_ONCE:
                last = int(str(await connection.execute(query, now - kept, AT_ONCE)).removeprefix("DELETE "))
                done += last
    return done


async def states(
    rows: asyncpg.Connection, machine: str, width: str, start: datetime, end: datetime
) -> Sequence[asyncpg.Record]:
    """For how long the machine was in which state, by minute, hour or day."""
    found: Sequence[asyncpg.Record] = await rows.fetch(STATES, machine, width, start, end)
    return found


async def ledger(
    rows: asyncpg.Connection, machine: str, width: str, start: datetime, end: datetime
) -> Sequence[asyncpg.Record]:
    """What was offered and claimed of the machine, in seconds times quantity, by minute, hour or day."""
    found: Sequence[asyncpg.Record] = await rows.fetch(LEDGER, machine, width, start, end)
    return found
