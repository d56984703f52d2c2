"""Writes down what ingest gathered of its own work, and forgets what is too old to be looked at."""

from collections.abc import Iterable
from datetime import datetime

import asyncpg
import orjson

from cloud.db import reaching
from cloud.operations.tally import Sheet

MINUTES = """
INSERT INTO ingest_minute AS kept (enterprise_id, at, stream, messages, samples, latency)
SELECT enterprise_id, at, stream, messages, samples, latency::int8[]
FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::int8[], $5::int8[], $6::text[])
     AS told (enterprise_id, at, stream, messages, samples, latency)
ORDER BY enterprise_id, at, stream
ON CONFLICT (enterprise_id, at, stream) DO UPDATE
SET messages = kept.messages + excluded.messages, samples = kept.samples + excluded.samples,
    latency = ARRAY(SELECT one + other FROM unnest(kept.latency, excluded.latency) WITH ORDINALITY
                    AS both_of (one, other, place) ORDER BY place)
"""
HELD = """
INSERT INTO link_held AS kept (agent_id, stream, at, held)
SELECT told.agent_id, told.stream, told.at, told.held::jsonb
FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[]) AS told (agent_id, stream, at, held)
JOIN agent ON agent.id = told.agent_id ORDER BY told.agent_id, told.stream
ON CONFLICT (agent_id, stream) DO UPDATE SET at = excluded.at, held = excluded.held WHERE kept.at <= excluded.at
"""
# Anybody on the broker can speak in a name that no agent has.
REFUSED = """
INSERT INTO link_refused AS kept (agent_id, reason, count, first_at, last_at)
SELECT told.* FROM unnest($1::text[], $2::text[], $3::int8[], $4::timestamptz[], $5::timestamptz[])
     AS told (agent_id, reason, count, first_at, last_at)
JOIN agent ON agent.id = told.agent_id ORDER BY told.agent_id, told.reason
ON CONFLICT (agent_id, reason) DO UPDATE SET count = kept.count + excluded.count, last_at = excluded.last_at
"""
FORGET = "DELETE FROM ingest_minute WHERE at < $1"


async def write(connections: asyncpg.Pool, sheet: Sheet) -> int:
    """Add the sheet to what is known; how many lines. Raises DatabaseAway."""
    if not sheet:
        return 0
    minutes = [(*key, each.messages, each.samples, _array(each.latency)) for key, each in sheet.minutes.items()]
    held = [(*key, at, orjson.dumps(told).decode()) for key, (at, told) in sheet.held.items()]
    refused = [(*key, each.count, each.first, each.last) for key, each in sheet.refused.items()]
    async with reaching(), connections.acquire() as connection, connection.transaction():
        for query, rows in ((MINUTES, minutes), (HELD, held), (REFUSED, refused)):
            if rows:
                await connection.execute(query, *(list(column) for column in zip(*rows, strict=True)))
    return len(minutes) + len(held) + len(refused)


async def forget(connections: asyncpg.Pool, before: datetime) -> int:
    """Delete the minutes before that; how many. Raises DatabaseAway."""
    async with reaching(), connections.acquire() as connection:
        return int(str(await connection.execute(FORGET, before)).removeprefix("DELETE "))


def _array(numbers: Iterable[int]) -> str:
    """As PostgreSQL writes it: a list of lists would be one array of two dimensions."""
    return "{" + ",".join(map(str, numbers)) + "}"
