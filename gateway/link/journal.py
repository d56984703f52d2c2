"""What a sender keeps until the receiver has it: numbered entries in epochs, behind a small synchronous protocol."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from gateway.errors import GatewayError
from gateway.messages import Stream

STREAMS = tuple(Stream)
MAX_PAYLOAD = 512 * 1024
"""Bytes. Some brokers refuse packets above 1 MiB, and a packet carries a header too."""


class Point(NamedTuple):
    """A place in a stream: the entry `seq` of `epoch`. Of two points in one journal the greater is the later one."""

    epoch: int
    seq: int


class Mark(NamedTuple):
    """The identity that an appended message got, next to the agent and the leg that its journal belongs to."""

    stream: Stream
    epoch: int
    seq: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A message (`payload`, one JSON object on one line), or the tombstone of [seq, last] with its `reason`."""

    seq: int
    last: int
    payload: bytes | None = None
    reason: str | None = None

    @property
    def size(self) -> int:
        return len(self.payload) if self.payload is not None else 0


@dataclass(frozen=True, slots=True)
class Held:
    """An epoch as its sender holds it: entries [oldest, next) are unacknowledged.

    `after` is where the stream stood before this epoch: the epoch before it, and that one's last number.
    """

    epoch: int
    oldest: int
    next: int
    after: Point | None

    @property
    def drained(self) -> bool:
        return self.oldest == self.next


class PayloadRefused(GatewayError):
    """A payload that the link can't carry: not one JSON object on one line, or too large."""

    code = "link.payload"


class Writer(Protocol):
    """A transaction on a journal: nothing of it is there before the block ends, all of it after."""

    def append(self, stream: Stream, payload: bytes, key: str | None = None) -> Mark:
        """Give a message its number. A later message with the same `key` supersedes this one if room gets scarce."""
        ...

    def tombstone(self, stream: Stream, reason: str) -> Mark:
        """Take a number for a message that will not be sent (withheld, parked), so that its absence is told."""
        ...


class Journal(Protocol):
    """The sender's durable store. Each *opening* of a journal starts a new epoch at its first append to a stream.

    So a journal restored from an old snapshot can never give an identity a second time. Calls are short and
    synchronous, and come from one thread. How messages get in is the store's own affair; a `Writer` is the usual way.
    """

    def held(self, stream: Stream) -> tuple[Held, ...]:
        """The epochs with unacknowledged entries, in order, and always the last epoch, even when it is drained."""
        ...

    def read(self, stream: Stream, at: Point, items: int, size: int) -> list[Entry]:
        """Consecutive entries of one epoch from `at` on: at most `items`, at most `size` bytes (but always one)."""
        ...

    def delete(self, stream: Stream, through: Point) -> None:
        """Forget what the receiver has: the epoch's entries up to the point, and every epoch before it."""
        ...

    def note(self, name: str) -> str | None:
        """A small durable fact, such as the last resync that was honoured."""
        ...

    def write_note(self, name: str, value: str) -> None: ...


def check(payload: bytes) -> bytes:
    """The payload itself, or PayloadRefused. Newlines part payloads on the wire; JSON never needs one."""
    if len(payload) > MAX_PAYLOAD:
        msg = f"a payload of {len(payload)} bytes is too large for the post; split it below {MAX_PAYLOAD}"
        raise PayloadRefused(msg)
    if payload[:1] != b"{" or payload[-1:] != b"}" or b"\n" in payload:
        msg = f"a payload must be one JSON object on one line, not {payload[:40]!r}"
        raise PayloadRefused(msg)
    return payload


def next_epoch(known: tuple[int, ...], entropy: int) -> int:
    """A new epoch: a counter above all that are known, then 32 random bits.

    The counter is for people who read it. The random bits keep two worlds apart that were restored from one snapshot.
    """
    counter = max((epoch >> 32 for epoch in known), default=0) + 1
    return counter << 32 | entropy


def pending(held: tuple[Held, ...], mark: Mark) -> bool:
    """Whether the receiver has yet to acknowledge `mark`."""
    return any(epoch.epoch == mark.epoch and mark.seq >= epoch.oldest for epoch in held)


def clip(entry: Entry, start: int) -> Entry:
    """The part of an entry from number `start` on; only a tombstone is longer than one number."""
    return entry if entry.seq >= start else Entry(start, entry.last, None, entry.reason)


def coalesce(entries: list[Entry]) -> list[Entry]:
    """The same entries, with neighbouring tombstones of one reason as one."""
    merged: list[Entry] = []
    for entry in entries:
        before = merged[-1] if merged else None
        if before and before.payload is None and entry.payload is None and before.reason == entry.reason:
            merged[-1] = Entry(before.seq, entry.last, None, entry.reason)
        else:
            merged.append(entry)
    return merged
