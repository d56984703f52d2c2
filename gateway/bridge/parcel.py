"""How packets of one stream join into a chain without a hole, and how far the receiver has got along it."""

from dataclasses import dataclass, replace
from enum import StrEnum

from gateway.link import Data, Point
from gateway.link.journal import clip, coalesce


@dataclass(frozen=True, slots=True)
class Chain:
    """What is kept of a stream: all from `first` to `last`. `after` is where the stream stood before first's epoch."""

    first: Point
    after: Point | None
    last: Point
    epochs: tuple[int, ...]

    @classmethod
    def of(cls, packet: Data) -> "Chain":
        first, last = Point(packet.epoch, packet.first), Point(packet.epoch, packet.last)
        return cls(first, packet.after, last, (packet.epoch,))

    def plus(self, packet: Data) -> "Chain":
        """The chain with a packet that joins it."""
        epochs = self.epochs if packet.epoch in self.epochs else (*self.epochs, packet.epoch)
        return replace(self, last=Point(packet.epoch, packet.last), epochs=epochs)

    def continues(self, point: Point | None) -> bool:
        """Whether a receiver at `point` can go on with what is kept here (or has all of it)."""
        if self.first.seq == 1 and self.after == point:
            return True
        return point is not None and Point(self.first.epoch, self.first.seq - 1) <= point <= self.last


class Place(StrEnum):
    """Where a packet lies: it joins the end, is known, starts a new chain, comes from before it, or leaves a hole."""

    JOINS = "joins"
    KNOWN = "known"
    STARTS = "starts"
    BEFORE = "before"
    BEYOND = "beyond"


def place(chain: Chain | None, acked: Point | None, packet: Data) -> Place:
    """`acked`: up to where the receiver is known to have the stream."""
    if chain is None:
        past = acked is not None and packet.epoch == acked.epoch and packet.last <= acked.seq
        return Place.BEFORE if past else Place.STARTS
    if packet.epoch not in chain.epochs:
        return Place.JOINS if packet.after == chain.last and packet.first == 1 else Place.BEYOND
    if Point(packet.epoch, packet.first) < chain.first:
        past = acked is not None and Point(packet.epoch, packet.last) <= acked
        return Place.BEFORE if past else Place.STARTS
    if packet.epoch != chain.last.epoch or packet.last <= chain.last.seq:
        return Place.KNOWN
    return Place.JOINS if packet.first <= chain.last.seq + 1 else Place.BEYOND


def rest(chain: Chain | None, packet: Data) -> Data:
    """The part of a joining packet that the chain does not have."""
    if chain is None or packet.epoch != chain.last.epoch or packet.first > chain.last.seq:
        return packet
    start = chain.last.seq + 1
    return replace(packet, entries=tuple(clip(entry, start) for entry in packet.entries if entry.last >= start))


def merged(packets: list[Data]) -> Data:
    """Packets of one epoch that follow one another, as one."""
    entries = [entry for packet in packets for entry in packet.entries]
    return replace(packets[0], entries=tuple(coalesce(entries)))
