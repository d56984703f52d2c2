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

COARSE = """SELECT date_bin($3::interval, start_at, 'epoch'::timestamptz) AS start, state, mode, booked,
    sum(seconds) AS seconds, sum(entered)::int AS entered
  FROM state_rollup WHERE machine_id = $1 AND width = $2 AND start_at >= $4 AND start_at < $5
  GROUP BY 1, 2, 3, 4"""
# What is marked and not rolled up yet begins here; of a machine that was never rolled up, at its first change.
ROLLED = "SELECT min(lower(span)) FROM machine_due WHERE machine_id = $1 AND kind = 'state'"
DAYS = """SELECT machine_id, state, mode, booked, sum(seconds) AS seconds, count(DISTINCT start_at) AS days
  FROM state_rollup WHERE machine_id = ANY($1) AND width = 'day' AND start_at >= $2 AND start_at < $3
  GROUP BY GROUPING SETS ((machine_id, state, mode, booked), (machine_id))"""
LONGEST = """SELECT DISTINCT ON (machine_id, start) machine_id, start, state, mode, booked FROM (
    SELECT machine_id, date_bin($2::interval, start_at, 'epoch'::timestamptz) AS start, state, mode, booked,
      sum(seconds) AS seconds
    FROM state_rollup WHERE machine_id = ANY($1) AND width = 'hour' AND start_at >= $3 AND start_at < $4
    GROUP BY 1, 2, 3, 4, 5) AS each
  ORDER BY machine_id, start, seconds DESC"""
FEW = """SELECT count(*) FROM (
  SELECT FROM state_history WHERE machine_id = $1 AND at >= $2 AND at < $3 LIMIT $4) AS few"""


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


async def coarse(
    rows: asyncpg.Connection, machine: str, width: str, step: timedelta, window: tuple[datetime, datetime]
) -> Sequence[asyncpg.Record]:
    """The machine's states, of minutes or hours added up to buckets of `step`, its multiples; in no order."""
    found: Sequence[asyncpg.Record] = await rows.fetch(COARSE, machine, width, step, *window)
    return found


async def rolled(rows: asyncpg.Connection, machine: str) -> datetime | None:
    """Until when the machine's states are rolled up; None where nothing is left to be."""
    until: datetime | None = await rows.fetchval(ROLLED, machine)
    return until


async def changes(rows: asyncpg.Connection, machine: str, start: datetime, end: datetime, most: int) -> int:
    """How many changes of state there are in [start, end); of more than `most`, so many."""
    count: int = await rows.fetchval(FEW, machine, start, end, most)
    return count


async def days(
    rows: asyncpg.Connection, machines: Sequence[str], start: datetime, end: datetime
) -> Sequence[asyncpg.Record]:
    """For how long which machine was in which state over the days that begin in [start, end), and, without a state, of
    how many days that is known.
    """
    found: Sequence[asyncpg.Record] = await rows.fetch(DAYS, machines, start, end)
    return found


async def longest(
    rows: asyncpg.Connection, machines: Sequence[str], step: timedelta, window: tuple[datetime, datetime]
) -> Sequence[asyncpg.Record]:
    """What each machine did for longest in each bucket of `step` (whole hours), in order."""
    found: Sequence[asyncpg.Record] = await rows.fetch(LONGEST, machines, step, *window)
    return found
