"""Where each stream of an agent stands, kept in the transaction of the effects, and what was lost on the way."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg

from cloud.errors import CloudError
from gateway.link.journal import Entry
from gateway.link.position import Loss, Position
from gateway.messages import Stream

LOAD = "SELECT stream, position, past FROM link_position WHERE agent_id = $1 AND leg = 'up'"

# `past` grows with every start of an agent, so it is a column of its own, which is not rewritten with each message.
# A stream that begins has no row; only such a one may make it.
SAVE = """
WITH told AS (
    SELECT * FROM jsonb_to_recordset($1)
             AS told (agent_id text, stream text, before jsonb, after jsonb, past jsonb, begins bool)
), moved AS (
    UPDATE link_position AS known SET position = told.after, past = coalesce(told.past, known.past) FROM told
    WHERE known.agent_id = told.agent_id AND known.leg = 'up' AND known.stream = told.stream
      AND known.position = told.before
    RETURNING known.agent_id, known.stream
), begun AS (
    INSERT INTO link_position (agent_id, leg, stream, position, past)
    SELECT agent_id, 'up', stream, after, coalesce(past, '[]') FROM told WHERE begins
    ON CONFLICT DO NOTHING RETURNING agent_id, stream
)
TABLE moved UNION ALL TABLE begun
"""

LOSSES = """
INSERT INTO link_loss (agent_id, leg, stream, epoch, first_seq, last_seq, reason, at)
SELECT told.agent, 'up', told.stream, told.epoch, told.first, told.last, told.reason, $1
FROM unnest($2::text[], $3::text[], $4::int8[], $5::int8[], $6::int8[], $7::text[])
     AS told (agent, stream, epoch, first, last, reason)
"""

# What a lost piece of the state stream hid is unknown, so it bounds every machine's history, as any gap does.
UNSEEN = """
INSERT INTO gap (machine_id, start_at, end_at, reason, epoch, seq, received_at)
SELECT id, state_since, $2, $3, $4, $5, $2 FROM machine WHERE agent_id = $1 AND state_since < $2
ON CONFLICT DO NOTHING
"""

Told = tuple[str, Stream, int, int, int, str]
"""A row of link_loss: agent, stream, epoch, first and last number, reason."""


class Move(NamedTuple):
    """A stream that goes on."""

    agent: str
    stream: Stream
    before: Position
    after: Position


class Outrun(CloudError):
    """Another ingest process moved the stream on meanwhile; reload the positions and decide anew."""

    code = "ingest.outrun"
    retryable = True


async def load(connection: asyncpg.Connection, agent: str) -> dict[Stream, Position]:
    """The position of each stream; one that was never heard of stands at its beginning."""
    rows = await connection.fetch(LOAD, agent)
    known = {Stream(row["stream"]): Position.from_json({**row["position"], "past": row["past"]}) for row in rows}
    return {stream: known.get(stream, Position()) for stream in Stream}


async def save(connection: asyncpg.Connection, moves: Iterable[Move]) -> None:
    """Move each of the streams on from where it was. Raises Outrun where one does not stand there any more."""
    told = sorted(moves, key=lambda move: move[:2])
    if not told:
        return
    rows = await connection.fetch(SAVE, [_document(move) for move in told])
    moved = {(row["agent_id"], row["stream"]) for row in rows}
    for move in told:
        if move[:2] not in moved:
            msg = f"stream {move.stream} of {move.agent} does not stand at {move.before.point} any more"
            raise Outrun(msg)


async def tell(connection: asyncpg.Connection, told: Sequence[Told], now: datetime) -> None:
    """Record numbers that will never come."""
    await connection.execute(LOSSES, now, *(list(column) for column in zip(*told, strict=True)))


async def mark_unseen(connection: asyncpg.Connection, agent: str, loss: Loss, now: datetime) -> None:
    """A gap for each of the agent's machines, from its last known state to now."""
    reason = f"messages lost between plant and registry: {loss.cause}"
    await connection.execute(UNSEEN, agent, now, reason, loss.before.epoch, loss.before.seq - 1)


def tombs(agent: str, stream: Stream, epoch: int, entries: Iterable[Entry]) -> list[Told]:
    """The tombstones among the entries."""
    return [(agent, stream, epoch, each.seq, each.last, each.reason or "") for each in entries if each.payload is None]


def hole(agent: str, stream: Stream, loss: Loss) -> Told:
    """The loss by the numbers of the epoch that goes on; from 0 where it began before this epoch."""
    within = loss.after is not None and loss.after.epoch == loss.before.epoch
    first = loss.after.seq + 1 if loss.after and within else 0
    return agent, stream, loss.before.epoch, first, loss.before.seq - 1, loss.cause.value


def _document(move: Move) -> dict[str, Any]:
    old, new = move.before.to_json(), move.after.to_json()
    was, past = old.pop("past"), new.pop("past")
    where = {"agent_id": move.agent, "stream": move.stream, "begins": move.before == Position()}
    return {**where, "before": old, "after": new, **({"past": past} if past != was else {})}
