"""The SQL of webhooks: who wants what, and what is on its way to whom."""

from collections.abc import Collection
from datetime import datetime, timedelta

import asyncpg

from cloud.api.paging import Ask
from cloud.db import reaching
from cloud.ids import new_id
from cloud.webhooks.model import Delivery, DeliveryState, Due, Webhook, WebhookRequest

EVENTS_AT_ONCE = 200
SENT_AT_ONCE = 20

_WEBHOOK = "SELECT id, url, types, created_at FROM webhook WHERE enterprise_id = $1 AND NOT removed"
_DELIVERIES = """SELECT d.id, d.type, d.state, d.attempts, d.next_at, d.status, d.error, d.created_at, d.delivered_at
  FROM delivery d JOIN webhook w ON w.id = d.webhook_id
  WHERE w.enterprise_id = $1 AND w.id = $2 AND (d.created_at, d.id) > ($3, $4) ORDER BY d.created_at, d.id LIMIT $5"""
_BEHIND = """SELECT id, enterprise_id, types, cursor FROM webhook
  WHERE NOT removed AND cursor IS DISTINCT FROM $1 ORDER BY id FOR UPDATE SKIP LOCKED"""
_QUEUE = """INSERT INTO delivery (id, webhook_id, type, body, state, next_at, created_at)
  VALUES ($1, $2, $3, $4, 'DUE', $5, $5)"""
# The first of every webhook before the second of any: one that has much to send, and hangs, must not hold up others.
_DUE = """UPDATE delivery d SET next_at = $2, attempts = attempts + 1
  FROM webhook w WHERE w.id = d.webhook_id AND d.id IN (
    SELECT id FROM delivery WHERE state = 'DUE' AND next_at <= $1 AND id IN (
      SELECT id FROM (
        SELECT o.id, o.next_at, row_number() OVER (PARTITION BY o.webhook_id ORDER BY o.next_at, o.id) AS nth
        FROM delivery o JOIN webhook h ON h.id = o.webhook_id AND NOT h.removed
        WHERE o.state = 'DUE' AND o.next_at <= $1 AND NOT h.id = ANY ($4)) AS line
      ORDER BY nth, next_at LIMIT $3)
    FOR UPDATE SKIP LOCKED)
  RETURNING d.id, w.id AS webhook, w.url, w.secret, d.attempts, d.body"""
# One whose webhook was removed while it was on its way is over: due again, it would be in everybody's way for ever.
_DONE = """UPDATE delivery SET state = $2, next_at = $3, status = $4, error = $5,
  delivered_at = CASE WHEN $2 = 'DELIVERED' THEN $6::timestamptz END WHERE id = $1 AND state = 'DUE'"""


async def add(  # noqa: PLR0913, PLR0917 - a row's columns
    rows: asyncpg.Connection, tenant: str, identity: str, wanted: WebhookRequest, secret: bytes, now: datetime
) -> None:
    """From now on: what happened before is not sent."""
    await rows.execute(
        """INSERT INTO webhook (id, enterprise_id, url, types, secret, cursor, created_at)
           VALUES ($1, $2, $3, $4, $5, ts_events_end(), $6)""",
        *(identity, tenant, wanted.url, [str(each) for each in wanted.types], secret, now),
    )


async def webhooks(rows: asyncpg.Connection, tenant: str) -> list[Webhook]:
    found = await rows.fetch(f"{_WEBHOOK} ORDER BY created_at, id", tenant)
    return [Webhook.model_validate(dict(row)) for row in found]


async def remove(rows: asyncpg.Connection, tenant: str, identity: str) -> bool:
    """Nothing more is sent to it. False where there is none."""
    query = "UPDATE webhook SET removed = true WHERE enterprise_id = $1 AND id = $2 AND NOT removed"
    if str(await rows.execute(query, tenant, identity)) != "UPDATE 1":
        return False
    query = "UPDATE delivery SET state = 'FAILED', error = 'removed' WHERE webhook_id = $1 AND state = 'DUE'"
    await rows.execute(query, identity)
    return True


async def deliveries(rows: asyncpg.Connection, tenant: str, webhook: str, ask: Ask) -> list[Delivery] | None:
    """At most `ask.limit` + 1, oldest first; None where there is no such webhook."""
    if await rows.fetchrow(f"{_WEBHOOK} AND id = $2", tenant, webhook) is None:
        return None
    found = await rows.fetch(_DELIVERIES, tenant, webhook, ask.moment, ask.id, ask.limit + 1)
    return [Delivery.model_validate(dict(row)) for row in found]


async def replay(rows: asyncpg.Connection, tenant: str, delivery: str, now: datetime) -> bool:
    """Send it again, from the first attempt on, with its first identity. False where there is no such delivery."""
    query = """UPDATE delivery d SET state = 'DUE', attempts = 0, next_at = $3, delivered_at = NULL
      FROM webhook w WHERE w.id = d.webhook_id AND w.enterprise_id = $1 AND NOT w.removed AND d.id = $2"""
    return str(await rows.execute(query, tenant, delivery, now)) == "UPDATE 1"


async def queue(connections: asyncpg.Pool, now: datetime) -> int:
    """What has happened since each webhook's cursor becomes deliveries; how many. Raises DatabaseAway."""
    queued = 0
    async with reaching(), connections.acquire() as connection:
        end = await connection.fetchval("SELECT ts_events_end()")
        async with connection.transaction():
            for hook in await connection.fetch(_BEHIND, end):
                queued += await _queue_for(connection, hook, now)
    return queued


async def _queue_for(connection: asyncpg.Connection, hook: asyncpg.Record, now: datetime) -> int:
    query = "SELECT cursor, type, at, data FROM ts_events($1, $2, $3)"
    told = await connection.fetch(query, hook["enterprise_id"], hook["cursor"], EVENTS_AT_ONCE)
    wanted = [each for each in told if not hook["types"] or each["type"] in hook["types"]]
    for each in wanted:
        body = {"type": each["type"], "timestamp": each["at"].isoformat(), "data": each["data"]}
        await connection.execute(_QUEUE, new_id("dlv"), hook["id"], each["type"], body, now)
    if told:
        await connection.execute("UPDATE webhook SET cursor = $2 WHERE id = $1", hook["id"], told[-1]["cursor"])
    return len(wanted)


async def due(connections: asyncpg.Pool, now: datetime, lease: timedelta, busy: Collection[str] = ()) -> list[Due]:
    """Deliveries to be tried now; nobody else takes them before the lease (business time) is over.

    None to the webhooks that are `busy`.
    """
    async with reaching(), connections.acquire() as connection:
        found = await connection.fetch(_DUE, now, now + lease, SENT_AT_ONCE, list(busy))
    return [Due(row["id"], row["webhook"], row["url"], row["secret"], row["attempts"], row["body"]) for row in found]


async def done(  # noqa: PLR0913, PLR0917 - what became of it
    connections: asyncpg.Pool,
    identity: str,
    state: DeliveryState,
    next_at: datetime | None,
    status: int | None,
    error: str | None,
    now: datetime,
) -> None:
    """What became of an attempt."""
    async with reaching(), connections.acquire() as connection:
        await connection.execute(_DONE, identity, str(state), next_at, status, error, now)
