"""Makes a thing once per key: the answer is kept in the transaction that makes it, and given again to a repeated call.

Bookings do the same inside their SQL functions (ts_replay and ts_keep), on the same table and the same locks.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
from pydantic import BaseModel

from cloud.api.call import Call
from cloud.api.catalogue import IDEMPOTENCY_IN_FLIGHT, IDEMPOTENCY_MISMATCH, IDEMPOTENCY_SHOWN_ONCE
from cloud.api.idempotency import Intention
from cloud.api.problem import Problem

LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended($1 || E'\\n' || $2, 0))"
KNOWN = "SELECT body_hash, answer FROM idempotency WHERE enterprise_id = $1 AND key = $2"
KEEP = """INSERT INTO idempotency (enterprise_id, key, body_hash, status, answer, created_at)
  VALUES ($1, $2, $3, 201, $4, $5)"""


async def answer(rows: asyncpg.Connection, tenant: str, meant: Intention) -> Mapping[str, Any] | None:
    """What was answered to the same request before, or None; then the key is the caller's until the transaction ends.

    Raises the problems idempotency.in_flight and idempotency.mismatch.
    """
    if not await rows.fetchval(LOCK, tenant, meant.key):
        raise Problem(IDEMPOTENCY_IN_FLIGHT)
    row = await rows.fetchrow(KNOWN, tenant, meant.key)
    if row is None:
        return None
    if row["body_hash"] != meant.body_hash:
        raise Problem(IDEMPOTENCY_MISMATCH)
    found: Mapping[str, Any] = row["answer"]
    return found


async def keep(rows: asyncpg.Connection, tenant: str, meant: Intention, made: BaseModel, now: datetime) -> None:
    """Keep what is about to be answered. Give it nothing that is secret: it is stored as it is."""
    await rows.execute(KEEP, tenant, meant.key, meant.body_hash, made.model_dump(mode="json"), now)


@asynccontextmanager
async def shown_once(call: Call, meant: Intention, made: BaseModel) -> AsyncIterator[asyncpg.Connection]:
    """The transaction that makes a thing whose answer holds a secret; `made` is that answer without it, with its `id`.

    Raises the problem idempotency.shown_once where the same request made one before: its secret is kept nowhere.
    """
    async with call.rows() as rows:
        if before := await answer(rows, call.tenant, meant):
            raise Problem(IDEMPOTENCY_SHOWN_ONCE, id=before["id"])
        yield rows
        await keep(rows, call.tenant, meant, made, call.now)
