"""What is kept for ever and what is not: see docs/decisions for how long each may be needed."""

from datetime import datetime, timedelta

import asyncpg

from cloud.db import reaching

REPLAYED = timedelta(days=7)
"""Business time in which a write may be repeated with its key."""

TOLD = timedelta(days=30)
"""Business time in which a client may resume an event stream, and an order stays readable after its booking."""

AT_ONCE = 2000

IDEMPOTENCY = """
DELETE FROM idempotency WHERE (enterprise_id, key) IN (
    SELECT enterprise_id, key FROM idempotency WHERE created_at < $1 LIMIT $2)
"""
EVENT = """
DELETE FROM event WHERE (tx, seq) IN (SELECT tx, seq FROM event WHERE at < $1 ORDER BY tx, seq LIMIT $2)
"""
# The newest number that an agent has of us stays: with it, numbering goes on where it stood.
OUTGOING = """
DELETE FROM outgoing WHERE id IN (
    SELECT o.id FROM outgoing o LEFT JOIN claim ON claim.id = o.claim_id
    WHERE o.acked_at < $1 AND (claim.id IS NULL OR NOT claim.live AND upper(claim.span) < $1)
      AND (o.epoch, o.seq) < (SELECT epoch, seq FROM outgoing WHERE agent_id = o.agent_id AND seq IS NOT NULL
                              ORDER BY epoch DESC, seq DESC LIMIT 1)
    LIMIT $2)
"""
DELIVERY = """
DELETE FROM delivery WHERE id IN (
    SELECT id FROM delivery WHERE created_at < $1 AND state <> 'DUE' LIMIT $2)
"""


async def prune(connections: asyncpg.Pool, now: datetime) -> int:
    """Delete what nobody can ask for any more, a few at a time; how many rows. Raises DatabaseAway."""
    rules = ((IDEMPOTENCY, REPLAYED), (EVENT, TOLD), (OUTGOING, TOLD), (DELIVERY, TOLD))
    async with reaching(), connections.acquire() as connection:
        return sum([await _delete(connection, query, now - kept) for query, kept in rules])


async def _delete(connection: asyncpg.Connection, query: str, before: datetime) -> int:
    deleted, last = 0, AT_ONCE
    while last == AT_ONCE:
        last = int(str(await connection.execute(query, before, AT_ONCE)).removeprefix("DELETE "))
        deleted += last
    return deleted
