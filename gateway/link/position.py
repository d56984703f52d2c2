"""How far a receiver's store has got in one stream, and what it concludes when a sender stands somewhere else."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from gateway.link.journal import Held, Point

MAX_PAST = 4096
"""Epochs remembered per stream. A snapshot of a sender from more starts ago than this could deliver twice."""


class Cause(StrEnum):
    """Why a stream goes on with a hole, as far as the numbers tell."""

    RECEIVER_RESTORED = "receiver_restored"
    SENDER_RESTORED = "sender_restored"
    SENDER_RESET = "sender_reset"
    DIVERGED = "diverged"


@dataclass(frozen=True, slots=True)
class Loss:
    """What came after `after` and before `before` will not arrive (None: from the stream's beginning).

    `count` is how many messages that is, or None where nobody can know.
    """

    after: Point | None
    before: Point
    cause: Cause
    count: int | None


@dataclass(frozen=True, slots=True)
class Position:
    """Plain data, committed in one transaction with the items it stands for.

    `epoch`, `committed`: the current epoch and its last number in store. `past`: every epoch before, likewise.
    `resync`: the token of the last loss; a sender that has not honoured it publishes its full state again.
    """

    epoch: int | None = None
    committed: int = 0
    past: Mapping[int, int] = field(default_factory=dict)
    resync: str = ""

    @property
    def point(self) -> Point | None:
        return None if self.epoch is None else Point(self.epoch, self.committed)

    def committed_in(self, epoch: int) -> int | None:
        return self.committed if epoch == self.epoch else self.past.get(epoch)

    def moved(self, to: Point) -> "Position":
        """The position after committing up to `to`, which may lie in another epoch."""
        if to.epoch == self.epoch:
            return replace(self, committed=to.seq)
        past = {epoch: seq for epoch, seq in self.past.items() if epoch != to.epoch}
        if self.epoch is not None:
            past[self.epoch] = self.committed
        for epoch in list(past)[:-MAX_PAST]:
            del past[epoch]
        return replace(self, epoch=to.epoch, committed=to.seq, past=past)

    def challenge(self, boot: bytes) -> str:
        """What a hello must repeat to be believed: it was sent to this receiver process (`boot`), at this position."""
        return hashlib.sha256(b"%b %r" % (boot, self.point)).hexdigest()[:24]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data; `past` as pairs, because a JSON object's names must be text."""
        past = [[epoch, seq] for epoch, seq in self.past.items()]
        return {"epoch": self.epoch, "committed": self.committed, "past": past, "resync": self.resync}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Position":
        past = {int(epoch): int(seq) for epoch, seq in document["past"]}
        return cls(document["epoch"], document["committed"], past, document["resync"])


def adopt(position: Position, held: tuple[Held, ...], token: str) -> tuple[Position, tuple[Loss, ...]]:
    """Where the stream must go on, given all that its sender still holds, and what is lost by going on there.

    Without a loss the position stays as it is, because data will carry it on.
    """
    if not held:
        return position, ()
    target = next((epoch for epoch in held if _wants(position, epoch)), held[-1])
    known = position.committed_in(target.epoch)
    start = max(known or 0, target.oldest - 1)
    losses = _losses(position, target, _left_off(held, target), start)
    if not losses:
        return position, ()
    return replace(position.moved(Point(target.epoch, start)), resync=token), losses


def _wants(position: Position, epoch: Held) -> bool:
    known = position.committed_in(epoch.epoch)
    return known is None or known < epoch.next - 1


def _left_off(held: tuple[Held, ...], target: Held) -> Point | None:
    """Where, by the sender's word, the stream stood before `target`."""
    before = held[: held.index(target)]
    return Point(before[-1].epoch, before[-1].next - 1) if before else target.after


def _losses(position: Position, target: Held, left_off: Point | None, start: int) -> tuple[Loss, ...]:
    known, reached, losses = position.committed_in(target.epoch), position.point, []
    if target.epoch != position.epoch and reached != left_off:
        behind = reached is not None and left_off is not None and reached.epoch == left_off.epoch
        count = left_off.seq - reached.seq if behind and left_off and reached and left_off.seq > reached.seq else None
        losses.append(Loss(reached, Point(target.epoch, (known or 0) + 1), _cause(reached, left_off, known), count))
    if start > (known or 0):
        hole_from = Point(target.epoch, known) if known is not None else Point(target.epoch, 0)
        losses.append(Loss(hole_from, Point(target.epoch, start + 1), Cause.RECEIVER_RESTORED, start - (known or 0)))
    return tuple(losses)


def _cause(reached: Point | None, left_off: Point | None, known: int | None) -> Cause:
    if known is not None:
        return Cause.SENDER_RESTORED
    if reached is None:
        return Cause.RECEIVER_RESTORED
    if left_off is None:
        return Cause.SENDER_RESET
    if reached.epoch != left_off.epoch:
        return Cause.DIVERGED
    return Cause.SENDER_RESTORED if reached.seq > left_off.seq else Cause.RECEIVER_RESTORED
