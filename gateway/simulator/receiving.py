"""The simulated receiver: a store that commits or doesn't, and a process that may die between any two steps."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import Random

from gateway.link import STREAMS, Accept, Adopted, Decision, Lane, Loss, Position, Refusal, read, receive, reply
from gateway.link.packets import Forth
from gateway.messages import Stream
from gateway.simulator.truth import Received, Truth

START = datetime(2026, 1, 1, tzinfo=UTC)


class Crash(StrEnum):
    """Where a receiver may die while it handles a packet."""

    BEFORE_COMMIT = "before commit"
    AFTER_COMMIT = "after commit"


@dataclass(slots=True)
class Store:
    """The receiver's database. `copy` is a backup of it."""

    positions: dict[Stream, Position] = field(default_factory=lambda: dict.fromkeys(STREAMS, Position()))
    log: list[Received] = field(default_factory=list)
    last: dict[Stream, int] = field(default_factory=lambda: dict.fromkeys(STREAMS, -1))
    losses: dict[Stream, list[Loss]] = field(default_factory=lambda: {stream: [] for stream in STREAMS})

    def copy(self) -> "Store":
        losses = {stream: list(told) for stream, told in self.losses.items()}
        return Store(dict(self.positions), list(self.log), dict(self.last), losses)


class ReceivingHost:
    """Takes packets, gives answers. Bugs of this side are planted in `decide` and `acknowledges_first`."""

    acknowledges_first = False

    def __init__(self, lane: Lane, truth: Truth, random: Random) -> None:
        self.store = Store()
        self.refused: dict[Refusal, int] = {}
        self._lane = lane
        self._truth = truth
        self._random = random
        self.restart()

    def restart(self) -> None:
        """The process died and is back; what was not committed is gone."""
        self._boot = self._random.randbytes(16)

    def restore(self, store: Store) -> None:
        """An old backup replaces the database: what was committed since is gone from it."""
        kept = {(item.stream, item.epoch, item.entry.seq) for item in store.log}
        for item in self.store.log:
            if (item.stream, item.epoch, item.entry.seq) not in kept:
                self._truth.revert(item)
        self.store = store.copy()
        self.restart()

    def handle(self, raw: bytes, now: float, crash: Crash | None) -> list[bytes]:
        """The answers that get out; with a crash, perhaps none."""
        packet = read(self._lane, raw)
        if isinstance(packet, Refusal):
            self.refused[packet] = self.refused.get(packet, 0) + 1
            return []
        decision = self.decide(self.store.positions[packet.stream], packet)
        answer = [reply(self._lane, decision, START + timedelta(seconds=now))]
        if not isinstance(decision, Accept | Adopted):
            return answer
        if crash is Crash.BEFORE_COMMIT:
            self.restart()
            return answer if self.acknowledges_first else []
        self._commit(decision)
        if crash is Crash.AFTER_COMMIT:
            self.restart()
            return []
        return answer

    def decide(self, position: Position, packet: Forth) -> Decision:
        return receive(position, packet, self._boot)

    def _commit(self, decision: Accept | Adopted) -> None:
        store, stream = self.store, decision.stream
        for loss in decision.losses:
            self._truth.note(f"told {stream} {loss}")
            store.losses[stream].append(loss)
            store.last[stream] = -1
        for entry in decision.entries:
            n = self._truth.check_arrival(stream, decision.epoch, entry)
            if n >= 0:
                self._truth.check_order(stream, store.last[stream], n)
                store.last[stream] = n
            store.log.append(Received(stream, decision.epoch, entry, n))
        store.positions[stream] = decision.position
