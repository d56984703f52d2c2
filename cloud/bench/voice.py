"""A plant's agent for benches: it seals what it is given and speaks straight into an intake, without a broker."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field

from cloud.ingest.intake import Intake
from gateway.link import Effect, Keyring, Lane, MemoryJournal, Send, Sender
from gateway.messages import Message, Stream, encode


@dataclass(slots=True)
class Voice:
    """One agent, by its id, its key `k1`, and a number for its dice."""

    id: str
    key: bytes
    number: int
    journal: MemoryJournal = field(init=False)
    sender: Sender = field(init=False)
    packets: list[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.journal = MemoryJournal(random.Random(self.number))  # noqa: S311 - a bench's own dice
        lane = Lane(Keyring({"k1": self.key}, "k1"), self.id, "up")
        self.sender = Sender(self.journal, lane, random.Random(self.number))  # noqa: S311 - a bench's own dice
        self.packets = _packets(self.sender.connected(0.0))

    def say(self, stream: Stream, messages: Iterable[Message]) -> None:
        """Make them ready to be sent."""
        with self.journal.transaction() as tx:
            for message in messages:
                tx.append(stream, encode(message))
        self.packets += _packets(self.sender.wake(0.0))

    async def talk(self, intake: Intake) -> None:
        """Until nobody has anything left to say: all that was said is committed then."""
        while self.packets:
            packets, self.packets = self.packets, []
            for raw in await intake.take(self.id, packets):
                self.packets += _packets(self.sender.receive(raw, 0.0))


def _packets(effects: Iterable[Effect]) -> list[bytes]:
    return [effect.data for effect in effects if isinstance(effect, Send)]
