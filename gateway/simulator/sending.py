"""The simulated sender: an application, a journal on a disk, and a process that may die between any two steps."""

from random import Random

from gateway.link import (
    STREAMS,
    Disk,
    Effect,
    Lane,
    Limits,
    Mark,
    MemoryJournal,
    Resync,
    Send,
    Sender,
    Timing,
    Writer,
)
from gateway.messages import Stream
from gateway.simulator.truth import Truth

TIMING = Timing(first=0.3, longest=2.0)
SMALL = Limits(items=8, size=300, packet_items=4, packet_size=120)
"""Windows so small that they matter in a short world."""


class PowerCut(Exception):
    """Raised inside a transaction, to see that nothing of it stays."""


class SendingHost:
    """Appends, and carries out what the sender asks. `journal` is the class to run on, so bugs can be planted in it."""

    def __init__(self, lane: Lane, truth: Truth, random: Random, journal: type[MemoryJournal]) -> None:
        self.journal = journal(random)
        self._lane = lane
        self._truth = truth
        self._random = random
        self._count = 0
        self.neglect = 0.2
        self._start()

    def _start(self) -> None:
        self.journal = type(self.journal)(self._random, self.journal.disk)
        self.sender = Sender(self.journal, self._lane, self._random, timing=TIMING)
        for flow in self.sender.flows.values():
            flow.window.limits = SMALL

    def restart(self, now: float) -> list[bytes]:
        """The process died and is back on the same disk."""
        self._start()
        return self.carry(self.sender.connected(now), now)

    def restore(self, disk: Disk, alive: frozenset[int], now: float) -> list[bytes]:
        """An old snapshot (or an empty disk) replaces the disk, and with it the history of what was appended."""
        self.journal.disk = disk.copy()
        self._truth.alive = set(alive)
        return self.restart(now)

    def append(self, stream: Stream, count: int, *, cut: bool = False) -> None:
        """A transaction of `count` messages; with `cut` the power fails before its end."""
        marks: list[tuple[int, Mark, bytes]] = []
        try:
            with self.journal.transaction() as tx:
                marks.extend(self._write(tx, stream) for _ in range(count))
                _fail_if(cut)
        except PowerCut:
            return
        for n, mark, payload in marks:
            self._truth.wrote(n, mark, payload)

    def _write(self, tx: Writer, stream: Stream) -> tuple[int, Mark, bytes]:
        self._count += 1
        key = f"key-{self._random.randrange(5)}" if stream is Stream.STATE else None
        payload = b'{"n":%d,"pad":"%b"}' % (self._count, b"x" * self._random.randrange(40))
        return self._count, tx.append(stream, payload, key), payload

    def withhold(self, stream: Stream) -> None:
        self._truth.bury(self.journal.tombstone(stream, "withheld"))

    def drop_oldest(self, stream: Stream, count: int) -> None:
        before = self._messages(stream)
        self.journal.drop_oldest(stream, count)
        self._bury(before - self._messages(stream))

    def compact(self, stream: Stream) -> None:
        before = self._messages(stream)
        self.journal.compact(stream)
        self._bury(before - self._messages(stream))

    def carry(self, effects: list[Effect], now: float) -> list[bytes]:
        """The packets to send; a Resync is honoured at once, or, by `neglect`, not before the process has died."""
        packets = [effect.data for effect in effects if isinstance(effect, Send)]
        for effect in effects:
            if isinstance(effect, Resync) and self._random.random() >= self.neglect:
                self.append(effect.stream, 1)
                self.sender.resynced(effect.stream, effect.token)
                packets += self.carry(self.sender.wake(now), now)
        return packets

    @property
    def drained(self) -> bool:
        return all(epoch.drained for stream in STREAMS for epoch in self.journal.held(stream))

    def _messages(self, stream: Stream) -> set[Mark]:
        return {
            Mark(stream, epoch.number, entry.seq)
            for epoch in self.journal.disk.epochs[stream]
            for entry in epoch.entries
            if entry.payload is not None
        }

    def _bury(self, marks: set[Mark]) -> None:
        for mark in marks:
            self._truth.bury(mark)


def _fail_if(cut: bool) -> None:
    if cut:
        raise PowerCut
