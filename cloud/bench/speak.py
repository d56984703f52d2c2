"""Plants that speak straight to the desk of one ingest worker; what it took is renewed in a file."""

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

import asyncpg
import structlog

from cloud.bench.world import DAYS, PER_SITE, agent_key
from cloud.config import Settings
from cloud.db import lazy_pool
from cloud.ingest import positions
from cloud.ingest.desk import Desk
from cloud.ingest.intake import Intake
from cloud.ingest.process import SIDE_BY_SIDE
from cloud.telemetry.memory import MemorySamples
from gateway.capacity import CapacityType, Confidence, Reason
from gateway.link import Ack, Data, Entry, Keyring, Lane, Point, Position, Refusal, packets
from gateway.messages import Statement, Stream, encode
from gateway.topics import parse

log = structlog.get_logger(__name__)

BATCH = 32
"""Statements that an agent says at once where as many are taken as can be."""


@dataclass(slots=True)
class Plant:
    """A site's agent, and what it is about to say of its machines.

    It keeps no journal and repeats nothing, as a sender would: others' computers do that for plants. Its words begin a
    new epoch of the stream that stands at `begun`.
    """

    number: int
    begin: datetime
    begun: Position
    chance: random.Random = field(default_factory=lambda: random.Random(3))  # noqa: S311 - a bench's own dice
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    version: int = 1
    said: int = 0
    lane: Lane = field(init=False)

    def __post_init__(self) -> None:
        self.lane = Lane(Keyring({"k1": agent_key(self.number)}, "k1"), f"agt_{self.number}", "up")

    async def say(self, desk: Desk, number: int) -> None:
        """So many statements at once, until they are acknowledged."""
        self.answered.clear()
        entries = tuple(Entry(self.said + n, self.said + n, encode(self.statement())) for n in range(1, number + 1))
        self.said += number
        data = packets.encode(Data(Stream.CONTROL, self.epoch, self.begun.point, entries))
        desk.put(self.lane.agent, self.lane.seal("forth", data))
        await self.answered.wait()

    @property
    def epoch(self) -> int:
        return (self.begun.epoch or 0) + 1

    def hear(self, raw: bytes) -> None:
        """The acknowledgement; anything else would stop the bench, so that it is noticed."""
        body = self.lane.unseal("back", raw)
        match Refusal.FORM if isinstance(body, Refusal) else packets.decode_back(body):
            case Ack(point=Point(self.epoch, self.said)):
                self.answered.set()
            case other:
                log.error("not acknowledged", agent=self.lane.agent, said=self.said, answer=other)

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
    plants = {f"agt_{number}": Plant(number, begin, await _where(pool, f"agt_{number}")) for number in agents}
    desk = Desk(
        intake.take_together,
        lambda topic, raw: plants[parse(topic).agent].hear(raw),
        side_by_side=SIDE_BY_SIDE,
    )
    began = time.perf_counter()
    due = _due(began, rate)

    async def keep(plant: Plant) -> None:
        while True:
            if rate:
                await asyncio.sleep(max(0.0, next(due) - time.perf_counter()))
            await plant.say(desk, 1 if rate else BATCH)

    async def tell() -> None:
        while True:
            await asyncio.sleep(0.5)
            now = {"taken": intake.taken, "seconds": time.perf_counter() - began}
            await asyncio.to_thread(told.write_text, json.dumps(now))

    await asyncio.gather(tell(), *map(keep, list(plants.values())[: None if rate else SIDE_BY_SIDE]))


async def _where(pool: asyncpg.Pool, agent: str) -> Position:
    async with pool.acquire() as connection:
        return (await positions.load(connection, agent))[Stream.CONTROL]


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
