"""The outbox's writing side: numbers messages, opens epochs, and keeps documents, all within one SQLite transaction."""

import sqlite3
from dataclasses import dataclass, field, replace
from random import Random

import orjson

from gateway.link import STREAMS, Held, Mark, Point, Position
from gateway.link.journal import check, next_epoch
from gateway.messages import Stream
from gateway.outbox import schema
from gateway.outbox.errors import OutboxFull
from gateway.outbox.room import KEPT, Backlog, Caps

CURSOR, POSITION = "cursor", "position"
"""Kinds of documents that the outbox itself keeps; the agent may use any other name."""


@dataclass(slots=True)
class Ledger:
    """What the outbox knows of its file without asking it."""

    held: dict[Stream, tuple[Held, ...]]
    backlog: dict[Stream, Backlog]
    opened: set[Stream] = field(default_factory=set)

    @classmethod
    def load(cls, db: sqlite3.Connection) -> "Ledger":
        held = {stream: tuple(_held(row) for row in db.execute(schema.EPOCHS, (stream,))) for stream in STREAMS}
        return cls(held, {stream: Backlog(*db.execute(schema.BACKLOG, (stream,)).fetchone()) for stream in STREAMS})

    def copy(self) -> "Ledger":
        return Ledger(dict(self.held), dict(self.backlog), set(self.opened))

    def cost(self, streams: tuple[Stream, ...]) -> int:
        return sum(self.backlog[stream].cost for stream in streams)


class Transaction:
    """Valid inside `with outbox.transaction() as tx`; works on a copy of the ledger, which a roll-back throws away."""

    def __init__(self, db: sqlite3.Connection, ledger: Ledger, caps: Caps, random: Random, at: float) -> None:
        self.ledger = ledger
        self._db = db
        self._caps = caps
        self._random = random
        self._at = at
        self._touched: set[Stream] = set()

    def append(self, stream: Stream, payload: bytes, key: str | None = None) -> Mark:
        """Number and keep a message. A later one with the same `key` may replace it if room gets scarce.

        Raises OutboxFull at the hard limit of control and state, PayloadRefused for what the link can't carry.
        Telemetry beyond its bounds is no error: the oldest of it becomes tombstones.
        """
        check(payload)
        if stream in KEPT and self.ledger.cost(KEPT) + len(payload) > self._caps.hard:
            msg = (
                f"control and state hold {self.ledger.cost(KEPT)} bytes unacknowledged, the limit is {self._caps.hard}"
            )
            raise OutboxFull(msg)
        return self._number(stream, payload, key, None)

    def tombstone(self, stream: Stream, reason: str) -> Mark:
        """Number a message that will not be sent, so that its absence is told."""
        return self._number(stream, None, None, reason)

    def put(self, kind: str, name: str, body: bytes) -> None:
        self._db.execute(schema.PUT, (kind, name, body))

    def remove(self, kind: str, name: str) -> None:
        self._db.execute(schema.REMOVE, (kind, name))

    def put_cursor(self, name: str, value: str) -> None:
        self.put(CURSOR, name, value.encode())

    def save_position(self, stream: Stream, position: Position) -> None:
        """Where the receiving side of `down` stands, in the same transaction as what it received."""
        self.put(POSITION, stream, orjson.dumps(position.to_json()))

    def finish(self) -> None:
        """Write the next number of each touched stream; the outbox calls it before the commit."""
        for stream in self._touched:
            current = self.ledger.held[stream][-1]
            self._db.execute(schema.SET_NEXT, (current.next, stream, current.epoch))

    def _number(self, stream: Stream, payload: bytes | None, key: str | None, reason: str | None) -> Mark:
        if stream not in self.ledger.opened:
            self._open_epoch(stream)
        *before, current = self.ledger.held[stream]
        seq = current.next
        self._db.execute(schema.INSERT_ITEM, (stream, current.epoch, seq, seq, self._at, key, reason, payload))
        self.ledger.held[stream] = (*before, replace(current, next=seq + 1))
        if payload is not None:
            self.ledger.backlog[stream] = self.ledger.backlog[stream].plus(1, len(payload))
        self._touched.add(stream)
        return Mark(stream, current.epoch, seq)

    def _open_epoch(self, stream: Stream) -> None:
        held = self.ledger.held[stream]
        after = Point(held[-1].epoch, held[-1].next - 1) if held else None
        number = next_epoch(tuple(epoch.epoch for epoch in held), self._random.getrandbits(32))
        self._db.execute(schema.INSERT_EPOCH, (stream, number, *(after or (None, None))))
        kept = held if held and not held[-1].drained else held[:-1]
        if len(kept) < len(held):
            self._db.execute(schema.DELETE_EPOCHS, (stream, held[-1].epoch + 1 if not kept else kept[-1].epoch))
        self.ledger.held[stream] = (*kept, Held(number, 1, 1, after))
        self.ledger.opened.add(stream)


def _held(row: tuple[int, int, int, int | None, int | None]) -> Held:
    number, oldest, following, after_epoch, after_seq = row
    after = Point(after_epoch, after_seq) if after_epoch is not None and after_seq is not None else None
    return Held(number, oldest, following, after)
