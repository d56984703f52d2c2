"""Plants that speak straight into an intake as one worker has it; what it took is renewed in a file."""

import asyncio
import json
import random
import secrets
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cloud.bench.world import DAYS, PER_SITE, agent_key
from cloud.config import Settings
from cloud.db import lazy_pool
from cloud.ingest.intake import Intake
from cloud.ingest.process import SIDE_BY_SIDE
from cloud.telemetry.memory import MemorySamples
from gateway.capacity import CapacityType, Confidence, Reason
from gateway.link import Keyring, Lane, MemoryJournal, Send, Sender
from gateway.messages import Statement, Stream, encode

BATCH = 32
"""Statements that an agent says at once, as many as an ingest's desk commits together."""


@dataclass(slots=True)
class Voice:
    """An agent and what it is about to say."""

    number: int
    begin: datetime
    chance: random.Random = field(default_factory=lambda: random.Random(3))  # noqa: S311 - a bench's own dice
    journal: MemoryJournal = field(init=False)
    sender: Sender = field(init=False)
    version: int = 1

    def __post_init__(self) -> None:
        self.journal = MemoryJournal(random.Random(self.number))  # noqa: S311 - a bench's own dice
        lane = Lane(Keyring({"k1": agent_key(self.number)}, "k1"), self.id, "up")
        self.sender = Sender(self.journal, lane, random.Random(self.number))  # noqa: S311 - a bench's own dice
        self.packets = _packets(self.sender.connected(0.0))

    packets: list[bytes] = field(init=False)

    @property
    def id(self) -> str:
        return f"agt_{self.number}"

    def say(self, number: int) -> None:
        with self.journal.transaction() as tx:
            for _ in range(number):
                tx.append(Stream.CONTROL, encode(self._statement()))
        self.packets += _packets(self.sender.wake(0.0))

    def hear(self, replies: list[bytes]) -> None:
        for raw in replies:
            self.packets += _packets(self.sender.receive(raw, 0.0))

    async def talk(self, intake: Intake) -> None:
        """Until nobody has anything left to say."""
        while self.packets:
            packets, self.packets = self.packets, []
            self.hear(await intake.take(self.id, packets))

    def _statement(self) -> Statement:
        """Half a day of one machine anew: three spans."""
        self.version += 1
        start = self.begin + timedelta(hours=self.chance.randrange(48, 24 * (DAYS - 2)))
        hour = timedelta(hours=1)
        cuts = [start, start + 4 * hour, start + 6 * hour, start + 12 * hour]
        idle, planned = (CapacityType.AVAILABLE, Reason.IDLE), (CapacityType.COMMITTED, Reason.PLANNED)
        kinds = (idle, planned, idle)
        spans = tuple(
            Statement.Piece(
                start=cuts[place],
                end=cuts[place + 1],
                type=kind,
                quantity=1,
                reason=reason,
                confidence=Confidence(self.chance.randint(2, 5)),
                chance=0.9,
                fading=0.01,
            )
            for place, (kind, reason) in enumerate(kinds)
        )
        machine = self.number * PER_SITE + self.chance.randrange(PER_SITE)
        issued = datetime.now(UTC) + timedelta(microseconds=self.version)
        return Statement(
            machine=f"m{machine}",
            version=self.version,
            issued_at=issued,
            valid_until=self.begin + timedelta(days=30),
            start=cuts[0],
            end=cuts[-1],
            spans=spans,
        )


async def speak(settings: Settings, begin: datetime, agents: range, rate: float, told: Path) -> None:
    """For ever: `rate` statements a second, or as many as are taken where it is 0."""
    pool = await lazy_pool(settings.ingest_dsn or "", size=SIDE_BY_SIDE + 6)
    intake = Intake(pool, MemorySamples(), lambda: datetime.now(UTC), secrets.token_bytes(16))
    voices = [Voice(number, begin) for number in agents]
    began = time.perf_counter()
    due = _due(began, rate)

    async def keep(voice: Voice) -> None:
        while True:
            number = BATCH
            if rate:
                await asyncio.sleep(max(0.0, next(due) - time.perf_counter()))
                number = 1
            voice.say(number)
            await voice.talk(intake)

    async def tell() -> None:
        while True:
            await asyncio.sleep(0.5)
            now = {"taken": intake.taken, "seconds": time.perf_counter() - began}
            await asyncio.to_thread(told.write_text, json.dumps(now))

    await asyncio.gather(tell(), *(keep(voice) for voice in (voices if rate else voices[:SIDE_BY_SIDE])))


def _due(began: float, rate: float) -> Iterator[float]:
    number = 0
    while True:
        number += 1
        yield began + number / rate


def _packets(effects: object) -> list[bytes]:
    return [effect.data for effect in effects if isinstance(effect, Send)]  # type: ignore[attr-defined]


def main(begin: str, first: str, last: str, rate: str, told: str) -> None:
    """The process's root."""
    settings = Settings.from_environment()
    asyncio.run(speak(settings, datetime.fromisoformat(begin), range(int(first), int(last)), float(rate), Path(told)))


if __name__ == "__main__":
    main(*sys.argv[1:])
