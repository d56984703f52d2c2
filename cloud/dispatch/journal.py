"""What the link's sender reads of the table `outgoing`: the numbered rows that an agent has not acknowledged."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.link import Entry, Held, Point
from gateway.link.journal import clip, next_epoch
from gateway.messages import Stream


@dataclass(frozen=True, slots=True)
class Row:
    """A numbered row of `outgoing`; `payload` is one JSON object on one line."""

    id: int
    epoch: int
    seq: int
    payload: bytes


class OutgoingJournal:
    """The down leg's journal of one agent, kept by the database: numbers are planned here, committed there, and only
    then `extend` makes them readable. Loading it is an opening: its first new message begins an epoch.

    `epochs` are all that this agent ever had, each with its last number, in order; `rows` the unacknowledged ones.
    """

    def __init__(self, epochs: Sequence[Point], rows: Sequence[Row], notes: Mapping[str, str], entropy: int) -> None:
        self._rows = {Point(row.epoch, row.seq): row for row in rows}
        self._notes = dict(notes)
        self._entropy = entropy
        self._fresh: int | None = None
        self._settled: list[int] = []
        self._held: list[Held] = []
        for place, (epoch, last) in enumerate(epochs):
            oldest = min((row.seq for row in rows if row.epoch == epoch), default=last + 1)
            self._held.append(Held(epoch, oldest, last + 1, epochs[place - 1] if place else None))
        self._prune()

    def plan(self, count: int) -> list[Point]:
        """The numbers that the next `count` messages will have. Changes nothing."""
        if self._fresh is not None:
            last = self._held[-1]
            return [Point(last.epoch, last.next + place) for place in range(count)]
        epoch = next_epoch(tuple(held.epoch for held in self._held), self._entropy)
        return [Point(epoch, 1 + place) for place in range(count)]

    def extend(self, rows: Iterable[Row]) -> None:
        """The rows are committed under the numbers that were planned for them."""
        for row in rows:
            if self._fresh != row.epoch:
                self._fresh = row.epoch
                after = Point(self._held[-1].epoch, self._held[-1].next - 1) if self._held else None
                self._held.append(Held(row.epoch, 1, 1, after))
            self._held[-1] = replace(self._held[-1], next=row.seq + 1)
            self._rows[Point(row.epoch, row.seq)] = row
        self._prune()

    def settled(self) -> list[int]:
        """The ids of the rows that were acknowledged since this was last asked."""
        ids, self._settled = self._settled, []
        return ids

    def held(self, stream: Stream) -> tuple[Held, ...]:
        return tuple(self._held) if stream is Stream.CONTROL else ()

    def read(self, stream: Stream, at: Point, items: int, size: int) -> list[Entry]:
        chosen: list[Entry] = []
        while len(chosen) < items and stream is Stream.CONTROL:
            row = self._rows.get(Point(at.epoch, at.seq + len(chosen)))
            size -= len(row.payload) if row else 0
            if row is None or (chosen and size < 0):
                break
            chosen.append(clip(Entry(row.seq, row.seq, row.payload), at.seq))
        return chosen

    def delete(self, stream: Stream, through: Point) -> None:
        if stream is not Stream.CONTROL:
            return
        self._settled += [row.id for at, row in self._rows.items() if at <= through]
        self._rows = {at: row for at, row in self._rows.items() if at > through}
        self._held = [
            replace(held, oldest=held.next if held.epoch < through.epoch else max(held.oldest, through.seq + 1))
            if held.epoch <= through.epoch
            else held
            for held in self._held
        ]
        self._prune()

    def note(self, name: str) -> str | None:
        return self._notes.get(name)

    def write_note(self, name: str, value: str) -> None:
        """In memory only: whoever honours a resync commits the note with it (store.save_note)."""
        self._notes[name] = value

    def _prune(self) -> None:
        self._held = [held for held in self._held[:-1] if not held.drained] + self._held[-1:]
