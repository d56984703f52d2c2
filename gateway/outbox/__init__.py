"""The edge's durable store: one SQLite file with the messages to be sent, the orders received, and the agent's state.

    outbox = Outbox(path, now=clock.now)                     # raises OutboxUnavailable, OutboxDamaged
    with outbox.transaction() as tx:                         # all or nothing, fsynced when the block ends
        mark = tx.append(Stream.STATE, payload, key=None)    # raises OutboxFull, PayloadRefused
        tx.tombstone(Stream.TELEMETRY, "given up")           # takes a number, so that the absence is told
        tx.put_cursor("replay/press-1", "17")                # moves with its messages
        tx.put("order", "bkg_1", document); tx.remove("order", "bkg_1")
        tx.save_position(Stream.CONTROL, position)           # the receiving side of the leg `down`
    sender.wake(...)                                         # after the block, never inside it

    outbox.cursor(name) -> str | None                        outbox.get(kind, name) -> bytes | None
    outbox.documents(kind) -> dict[str, bytes]               outbox.position(stream) -> Position
    outbox.pending(mark) -> bool                             outbox.backlog() -> dict[Stream, Backlog]

Thread use: one thread, the one that opened it; from asyncio call it directly, calls take well below a millisecond
plus one fsync per transaction. Nothing may await inside a transaction. A second process gets OutboxUnavailable.
"""

from gateway.outbox.errors import OutboxDamaged, OutboxFull, OutboxUnavailable
from gateway.outbox.room import Backlog, Caps
from gateway.outbox.store import Outbox
from gateway.outbox.transaction import Transaction

__all__ = ["Backlog", "Caps", "Outbox", "OutboxDamaged", "OutboxFull", "OutboxUnavailable", "Transaction"]
