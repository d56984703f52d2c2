"""What really happened in a simulated world, and the promises of the link checked against it."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NoReturn

from gateway.link import Entry, Loss, Mark, Point
from gateway.messages import Stream


class Violation(AssertionError):
    """A promise of the link is broken."""


@dataclass(frozen=True, slots=True)
class Written:
    """A message that an application appended: the `n`th of the world."""

    n: int
    mark: Mark
    payload: bytes


@dataclass(frozen=True, slots=True)
class Received:
    """What a store has of one message or of one run of tombstones."""

    stream: Stream
    epoch: int
    entry: Entry
    n: int


@dataclass(slots=True)
class Truth:
    """Knows every message ever appended, and why a missing one may be missing."""

    written: dict[Mark, Written] = field(default_factory=dict)
    buried: set[Mark] = field(default_factory=set)
    alive: set[int] = field(default_factory=set)
    reverted: set[Mark] = field(default_factory=set)
    opened: dict[tuple[Stream, int], int] = field(default_factory=dict)
    trace: deque[str] = field(default_factory=lambda: deque(maxlen=60))

    def wrote(self, n: int, mark: Mark, payload: bytes) -> None:
        """An application appended; `alive` is what the present history of the sender's disk has appended."""
        if mark in self.written or mark in self.buried:
            self.fail(f"the identity {mark} was given twice")
        self.open(mark)
        self.written[mark] = Written(n, mark, payload)
        self.alive.add(n)

    def bury(self, mark: Mark) -> None:
        """The sender's side gave this one up, or never meant to send it."""
        self.open(mark)
        self.buried.add(mark)

    def open(self, mark: Mark) -> None:
        self.opened.setdefault((mark.stream, mark.epoch), len(self.opened))

    def revert(self, item: "Received") -> None:
        """A restore took a message out of the receiver's store."""
        if item.entry.payload is not None:
            self.reverted.add(Mark(item.stream, item.epoch, item.entry.seq))

    def check_arrival(self, stream: Stream, epoch: int, entry: Entry) -> int:
        """That an entry is what was appended; returns the message's `n`, or -1 for tombstones."""
        if entry.payload is None:
            for seq in range(entry.seq, entry.last + 1):
                if Mark(stream, epoch, seq) not in self.buried:
                    self.fail(f"tombstone {entry} of {stream} {epoch} covers {seq}, which nobody buried")
            return -1
        message = self.written.get(Mark(stream, epoch, entry.seq))
        if message is None:
            self.fail(f"{stream} {epoch} {entry.seq} arrived, but nobody appended it")
        if message.payload != entry.payload:
            self.fail(f"{stream} {epoch} {entry.seq} arrived with other content")
        return message.n

    def check_order(self, stream: Stream, last: int, n: int) -> None:
        if n <= last:
            self.fail(f"{stream}: message {n} arrived after {last}")

    def check_complete(self, log: Iterable[Received], losses: dict[Stream, list[Loss]]) -> None:
        """At the end: every message is there, or was buried, or its absence has a cause and was told."""
        there = {Mark(item.stream, item.epoch, item.entry.seq) for item in log if item.entry.payload is not None}
        history = {(mark.stream, mark.epoch) for mark, message in self.written.items() if message.n in self.alive}
        for mark, message in self.written.items():
            if mark in there or mark in self.buried or message.n not in self.alive:
                continue
            if mark not in self.reverted:
                self.fail(f"message {message.n} {mark} is lost without a cause")
            if not any(self._covers(loss, mark, history) for loss in losses[mark.stream]):
                self.fail(f"message {message.n} {mark} was lost by a restore, and nobody was told")

    def _covers(self, loss: Loss, mark: Mark, history: set[tuple[Stream, int]]) -> bool:
        """Whether the message lies between the ends of the loss.

        Restores let a stream's history branch. Where `after` is in a branch that the sender has left, the loss says
        that all before `before` may be missing.
        """
        place = self._rank(mark.stream, Point(mark.epoch, mark.seq))
        if place >= self._rank(mark.stream, loss.before):
            return False
        left = loss.after is None or (mark.stream, loss.after.epoch) not in history
        return left or place > self._rank(mark.stream, loss.after)

    def _rank(self, stream: Stream, point: Point | None) -> tuple[int, int]:
        return (self.opened[stream, point.epoch], point.seq) if point else (-1, 0)

    def note(self, event: str) -> None:
        self.trace.append(event)

    def fail(self, what: str) -> NoReturn:
        raise Violation(what)
