"""The journal in SQLite, with the agent's documents beside it, so that one transaction can move both."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random, SystemRandom

import orjson

from gateway.link import Entry, Held, Mark, Point, Position
from gateway.link.journal import clip, pending
from gateway.messages import Stream
from gateway.outbox import room, schema
from gateway.outbox.errors import OutboxDamaged, translated
from gateway.outbox.notice import Notice
from gateway.outbox.room import DROPPABLE, KEPT, Backlog, Caps
from gateway.outbox.transaction import CURSOR, POSITION, Ledger, Transaction

SLACK = 8
"""An eighth of a bound is freed at once, or must have grown anew, before the work of making room is repeated."""


HOUR = timedelta(hours=1)


class Outbox:
    """See the package. Constructing it is the start of a sender: its first append to a stream opens an epoch."""

    def __init__(
        self, path: Path, *, now: Callable[[], datetime], caps: Caps | None = None, random: Random | None = None
    ) -> None:
        self._path = path
        self._now = now
        self._caps = caps or Caps()
        self._random = random or SystemRandom()
        self.buried: Counter[tuple[Stream, str]] = Counter()
        self._notice = Notice(path)
        self._compacted_to = 0
        self._expired = now()
        with translated(path):
            self._db = sqlite3.connect(path, isolation_level=None, timeout=1.0)
            _prepare(self._db, path)
            self._ledger = Ledger.load(self._db)

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> "Outbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """All or nothing; durable when the block has ended. Any exception inside leaves the outbox as it was."""
        self._make_room()
        writing = Transaction(self._db, self._ledger.copy(), self._caps, self._random, self._now().timestamp())
        with self._committed():
            yield writing
            writing.finish()
        self._ledger = writing.ledger

    def held(self, stream: Stream) -> tuple[Held, ...]:
        return self._ledger.held[stream]

    def read(self, stream: Stream, at: Point, items: int, size: int) -> list[Entry]:
        entries: list[Entry] = []
        with translated(self._path):
            for seq, last, payload, reason in self._db.execute(schema.READ, (stream, at.epoch, at.seq, items)):
                size -= len(payload or b"")
                if entries and size < 0:
                    break
                entries.append(clip(Entry(seq, last, payload, reason), at.seq))
        return entries

    def delete(self, stream: Stream, through: Point) -> None:
        """Not fsynced: what a power cut brings back is sent again, and the receiver knows it."""
        held = self._ledger.held[stream]
        mine = next((epoch for epoch in held if epoch.epoch == through.epoch), None)
        if mine is None:
            return
        through = Point(mine.epoch, min(through.seq, mine.next - 1))
        rest = replace(mine, oldest=max(mine.oldest, through.seq + 1))
        later = tuple(epoch for epoch in held if epoch.epoch > mine.epoch)
        kept = later if later and rest.drained else (rest, *later)
        self._db.execute("PRAGMA synchronous = NORMAL")
        try:
            with self._committed():
                freed = self._forget(stream, through, kept[0].epoch)
        finally:
            self._db.execute("PRAGMA synchronous = FULL")
        self._ledger.held[stream] = kept
        self._ledger.backlog[stream] = self._ledger.backlog[stream].plus(-freed.messages, -freed.size)

    def _forget(self, stream: Stream, through: Point, first_kept: int) -> Backlog:
        within = Backlog(*self._db.execute(schema.COUNT_WITHIN, (stream, *through)).fetchone())
        before = Backlog(*self._db.execute(schema.COUNT_BEFORE, (stream, through.epoch)).fetchone())
        self._db.execute(schema.DELETE_WITHIN, (stream, *through))
        self._db.execute(schema.DELETE_BEFORE, (stream, through.epoch))
        self._db.execute(schema.SHORTEN, (stream, *through))
        self._db.execute(schema.DELETE_EPOCHS, (stream, first_kept))
        return within.plus(before.messages, before.size)

    def note(self, name: str) -> str | None:
        return self.cursor(name)

    def write_note(self, name: str, value: str) -> None:
        with self.transaction() as tx:
            tx.put_cursor(name, value)

    def cursor(self, name: str) -> str | None:
        body = self.get(CURSOR, name)
        return None if body is None else body.decode()

    def get(self, kind: str, name: str) -> bytes | None:
        with translated(self._path):
            row = self._db.execute(schema.GET, (kind, name)).fetchone()
        return None if row is None else bytes(row[0])

    def documents(self, kind: str) -> dict[str, bytes]:
        """All documents of a kind, by name."""
        with translated(self._path):
            return dict(self._db.execute(schema.ALL, (kind,)).fetchall())

    def position(self, stream: Stream) -> Position:
        """Where the receiving side of `down` stands."""
        body = self.get(POSITION, stream)
        return Position() if body is None else Position.from_json(orjson.loads(body))

    def pending(self, mark: Mark) -> bool:
        """Whether the receiver has yet to acknowledge this message."""
        return pending(self.held(mark.stream), mark)

    def backlog(self) -> dict[Stream, Backlog]:
        return dict(self._ledger.backlog)

    def oldest(self, stream: Stream) -> float | None:
        """When (UNIX s of business time) the oldest unacknowledged message that has a payload was appended."""
        with translated(self._path):
            row = self._db.execute(schema.OLDEST_AT, (stream,)).fetchone()
        return None if row is None else float(row[0])

    @contextmanager
    def _committed(self) -> Iterator[None]:
        with translated(self._path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _make_room(self) -> None:
        """Before a transaction, not in it: what an application rolls back must not undo it."""
        kept, caps = self._ledger.cost(KEPT), self._caps
        if kept > caps.compact_at and kept > self._compacted_to + caps.compact_at // SLACK:
            with self._recounted(KEPT, "superseded"):
                for stream in KEPT:
                    room.supersede(self._db, stream)
            self._compacted_to = self._ledger.cost(KEPT)
        waiting = self._ledger.cost(DROPPABLE)
        if waiting < caps.droppable // 2:
            self._notice.eased(empty=waiting == 0)
        if self._now() - self._expired > HOUR:
            self.expire()
        excess = self._ledger.cost(DROPPABLE) - caps.droppable
        if excess > 0:
            with self._recounted(DROPPABLE, "dropped"):
                room.drop_oldest(self._db, excess + caps.droppable // SLACK)

    def expire(self) -> None:
        """Turn telemetry beyond its age into tombstones; happens by itself, at most once in an hour of `now`."""
        self._expired = self._now()
        before = (self._expired - self._caps.age).timestamp()
        with self._recounted(DROPPABLE, "expired"):
            for stream in DROPPABLE:
                room.drop_aged(self._db, stream, before)

    @contextmanager
    def _recounted(self, streams: tuple[Stream, ...], reason: str) -> Iterator[None]:
        """`buried` counts, by stream and reason, what has become tombstones since this outbox was opened."""
        with self._committed():
            yield
            counted = {s: Backlog(*self._db.execute(schema.BACKLOG, (s,)).fetchone()) for s in streams}
        gone = {stream: self._ledger.backlog[stream].messages - left.messages for stream, left in counted.items()}
        self.buried.update({(stream, reason): count for stream, count in gone.items()})
        self._ledger.backlog |= counted
        if streams == DROPPABLE:
            self._notice.given_up(reason, sum(gone.values()))


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version not in {0, schema.VERSION}:
        msg = f"outbox {path} has version {version}, this program knows {schema.VERSION}; use the program that wrote it"
        raise OutboxDamaged(msg)
    db.executescript(schema.OPEN)
    if version == 0:
        db.executescript(schema.CREATE)
