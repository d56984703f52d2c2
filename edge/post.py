"""The agent's writing desk: each batch of messages crosses the fence and enters the outbox in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.crossing import Disclosure, cross
from gateway.link import resync_note
from gateway.messages import STREAM, Announce, Message, Samples, Statement, Stream, Up, encode
from gateway.outbox import Outbox, Transaction


@dataclass
class Post:
    """Sends through `outbox` what `disclosure` lets out. `on_sent`, called after each commit, wakes the courier."""

    outbox: Outbox
    disclosure: Disclosure
    on_sent: Callable[[], None] = lambda: None

    def send(self, letters: "Sequence[Letter]") -> None:
        """All or nothing. Raises OutboxFull and OutboxUnavailable, and then nothing has changed."""
        wanted = [letter for letter in letters if not letter.empty]
        if not wanted:
            return
        with self.outbox.transaction() as tx:
            for letter in wanted:
                self.write(tx, letter)
        self.on_sent()

    def write(self, tx: Transaction, letter: "Letter") -> None:
        """The letter within a transaction that somebody else began."""
        for message in letter.messages:
            self._append(tx, message, historical=letter.historical, partial=letter.partial)
        for (kind, name), body in letter.documents.items():
            tx.put(kind, name, body)
        for kind, name in letter.removed:
            tx.remove(kind, name)
        for name, value in letter.cursors.items():
            tx.put_cursor(name, value)

    def _append(self, tx: Transaction, message: Up, *, historical: bool, partial: bool) -> None:
        allowed = cross(self.disclosure, message)
        if allowed is None:
            return
        stream = STREAM[type(allowed)]
        if historical and isinstance(allowed, Samples):
            stream = Stream.BACKFILL
        tx.append(stream, encode(allowed), None if partial else superseding_key(allowed))


@dataclass(frozen=True, slots=True)
class Letter:
    """What belongs together: messages in order, documents (by kind and name) to be kept and removed, and cursors.

    `partial`: its statements say a part of the horizon only, so they make no earlier one useless.
    """

    messages: tuple[Up, ...] = ()
    documents: Mapping[tuple[str, str], bytes] = field(default_factory=dict)
    cursors: Mapping[str, str] = field(default_factory=dict)
    historical: bool = False
    removed: tuple[tuple[str, str], ...] = ()
    partial: bool = False

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
