"""Keeps the outbox within its bounds: what may be dropped becomes tombstones, oldest first, one row per run of them."""

import heapq
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import takewhile

from gateway.messages import Stream
from gateway.outbox import schema

DROPPABLE = (Stream.BACKFILL, Stream.TELEMETRY)
"""Whatever of these was appended first goes first; control and state are never dropped, only compacted."""
KEPT = (Stream.CONTROL, Stream.STATE)
OVERHEAD = 64
"""Bytes that a message is counted for besides its payload."""


_Row = tuple[int, int, float, int]
_Run = tuple[int, int, int, str, float]


@dataclass(frozen=True, slots=True)
class Caps:
    """Bounds of the outbox: bytes of payload, and the age beyond which telemetry is of no use."""

    droppable: int = 256 << 20
    compact_at: int = 64 << 20
    hard: int = 128 << 20
    age: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What of a stream is unacknowledged: messages with a payload, and their bytes."""

    messages: int = 0
    size: int = 0

    def plus(self, messages: int, size: int) -> "Backlog":
        return Backlog(self.messages + messages, self.size + size)

    @property
    def cost(self) -> int:
        return self.size + OVERHEAD * self.messages


def drop_oldest(db: sqlite3.Connection, cost: int) -> None:
    """Turn the oldest droppable messages, of whichever stream, into tombstones until `cost` bytes are freed."""
    rows = heapq.merge(*(_oldest(db, stream) for stream in DROPPABLE), key=lambda each: each[1][2])
    last: dict[Stream, _Row] = {}
    for stream, row in rows:
        last[stream] = row
        cost -= row[3] + OVERHEAD
        if cost <= 0:
            break
    rows.close()
    for stream, row in last.items():
        _bury(db, stream, [row], "dropped")


def _oldest(db: sqlite3.Connection, stream: Stream) -> Iterator[tuple[Stream, _Row]]:
    for row in db.execute(schema.OLDEST, (stream,)):
        yield stream, row


def drop_aged(db: sqlite3.Connection, stream: Stream, before: float) -> None:
    """Turn messages appended before this UNIX time (s) into tombstones."""
    _bury(db, stream, takewhile(lambda row: row[2] < before, db.execute(schema.OLDEST, (stream,))), "expired")


def supersede(db: sqlite3.Connection, stream: Stream) -> None:
    """Turn every message that a later one with the same key supersedes into a tombstone."""
    if db.execute(schema.SUPERSEDE, (stream,)).rowcount:
        _merge_runs(db, stream)


def _bury(db: sqlite3.Connection, stream: Stream, rows: Iterable[_Row], reason: str) -> None:
    last = None
    for row in rows:
        last = row
    if last is not None:
        db.execute(schema.BURY_THROUGH, (stream, last[0], last[1], reason))
        _merge_runs(db, stream)


def _merge_runs(db: sqlite3.Connection, stream: Stream) -> None:
    """Let neighbouring tombstones of one reason share a row, so that an outage of years stays small."""
    run: _Run | None = None
    for row in db.execute(schema.TOMBSTONES, (stream,)).fetchall():
        if run and run[0] == row[0] and run[2] + 1 == row[1] and run[3] == row[3]:
            run = (run[0], run[1], row[2], run[3], row[4])
            continue
        _write_run(db, stream, run)
        run = row
    _write_run(db, stream, run)


def _write_run(db: sqlite3.Connection, stream: Stream, run: _Run | None) -> None:
    if run is None or run[1] == run[2]:
        return
    epoch, seq, last, reason, at = run
    db.execute(schema.DELETE_RUN, (stream, epoch, seq, last))
    db.execute(schema.INSERT_ITEM, (stream, epoch, seq, last, at, None, reason, None))
