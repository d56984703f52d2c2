"""The agent's writing desk: each batch of messages crosses the fence and enters the outbox in one transaction."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from edge.gathering import Gathering, Key, Lane
from edge.telemetry import Basket, Named
from gateway.crossing import Disclosure, cross
from gateway.link import Mark, resync_note
from gateway.messages import STREAM, Announce, Message, Statement, Stream, Up, encode
from gateway.outbox import Outbox, OutboxUnavailable, Transaction


@dataclass
class Post:
    """Sends through `outbox` what `disclosure` lets out. `on_sent`, called after each commit, wakes the courier.

    Letters are durable when `send` returns; the telemetry in them is gathered for a second first (see `Gathering`),
    unless it comes with a cursor, which must never be ahead of what it stands for.
    """

    outbox: Outbox
    disclosure: Disclosure
    on_sent: Callable[[], None] = lambda: None
    monotonic: Callable[[], float] = time.monotonic
    gathering: Gathering = field(default_factory=Gathering)

    def __post_init__(self) -> None:
        self._lane = Lane(self.outbox.pending)

    def send(self, letters: "Sequence[Letter]") -> None:
        """All or nothing. Raises OutboxFull and OutboxUnavailable, and then nothing has changed."""
        if self.gathering.overfull:
            self.flush()
        wanted = [letter for letter in letters if not letter.empty]
        if wanted:
            self._commit(wanted)
        slow = [named for letter in letters if not letter.cursors for named in letter.named]
        self.gathering.add(slow, self.monotonic())
        if self.gathering.due(self.monotonic()):
            self._try_to_flush()

    def flush(self) -> None:
        """Write all telemetry that is gathered. Raises OutboxUnavailable, and then it is still gathered."""
        keys = list(self.gathering.baskets)
        if not keys:
            return
        with self.outbox.transaction() as tx:
            marks = [mark for key in keys for mark in self._pour(tx, key, self.gathering.baskets[key])]
        self._sent(keys, marks)

    def tick(self) -> None:
        """Write what was gathered for long enough; to be called now and then."""
        if self.gathering.due(self.monotonic()):
            self._try_to_flush()

    def _try_to_flush(self) -> None:
        # Else it stays gathered, and whoever writes something durable next tells of the trouble.
        with suppress(OutboxUnavailable):
            self.flush()

    def _commit(self, letters: "Sequence[Letter]") -> None:
        keys: list[Key] = []
        marks: list[Mark] = []
        with self.outbox.transaction() as tx:
            for letter in letters:
                self.write(tx, letter)
                for named in letter.named if letter.cursors else ():
                    keys += (before := [key for key in self.gathering.of(named.machine) if key not in keys])
                    marks += [mark for key in before for mark in self._pour(tx, key, self.gathering.baskets[key])]
                    marks += self._pour_out(tx, named)
        self._sent(keys, marks)

    def _sent(self, keys: Sequence[Key], marks: Sequence[Mark]) -> None:
        self.gathering.sent(keys)
        for mark in marks[:1]:
            self._lane.took(mark, self.monotonic())
        self.on_sent()

    def _pour_out(self, tx: Transaction, named: Named) -> list[Mark]:
        """Telemetry that came with a cursor."""
        own = Gathering()
        own.add([named], 0.0)
        return [mark for key, basket in own.baskets.items() for mark in self._pour(tx, key, basket)]

    def _pour(self, tx: Transaction, key: Key, basket: Basket) -> list[Mark]:
        machine, historical = key
        stream = self._lane.choose(historical=historical, now=self.monotonic())
        return [tx.append(stream, payload) for payload in basket.payloads(self.disclosure.of(machine).signals)]

    def write(self, tx: Transaction, letter: "Letter") -> None:
        """The letter without its telemetry, within a transaction that somebody else began."""
        for message in letter.messages:
            self._append(tx, message, partial=letter.partial)
        for (kind, name), body in letter.documents.items():
            tx.put(kind, name, body)
        for kind, name in letter.removed:
            tx.remove(kind, name)
        for name, value in letter.cursors.items():
            tx.put_cursor(name, value)

    def _append(self, tx: Transaction, message: Up, *, partial: bool) -> None:
        allowed = cross(self.disclosure, message)
        if allowed is not None:
            tx.append(STREAM[type(allowed)], encode(allowed), None if partial else superseding_key(allowed))


@dataclass(frozen=True, slots=True)
class Letter:
    """What belongs together: messages in order, documents (by kind and name) to be kept and removed, and cursors.

    `partial`: its statements say a part of the horizon only, so they make no earlier one useless. `named`: readings
    that leave as telemetry.
    """

    messages: tuple[Up, ...] = ()
    documents: Mapping[tuple[str, str], bytes] = field(default_factory=dict)
    cursors: Mapping[str, str] = field(default_factory=dict)
    removed: tuple[tuple[str, str], ...] = ()
    partial: bool = False
    named: tuple[Named, ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.messages or self.documents or self.cursors or self.removed)


def resynced(stream: Stream, token: str) -> Mapping[str, str]:
    """The note that a resync of `stream` was answered, to be kept with the answer."""
    return {resync_note("up", stream): token}


def superseding_key(message: Message) -> str | None:
    """A later message with the same key makes this one useless."""
    match message:
        case Statement(machine=machine):
            return f"statement/{machine}"
        case Announce():
            return "announce"
        case _:
            return None
