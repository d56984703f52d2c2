"""The journal in memory: for the simulator, for tests, and for senders whose durable store is elsewhere."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

from gateway.link.journal import STREAMS, Entry, Held, Mark, Point, check, clip, coalesce, next_epoch
from gateway.messages import Stream


@dataclass(slots=True)
class _Epoch:
    number: int
    after: Point | None
    next: int = 1
    entries: list[Entry] = field(default_factory=list)
    keys: dict[int, str] = field(default_factory=dict)

    @property
    def held(self) -> Held:
        oldest = self.entries[0].seq if self.entries else self.next
        return Held(self.number, oldest, self.next, self.after)

    def copy(self) -> "_Epoch":
        return _Epoch(self.number, self.after, self.next, list(self.entries), dict(self.keys))

    def put(self, payload: bytes | None, reason: str | None, key: str | None) -> int:
        seq, self.next = self.next, self.next + 1
        self.entries.append(Entry(seq, seq, payload, reason))
        if key is not None:
            self.keys[seq] = key
        return seq

    def forget(self, through: int) -> None:
        at = bisect_left(self.entries, through + 1, key=lambda entry: entry.last)
        for entry in self.entries[:at]:
            self.keys.pop(entry.seq, None)
        self.entries = [clip(entry, through + 1) for entry in self.entries[at:]]

    def bury(self, seqs: Iterable[int], reason: str) -> None:
        gone = set(seqs)
        for seq in gone:
            self.keys.pop(seq, None)
        marked = [Entry(e.seq, e.last, None, reason) if e.seq in gone and e.payload else e for e in self.entries]
        self.entries = coalesce(marked)


@dataclass(slots=True)
class Disk:
    """All that a MemoryJournal would find again after a crash; `copy` it for a snapshot, replace it for a wipe."""

    epochs: dict[Stream, list[_Epoch]] = field(default_factory=lambda: {stream: [] for stream in STREAMS})
    notes: dict[str, str] = field(default_factory=dict)

    def copy(self) -> "Disk":
        epochs = {stream: [epoch.copy() for epoch in held] for stream, held in self.epochs.items()}
        return Disk(epochs, dict(self.notes))


class MemoryJournal:
    """A journal on a `Disk`; constructing one is the start of a sender, so its first append opens an epoch."""

    def __init__(self, random: Random, disk: Disk | None = None) -> None:
        self.disk = disk or Disk()
        self._random = random
        self._opened: set[Stream] = set()

    @contextmanager
    def transaction(self) -> Iterator["MemoryJournal"]:
        """All or nothing; an exception inside the block restores what was there before it."""
        before, opened = self.disk.copy(), set(self._opened)
        try:
            yield self
        except BaseException:
            self.disk, self._opened = before, opened
            raise

    def append(self, stream: Stream, payload: bytes, key: str | None = None) -> Mark:
        epoch = self._current(stream)
        return Mark(stream, epoch.number, epoch.put(check(payload), None, key))

    def tombstone(self, stream: Stream, reason: str) -> Mark:
        epoch = self._current(stream)
        return Mark(stream, epoch.number, epoch.put(None, reason, None))

    def held(self, stream: Stream) -> tuple[Held, ...]:
        return tuple(epoch.held for epoch in self.disk.epochs[stream])

    def read(self, stream: Stream, at: Point, items: int, size: int) -> list[Entry]:
        found = next((epoch for epoch in self.disk.epochs[stream] if epoch.number == at.epoch), None)
        if found is None:
            return []
        start = bisect_left(found.entries, at.seq, key=lambda entry: entry.last)
        chosen: list[Entry] = []
        for entry in found.entries[start : start + items]:
            size -= entry.size
            if chosen and size < 0:
                break
            chosen.append(clip(entry, at.seq))
        return chosen

    def delete(self, stream: Stream, through: Point) -> None:
        epochs = self.disk.epochs[stream]
        at = next((place for place, epoch in enumerate(epochs) if epoch.number == through.epoch), None)
        if at is None:
            return
        epochs[at].forget(min(through.seq, epochs[at].next - 1))
        drained = at + (not epochs[at].entries)
        del epochs[: min(drained, len(epochs) - 1)]

    def note(self, name: str) -> str | None:
        return self.disk.notes.get(name)

    def write_note(self, name: str, value: str) -> None:
        self.disk.notes[name] = value

    def drop_oldest(self, stream: Stream, count: int, reason: str = "dropped") -> None:
        """Turn the oldest `count` messages of a stream into tombstones."""
        for epoch in self.disk.epochs[stream]:
            seqs = [entry.seq for entry in epoch.entries if entry.payload is not None][:count]
            count -= len(seqs)
            epoch.bury(seqs, reason)

    def compact(self, stream: Stream) -> None:
        """Turn every message that a later one with the same key supersedes into a tombstone."""
        seen: set[str] = set()
        for epoch in reversed(self.disk.epochs[stream]):
            old = []
            for seq, key in sorted(epoch.keys.items(), reverse=True):
                if key in seen:
                    old.append(seq)
                seen.add(key)
            epoch.bury(old, "superseded")

    def _current(self, stream: Stream) -> _Epoch:
        epochs = self.disk.epochs[stream]
        if stream not in self._opened:
            self._opened.add(stream)
            epochs.append(self._open(epochs))
            if len(epochs) > 1 and not epochs[-2].entries:
                del epochs[-2]
        return epochs[-1]

    def _open(self, epochs: list[_Epoch]) -> _Epoch:
        number = next_epoch(tuple(epoch.number for epoch in epochs), self._random.getrandbits(32))
        return _Epoch(number, Point(epochs[-1].number, epochs[-1].next - 1) if epochs else None)
