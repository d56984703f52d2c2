"""The calls and the SQL of the waiting list."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from cloud.api.paging import Ask
from cloud.booking.model import Refused
from cloud.booking.store import Caller, call, refused
from cloud.chores import spared
from cloud.db import reaching
from cloud.ids import new_id
from cloud.waiting.model import Waiting, WaitingRequest

WAIT = "SELECT ts_wait($1, $2, $3, $4, $5, $6, tstzrange($7, $8), $9, $10, $11, $12)"
WAIT_AGREED = WAIT.replace("$12)", "$12, $13)")
"""By an agreement, the last argument."""
LEAVE = "SELECT ts_leave($1, $2, $3)"
IN_LINE = "SELECT ts_in_line($1, $2, $3)"
SERVE = "SELECT ts_serve($1, $2, $3, $4)"

_COLUMNS = """id, state, service_id, machine_id, agreement_id, lower(span) AS start,
    upper(span) AS "end", duration, quantity, hold_id, created_at"""
_ONE = f"SELECT {_COLUMNS} FROM waiting WHERE id = $2 AND booker_id = $1"  # noqa: S608 - our own names
_ALL = f"""SELECT {_COLUMNS} FROM waiting WHERE booker_id = $1 AND (created_at, id) > ($2, $3)
  ORDER BY created_at, id LIMIT $4"""  # noqa: S608 - likewise

MOST = 100
"""Places in line that one enterprise may have at once."""

AT_ONCE = 100
HOLD = timedelta(minutes=15)
"""Real time for which what came free is held for whoever is first in line."""

RETRY = timedelta(seconds=30)
"""Real time after which somebody in line is looked at again, though nothing seems to have changed."""


async def wait(pool: asyncpg.Pool, caller: Caller, wish: WaitingRequest) -> Waiting | Refused:
    """Get in line. Raises DatabaseAway, as all of these do."""
    who = (caller.enterprise_id, caller.key, caller.body_hash)
    what = (wish.service_id, wish.machine_id, wish.start, wish.end, wish.duration, wish.quantity)
    async with reaching():
        asked = (*who, new_id("wtg"), *what, MOST, caller.now)
        if wish.agreement_id:
            told = await call(pool, caller, WAIT_AGREED, *asked, wish.agreement_id)
        else:
            told = await call(pool, caller, WAIT, *asked)
    if told["outcome"] not in {"ok", "replayed"}:
        return refused(told)
    return _waiting(told["waiting"])


async def leave(pool: asyncpg.Pool, caller: Caller, identity: str) -> Refused | None:
    """Leave the line; what is held is let go."""
    async with reaching():
        told = await call(pool, caller, LEAVE, caller.enterprise_id, identity, caller.now)
    return refused(told) if told["outcome"] == "refused" else None


async def one(rows: asyncpg.Connection, tenant: str, identity: str) -> Waiting | None:
    """One place in line of the tenant's own."""
    row = await rows.fetchrow(_ONE, tenant, identity)
    return Waiting.model_validate(dict(row)) if row else None


async def every(rows: asyncpg.Connection, tenant: str, ask: Ask) -> list[Waiting]:
    """At most `ask.limit` + 1 places in line of the tenant's own, oldest first."""
    found = await rows.fetch(_ALL, tenant, ask.moment, ask.id, ask.limit + 1)
    return [Waiting.model_validate(dict(row)) for row in found]


async def serve(
    connections: asyncpg.Pool, now: datetime, held: timedelta, retry: timedelta, doubtful: set[str] | None = None
) -> int:
    """Go along the line once; how many places changed their state. Times are business time.

    A place that cannot be served must not keep the others waiting: it is said, added to `doubtful`, and left out of the
    next rounds that are given the same set. Raises DatabaseAway.
    """
    doubtful, changed = set() if doubtful is None else doubtful, 0
    async with reaching(), connections.acquire() as connection:
        found = await connection.fetch(IN_LINE, AT_ONCE + len(doubtful), retry, now)
        for place in [row["ts_in_line"] for row in found if row["ts_in_line"] not in doubtful]:
            work = connection.fetchval(SERVE, place, new_id("hld"), now + held, now)
            became = await spared(place, work, doubtful, "a place in line cannot be served")
            changed += became not in {None, "WAITING"}
    return changed


def _waiting(told: Mapping[str, Any]) -> Waiting:
    value = dict(told)
    value["duration"] = timedelta(seconds=float(value.pop("duration_s")))
    return Waiting.model_validate(value)
