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

from cloud.bench.voice import Voice
from cloud.bench.world import DAYS, PER_SITE, agent_key
from cloud.config import Settings
from cloud.db import lazy_pool
from cloud.ingest.intake import Intake
from cloud.ingest.process import SIDE_BY_SIDE
from cloud.telemetry.memory import MemorySamples
from gateway.capacity import CapacityType, Confidence, Reason
from gateway.messages import Statement, Stream

BATCH = 32
"""Statements that an agent says at once, as many as an ingest's desk commits together."""


@dataclass(slots=True)
class Plant:
    """A site's agent, and what it is about to say of its machines."""

    number: int
    begin: datetime
    chance: random.Random = field(default_factory=lambda: random.Random(3))  # noqa: S311 - a bench's own dice
    voice: Voice = field(init=False)
    version: int = 1

    def __post_init__(self) -> None:
        self.voice = Voice(f"agt_{self.number}", agent_key(self.number), self.number)

    def statement(self) -> Statement:
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
    plants = [Plant(number, begin) for number in agents]
    began = time.perf_counter()
    due = _due(began, rate)

    async def keep(plant: Plant) -> None:
        while True:
            number = BATCH
            if rate:
                await asyncio.sleep(max(0.0, next(due) - time.perf_counter()))
                number = 1
            plant.voice.say(Stream.CONTROL, [plant.statement() for _ in range(number)])
            await plant.voice.talk(intake)

    async def tell() -> None:
        while True:
            await asyncio.sleep(0.5)
            now = {"taken": intake.taken, "seconds": time.perf_counter() - began}
            await asyncio.to_thread(told.write_text, json.dumps(now))

    await asyncio.gather(tell(), *(keep(plant) for plant in (plants if rate else plants[:SIDE_BY_SIDE])))


def _due(began: float, rate: float) -> Iterator[float]:
    number = 0
    while True:
        number += 1
        yield began + number / rate


def main(begin: str, first: str, last: str, rate: str, told: str) -> None:
    """The process's root."""
    settings = Settings.from_environment()
    asyncio.run(speak(settings, datetime.fromisoformat(begin), range(int(first), int(last)), float(rate), Path(told)))


if __name__ == "__main__":
    main(*sys.argv[1:])
