"""Where each stream of an agent stands, kept in the transaction of the effects, and what was lost on the way."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import asyncpg

from cloud.errors import CloudError
from gateway.link.journal import Entry
from gateway.link.position import Loss, Position
from gateway.messages import Stream

LOAD = "SELECT stream, position, past FROM link_position WHERE agent_id = $1 AND leg = 'up'"

# `past` grows with every start of an agent, so it is a column of its own, which is not rewritten with each message.
SAVE = """
INSERT INTO link_position (agent_id, leg, stream, position, past) VALUES ($1, 'up', $2, $4, coalesce($5, '[]'::jsonb))
ON CONFLICT (agent_id, leg, stream) DO UPDATE
SET position = excluded.position, past = coalesce($5, link_position.past) WHERE link_position.position = $3
RETURNING true
"""

LOSSES = """
INSERT INTO link_loss (agent_id, leg, stream, epoch, first_seq, last_seq, reason, at)
SELECT $1, 'up', told.*, $2 FROM unnest($3::text[], $4::int8[], $5::int8[], $6::int8[], $7::text[]) AS told
"""

# What a lost piece of the state stream hid is unknown, so it bounds every machine's history, as any gap does.
UNSEEN = """
INSERT INTO gap (machine_id, start_at, end_at, reason, epoch, seq, received_at)
SELECT id, state_since, $2, $3, $4, $5, $2 FROM machine WHERE agent_id = $1 AND state_since < $2
ON CONFLICT DO NOTHING
"""

Told = tuple[Stream, int, int, int, str]
"""A row of link_loss: stream, epoch, first and last number, reason."""


class Outrun(CloudError):
    """Another ingest process moved the stream on meanwhile; reload the positions and decide anew."""

    code = "ingest.outrun"
    retryable = True


async def load(connection: asyncpg.Connection, agent: str) -> dict[Stream, Position]:
    """The position of each stream; one that was never heard of stands at its beginning."""
    rows = await connection.fetch(LOAD, agent)
    known = {Stream(row["stream"]): Position.from_json({**row["position"], "past": row["past"]}) for row in rows}
    return {stream: known.get(stream, Position()) for stream in Stream}


async def save(connection: asyncpg.Connection, agent: str, stream: Stream, before: Position, after: Position) -> None:
    """Move the stream on from `before`. Raises Outrun where it does not stand there any more."""
    old, new = _parts(before), _parts(after)
    past = new[1] if new[1] != old[1] else None
    if not await connection.fetchval(SAVE, agent, stream, old[0], new[0], past):
        msg = f"stream {stream} of {agent} does not stand at {before.point} any more"
        raise Outrun(msg)


async def tell(connection: asyncpg.Connection, agent: str, told: Sequence[Told], now: datetime) -> None:
    """Record numbers that will never come."""
    await connection.execute(LOSSES, agent, now, *(list(column) for column in zip(*told, strict=True)))


async def mark_unseen(connection: asyncpg.Connection, agent: str, loss: Loss, now: datetime) -> None:
    """A gap for each of the agent's machines, from its last known state to now."""
    reason = f"messages lost between plant and registry: {loss.cause}"
    await connection.execute(UNSEEN, agent, now, reason, loss.before.epoch, loss.before.seq - 1)


def tombs(stream: Stream, epoch: int, entries: Iterable[Entry]) -> list[Told]:
    """The tombstones among the entries."""
    return [(stream, epoch, each.seq, each.last, each.reason or "") for each in entries if each.payload is None]


def hole(stream: Stream, loss: Loss) -> Told:
    """The loss by the numbers of the epoch that goes on; from 0 where it began before this epoch."""
    within = loss.after is not None and loss.after.epoch == loss.before.epoch
    first = loss.after.seq + 1 if loss.after and within else 0
    return stream, loss.before.epoch, first, loss.before.seq - 1, loss.cause.value


def _parts(position: Position) -> tuple[dict[str, Any], list[list[int]]]:
    document = position.to_json()
    return document, document.pop("past")
