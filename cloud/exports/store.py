"""The SQL of feeds and exports."""

from collections.abc import AsyncIterator
from datetime import datetime

import asyncpg

from cloud.db import reaching
from cloud.exports.model import Feed, Token

Rows = list[asyncpg.Record]

_BOOKINGS = """
WITH side AS (
  SELECT id, name FROM ts_names($1, ARRAY(SELECT DISTINCT unnest(ARRAY[provider_id, booker_id]) FROM claim
                                          WHERE booker_id = $1 OR provider_id = $1)))
SELECT c.id, c.state, CASE WHEN c.booker_id = $1 THEN 'booker' ELSE 'provider' END AS role, lower(c.span) AS start,
  upper(c.span) AS "end", coalesce(s.name, c.service_id) AS service, c.machine_id, p.name AS provider, b.name AS booker,
  c.quantity, c.work ->> 'work_master' AS work_master, (c.work -> 'quantity')::int AS pieces,
  (c.meter -> 'good_quantity')::int AS good_pieces, (c.meter -> 'booked_hours')::float8 AS booked_hours,
  (c.meter -> 'run_hours')::float8 AS run_hours, c.price_amount AS price, c.price_currency AS currency, c.at_risk,
  (c.meter -> 'agrees')::boolean AS meter_agrees, (c.settlement ->> 'due')::numeric AS due,
  (c.settlement ->> 'settled')::numeric AS settled, c.created_at, c.updated_at,
  (SELECT count(*) FROM claim_history h WHERE h.claim_id = c.id) AS entered
FROM claim c
LEFT JOIN service s ON s.id = c.service_id
LEFT JOIN side p ON p.id = c.provider_id
LEFT JOIN side b ON b.id = c.booker_id
WHERE c.id LIKE 'bkg\\_%' AND (c.booker_id = $1 OR c.provider_id = $1) AND c.span && tstzrange($2, $3)
ORDER BY lower(c.span), c.id"""

_LEDGER = """
SELECT l.seq, l.at, l.machine_id, l.claim_id, l.kind, (l.data ->> 'start')::timestamptz AS start,
  (l.data ->> 'end')::timestamptz AS "end", (l.data ->> 'quantity')::int AS quantity
FROM ledger l JOIN machine m ON m.id = l.machine_id
WHERE m.enterprise_id = $1 AND l.at >= coalesce($2, '-infinity'::timestamptz)
  AND l.at < coalesce($3, 'infinity'::timestamptz)
ORDER BY l.seq"""


async def add(rows: asyncpg.Connection, tenant: str, identity: str, token: Token, now: datetime) -> None:
    query = "INSERT INTO feed (id, enterprise_id, hash, created_at) VALUES ($1, $2, $3, $4)"
    await rows.execute(query, identity, tenant, token.hash, now)


async def feeds(rows: asyncpg.Connection, tenant: str) -> list[Feed]:
    query = "SELECT id, created_at FROM feed WHERE enterprise_id = $1 ORDER BY created_at, id"
    return [Feed.model_validate(dict(row)) for row in await rows.fetch(query, tenant)]


async def remove(rows: asyncpg.Connection, tenant: str, identity: str) -> bool:
    """Its address shows nothing any more. False where there is none."""
    done = await rows.execute("DELETE FROM feed WHERE enterprise_id = $1 AND id = $2", tenant, identity)
    return str(done) == "DELETE 1"


async def whose(pool: asyncpg.Pool, token: Token) -> asyncpg.Record | None:
    """The enterprise (id, name) of a feed's address; None where there is no such feed. Raises DatabaseAway."""
    async with reaching():
        return await pool.fetchrow("SELECT id, name FROM ts_feed($1)", token.hash)


async def bookings(
    rows: asyncpg.Connection, tenant: str, start: datetime | None, end: datetime | None
) -> AsyncIterator[asyncpg.Record]:
    """The bookings that touch the time between start and end (None: open), in the order of their starts."""
    async for row in rows.cursor(_BOOKINGS, tenant, start, end, prefetch=500):
        yield row


async def ledger(
    rows: asyncpg.Connection, tenant: str, start: datetime | None, end: datetime | None
) -> AsyncIterator[asyncpg.Record]:
    """The lines written between start and end (None: open) about the tenant's own machines, in their order."""
    async for row in rows.cursor(_LEDGER, tenant, start, end, prefetch=500):
        yield row
