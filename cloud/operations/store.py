"""The SQL of looking at how the house runs; row-level security stands behind each query."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

from cloud.api.paging import Ask

Rows = Sequence[asyncpg.Record]

TOLD = timedelta(days=30)
"""Business time over which losses, refusals of the contract and deliveries are counted."""

AGENTS = """
SELECT a.id, a.name, a.site_id, s.name AS site, a.created_at, a.last_receipt_at, a.clock_offset_s,
       (SELECT count(*) FROM machine m WHERE m.agent_id = a.id) AS machines,
       (SELECT count(*) FROM outgoing o WHERE o.agent_id = a.id AND o.acked_at IS NULL) AS down,
       (SELECT min(created_at) FROM outgoing o WHERE o.agent_id = a.id AND o.acked_at IS NULL) AS down_since
FROM agent a JOIN site s ON s.id = a.site_id
WHERE a.enterprise_id = $1 AND (a.created_at, a.id) > ($2, $3) ORDER BY a.created_at, a.id LIMIT $4
"""
LANES = """
SELECT coalesce(p.agent_id, h.agent_id) AS agent_id, coalesce(p.stream, h.stream) AS stream, p.position, p.past,
       h.held, h.at
FROM (SELECT * FROM link_position WHERE leg = 'up' AND agent_id = ANY($1::text[])) AS p
FULL JOIN (SELECT * FROM link_held WHERE agent_id = ANY($1::text[])) AS h USING (agent_id, stream)
"""
LOSSES = """
SELECT agent_id, stream, reason, sum(last_seq - first_seq + 1)::int8 AS messages, max(at) AS last_at FROM link_loss
WHERE agent_id = ANY($1::text[]) AND at > $2 AND leg = 'up'
GROUP BY agent_id, stream, reason ORDER BY agent_id, stream, reason
"""
REFUSED = """
SELECT agent_id, reason, count AS packets, first_at, last_at FROM link_refused
WHERE agent_id = ANY($1::text[]) AND last_at > $2 ORDER BY agent_id, reason
"""
PARKED = """
SELECT agent_id, count(*) AS messages, max(at) AS last_at FROM parked
WHERE enterprise_id = $1 AND agent_id = ANY($2::text[]) AND at > $3 GROUP BY agent_id
"""
LATEST_PARKED = """
SELECT p.id, p.at, p.agent_id, a.name AS agent, p.stream, p.epoch, p.seq, p.code, p.reason,
       substring(p.payload FOR 600) AS payload
FROM parked p JOIN agent a ON a.id = p.agent_id WHERE p.enterprise_id = $1 ORDER BY p.id DESC LIMIT $2
"""
MINUTES = """
SELECT at, stream, messages, samples, latency FROM ingest_minute
WHERE enterprise_id = $1 AND at >= $2 AND at < $3 ORDER BY at, stream
"""
MACHINES = "SELECT id FROM machine WHERE enterprise_id = $1 ORDER BY id LIMIT 2000"
HOOKS = """
SELECT w.id, w.url, d.*, bad.status, bad.error FROM webhook w
LEFT JOIN LATERAL (
  SELECT count(*) FILTER (WHERE state = 'DUE') AS due, count(*) FILTER (WHERE state = 'FAILED') AS failed,
         count(*) FILTER (WHERE state = 'DELIVERED') AS delivered,
         min(created_at) FILTER (WHERE state = 'DUE') AS oldest_due_at,
         min(next_at) FILTER (WHERE state = 'DUE') AS next_at, max(delivered_at) AS last_delivered_at
  FROM delivery WHERE webhook_id = w.id AND created_at > $2) AS d ON true
LEFT JOIN LATERAL (
  SELECT status, error FROM delivery
  WHERE webhook_id = w.id AND created_at > $2 AND state <> 'DELIVERED' AND attempts > 0
  ORDER BY created_at DESC LIMIT 1) AS bad ON true
WHERE w.enterprise_id = $1 AND NOT w.removed ORDER BY w.created_at, w.id
"""


async def agents(rows: asyncpg.Connection, tenant: str, ask: Ask) -> list[asyncpg.Record]:
    found: list[asyncpg.Record] = await rows.fetch(AGENTS, tenant, ask.moment, ask.id, ask.limit + 1)
    return found


async def links(rows: asyncpg.Connection, tenant: str, agents: Sequence[str], now: datetime) -> tuple[Rows, ...]:
    """Of these agents: lanes, losses, refused packets, and how many messages were parked."""
    since = now - TOLD
    return (
        await rows.fetch(LANES, agents),
        await rows.fetch(LOSSES, agents, since),
        await rows.fetch(REFUSED, agents, since),
        await rows.fetch(PARKED, tenant, agents, since),
    )


async def parked(rows: asyncpg.Connection, tenant: str, limit: int) -> Rows:
    found: Rows = await rows.fetch(LATEST_PARKED, tenant, limit)
    return found


async def minutes(rows: asyncpg.Connection, tenant: str, start: datetime, end: datetime) -> Rows:
    found: Rows = await rows.fetch(MINUTES, tenant, start, end)
    return found


async def machines(rows: asyncpg.Connection, tenant: str) -> list[str]:
    return [row["id"] for row in await rows.fetch(MACHINES, tenant)]


async def hooks(rows: asyncpg.Connection, tenant: str, now: datetime) -> Rows:
    found: Rows = await rows.fetch(HOOKS, tenant, now - TOLD)
    return found
