"""The link with one bug planted in it, by name, to prove that the simulated world would see such a bug."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gateway.link import Decision, Keyring, Lane, MemoryJournal, Position
from gateway.link.journal import Mark
from gateway.link.packets import Forth, Hello
from gateway.link.seal import Direction
from gateway.messages import Stream
from gateway.simulator.receiving import ReceivingHost


class AcknowledgesFirst(ReceivingHost):
    """Lets the acknowledgement out before the commit."""

    acknowledges_first = True


class IgnoresEpochs(ReceivingHost):
    """Takes its last number for one of whatever epoch it sees, as a receiver would that knows numbers only."""

    def decide(self, position: Position, packet: Forth) -> Decision:
        epochs = [epoch.epoch for epoch in packet.held] if isinstance(packet, Hello) else [packet.epoch]
        if epochs and position.epoch is not None:
            position = replace(position, epoch=epochs[-1], past={})
        return super().decide(position, packet)


class ForgetsTombstones(MemoryJournal):
    """Deletes what it drops, and keeps no word of it."""

    def drop_oldest(self, stream: Stream, count: int, reason: str = "dropped") -> None:
        super().drop_oldest(stream, count, reason)
        for epoch in self.disk.epochs[stream]:
            epoch.entries = [entry for entry in epoch.entries if entry.payload is not None]


class ContinuesEpochs(MemoryJournal):
    """Goes on in the epoch that it finds on its disk, which may be an old snapshot."""

    def append(self, stream: Stream, payload: bytes, key: str | None = None) -> Mark:
        if self.disk.epochs[stream]:
            self._opened.add(stream)
        return super().append(stream, payload, key)


@dataclass(frozen=True, slots=True)
class SkipsMac(Lane):
    """Believes every packet that has the right form."""

    def admits(self, kid: str, mac: str, direction: Direction, body: bytes) -> bool:  # noqa: ARG002 - that is the bug
        return True


@dataclass(frozen=True, slots=True)
class Parts:
    """What a world is built of."""

    lane: type[Lane] = Lane
    journal: type[MemoryJournal] = MemoryJournal
    receiver: type[ReceivingHost] = ReceivingHost


SOUND = Parts()
BUGS: Mapping[str, Parts] = {
    "ack-before-commit": Parts(receiver=AcknowledgesFirst),
    "epoch-ignored": Parts(receiver=IgnoresEpochs),
    "tombstone-forgotten": Parts(journal=ForgetsTombstones),
    "snapshot-restored": Parts(journal=ContinuesEpochs),
    "hmac-skipped": Parts(lane=SkipsMac),
}
KEYRING = Keyring({"k1": b"the secret of this simulated world"}, "k1")
THIEF = Keyring({"k1": b"a guess"}, "k1")
