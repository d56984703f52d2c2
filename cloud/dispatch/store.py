"""All the SQL of the way down: numbering, acknowledging, and saying again what an agent lost."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import asyncpg
import orjson

from cloud.dispatch.journal import OutgoingJournal, Row
from gateway.link import Point

# Those who ever got an order may have lost it, and ask for it again.
EVER = "SELECT DISTINCT agent_id FROM outgoing"
UNSENT = "SELECT DISTINCT agent_id FROM outgoing WHERE epoch IS NULL AND acked_at IS NULL"
EPOCHS = "SELECT epoch, max(seq) FROM outgoing WHERE agent_id = $1 AND epoch IS NOT NULL GROUP BY epoch ORDER BY epoch"
UNACKED = """
SELECT id, epoch, seq, payload FROM outgoing
WHERE agent_id = $1 AND acked_at IS NULL AND epoch IS NOT NULL ORDER BY epoch, seq
"""
NEW = """
SELECT id, payload FROM outgoing WHERE agent_id = $1 AND epoch IS NULL AND acked_at IS NULL ORDER BY id LIMIT 500
FOR UPDATE
"""
NUMBER = """
UPDATE outgoing SET epoch = told.epoch, seq = told.seq
FROM unnest($1::int8[], $2::int8[], $3::int8[]) AS told (id, epoch, seq)
WHERE outgoing.id = told.id
"""
ACKED = "UPDATE outgoing SET acked_at = $2 WHERE id = ANY($1::int8[]) AND acked_at IS NULL"
CLOCK = "UPDATE agent SET clock_offset_s = $2 WHERE id = $1"
NOTES = "SELECT position FROM link_position WHERE agent_id = $1 AND leg = 'down' AND stream = 'control'"
SAVE_NOTES = """
INSERT INTO link_position (agent_id, leg, stream, position) VALUES ($1, 'down', 'control', $2)
ON CONFLICT (agent_id, leg, stream) DO UPDATE SET position = excluded.position
"""

# The orders of live bookings, and the cancellations of all whose time is not over: an order of a booking that is done
# would be run a second time. The agent knows a repeated revision, and finds on the machine what it had put there.
AGAIN = """
INSERT INTO outgoing (agent_id, claim_id, payload, created_at)
SELECT agent_id, claim_id, payload, $2 FROM (
    SELECT DISTINCT ON (told.claim_id, told.payload ->> 'kind') told.*
    FROM outgoing AS told JOIN claim ON claim.id = told.claim_id
    WHERE told.agent_id = $1
      AND (claim.live OR upper(claim.span) > $2 AND told.payload ->> 'kind' = 'cancel_order')
    ORDER BY told.claim_id, told.payload ->> 'kind', told.id DESC
) AS last ORDER BY id
"""


async def load(connection: asyncpg.Connection, agent: str, entropy: int) -> OutgoingJournal:
    """The agent's journal as the database has it."""
    epochs = [Point(*row) for row in await connection.fetch(EPOCHS, agent)]
    rows = [Row(r["id"], r["epoch"], r["seq"], _line(r["payload"])) for r in await connection.fetch(UNACKED, agent)]
    return OutgoingJournal(epochs, rows, await connection.fetchval(NOTES, agent) or {}, entropy)


async def number(connection: asyncpg.Connection, agent: str, journal: OutgoingJournal) -> list[Row]:
    """Give the rows that have none their numbers, in the caller's transaction; extend the journal after its commit."""
    found = await connection.fetch(NEW, agent)
    points = journal.plan(len(found))
    rows = [Row(row["id"], *point, _line(row["payload"])) for row, point in zip(found, points, strict=True)]
    if rows:
        columns = [row.id for row in rows], [row.epoch for row in rows], [row.seq for row in rows]
        await connection.execute(NUMBER, *columns)
    return rows


async def acknowledge(connection: asyncpg.Connection, ids: Sequence[int], now: datetime) -> None:
    """These rows are in the agent's store."""
    await connection.execute(ACKED, list(ids), now)


async def note_clock(connection: asyncpg.Connection, agent: str, offset: timedelta) -> None:
    """How far the agent's clock is ahead of ours."""
    await connection.execute(CLOCK, agent, offset.total_seconds())


async def say_again(connection: asyncpg.Connection, agent: str, notes: Mapping[str, str], now: datetime) -> None:
    """Queue the orders in force once more for an agent that lost some, with the note that this was done."""
    await connection.execute(AGAIN, agent, now)
    await connection.execute(SAVE_NOTES, agent, dict(notes))


async def addressed(connection: asyncpg.Connection) -> list[str]:
    """The agents to whom something was ever sent."""
    return [row["agent_id"] for row in await connection.fetch(EVER)]


async def unsent(connection: asyncpg.Connection) -> list[str]:
    """The agents for whom something new waits."""
    return [row["agent_id"] for row in await connection.fetch(UNSENT)]


def _line(payload: object) -> bytes:
    return orjson.dumps(payload)
