"""Telemetry for a store that answers before it syncs: acknowledged once it has lived on, else asked for again."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from foreign_stores import Engine

from cloud.ingest.trailing import TrailingIntake
from cloud.telemetry.engine import ClientWriter, Reader
from cloud.telemetry.memory import MemorySamples
from cloud.telemetry.model import StoreAway, StoreRefused
from cloud.telemetry.place import Place
from cloud.telemetry.victoria import VictoriaSamples
from gateway.messages import Stream, Telemetry
from gateway.span import Span
from gateway.telemetry import Column

BOOT = b"boot-of-trailing"
TRAILS = 0.4


class Trail:
    """An intake with its settling beside it, and an edge that hears what it publishes."""

    def __init__(self, world: Any, samples: Any) -> None:
        self.world = world
        self.samples = samples
        self.intake = TrailingIntake(world.connections, samples, world.clock, BOOT)
        self.settling = asyncio.ensure_future(self._settle())

    async def _settle(self) -> None:
        while True:
            try:
                await self.intake.settle(lambda _, packet: self.world.edge.hear([packet]))
            except StoreAway:
                await asyncio.sleep(0.05)

    def say(self, *values: float, signal: str = "power", at: int = 0) -> None:
        base = round(self.world.clock.at.timestamp() * 1_000_000) + at * 1_000_000
        column = Column(signal=signal, at=(0, *(1000,) * (len(values) - 1)), values=values)
        self.world.edge.say(Telemetry(machine="M1", base=base, columns=(column,)))

    async def talk(self) -> None:
        await self.world.edge.talk(self.intake)

    async def acknowledged(self) -> None:
        """Until nothing waits, talking on meanwhile."""
        async with asyncio.timeout(60):
            while self.world.edge.unacknowledged:
                await asyncio.sleep(0.05)
                self.world.edge.effects += self.world.edge.sender.tick(time.monotonic())
                with contextlib.suppress(StoreAway):
                    await self.talk()

    async def kept(self, signal: str = "power") -> list[Any]:
        machine = await self.world.owner.fetchval("SELECT id FROM machine")
        whole = Span(self.world.clock.at, self.world.clock.at + timedelta(hours=1))
        return [each.value for each in await self.samples.read(machine, signal, whole)]

    async def end(self) -> None:
        self.settling.cancel()
        await asyncio.gather(self.settling, return_exceptions=True)
        await self.samples.close()


@pytest.fixture
async def trail(world: Any) -> AsyncIterator[Trail]:
    made = Trail(world, MemorySamples(TRAILS))
    yield made
    await made.end()


async def test_what_the_store_answered_is_kept_and_only_later_acknowledged(world: Any, trail: Trail) -> None:
    trail.say(1.0, 2.0)
    await trail.talk()
    assert await trail.kept() == [1.0, 2.0]
    assert world.edge.unacknowledged == 1
    assert await world.owner.fetchval("SELECT count(*) FROM link_position WHERE stream = 'telemetry'") == 0
    await trail.acknowledged()
    assert (
        await world.owner.fetchval("SELECT position ->> 'committed' FROM link_position WHERE stream = 'telemetry'")
        == "1"
    )


async def test_its_sender_goes_on_meanwhile_and_sends_nothing_twice(world: Any, trail: Trail) -> None:
    for number in range(5):
        trail.say(float(number), at=number)
        await trail.talk()
    assert await trail.kept() == [0.0, 1.0, 2.0, 3.0, 4.0]
    trail.say(5.0, at=5)
    (packet,) = world.edge.packets()
    assert b'"f":6,"l":6' in packet


async def test_a_store_that_was_started_anew_meanwhile_gets_it_again(world: Any, trail: Trail) -> None:
    trail.say(1.0)
    await trail.talk()
    trail.samples._kept.clear()
    trail.samples.started += 1
    trail.say(2.0, at=1)
    await trail.talk()
    await trail.acknowledged()
    assert await trail.kept() == [1.0, 2.0]


async def test_an_intake_that_dies_before_it_acknowledged_gets_it_again(world: Any, trail: Trail) -> None:
    trail.say(1.0)
    await trail.talk()
    await trail.end()
    anew = Trail(world, trail.samples)
    world.edge.hear(await anew.intake.greet(world.edge.id))
    await anew.talk()
    await anew.acknowledged()
    assert await anew.kept() == [1.0]
    await anew.end()


async def test_a_restarted_agent_goes_on_in_a_new_epoch(world: Any, trail: Trail) -> None:
    trail.say(1.0)
    await trail.talk()
    world.edge.start()
    trail.say(2.0, at=1)
    await trail.talk()
    await trail.acknowledged()
    assert await trail.kept() == [1.0, 2.0]
    assert await world.owner.fetchval("SELECT count(*) FROM link_loss") == 0


async def test_a_lost_piece_is_told_once_and_what_follows_goes_on(world: Any, trail: Trail) -> None:
    with world.edge.journal.transaction() as tx:
        tx.tombstone(Stream.TELEMETRY, "full")
    trail.say(2.0)
    await trail.talk()
    await trail.acknowledged()
    assert [tuple(row) for row in await world.owner.fetch("SELECT stream, reason FROM link_loss")] == [
        ("telemetry", "full")
    ]


class Picky(MemorySamples):
    """Refuses whatever has a value of 13."""

    async def write(self, series: Any) -> None:
        if any(13.0 in each.values for each in series):
            msg = "not that one"
            raise StoreRefused(msg)
        await super().write(series)


async def test_a_message_that_the_store_refuses_is_parked_and_its_neighbours_are_kept(world: Any) -> None:
    trail = Trail(world, Picky(TRAILS))
    for at, value in enumerate((1.0, 13.0, 2.0)):
        trail.say(value, at=at)
    await trail.talk()
    await trail.acknowledged()
    assert await trail.kept() == [1.0, 2.0]
    assert [row["code"] for row in await world.parked()] == ["message.poison"]
    await trail.end()


async def test_an_engine_that_is_killed_loses_nothing_that_was_acknowledged_nor_what_was_not(
    world: Any, victoria_alone: Engine
) -> None:
    place = Place(victoria_alone.url)
    samples = VictoriaSamples(ClientWriter(place), Reader(place))
    world.clock.at = world.clock.at.replace(year=2024)
    trail = Trail(world, samples)
    await grown_up()
    for number in range(20):
        trail.say(float(number), at=number)
        await trail.talk()
    victoria_alone.kill()
    trail.say(20.0, at=20)
    with pytest.raises(StoreAway):
        await trail.talk()
    assert world.edge.unacknowledged == 21
    victoria_alone.start()
    await trail.acknowledged()
    await asyncio.sleep(2)  # What it has acknowledged shows after a second.
    found = await trail.kept()
    assert found == [float(number) for number in range(21)]
    await trail.end()


async def grown_up() -> None:
    """For so long an engine takes nothing after its start."""
    await asyncio.sleep(3)


class Hasty(VictoriaSamples):
    """Takes the engine's answer for a promise."""

    async def boot(self) -> str:
        return "for ever the same"


async def test_acknowledging_at_the_answer_would_lose_what_a_killed_engine_had_not_synced(
    world: Any, victoria_alone: Engine
) -> None:
    place = Place(victoria_alone.url)
    world.clock.at = world.clock.at.replace(year=2024)
    trail = Trail(world, Hasty(ClientWriter(place), Reader(place), trails=0.0))
    trail.say(*map(float, range(20)))
    await trail.talk()
    await trail.acknowledged()
    victoria_alone.kill()
    victoria_alone.start()
    await asyncio.sleep(2)
    assert await trail.kept() == []
    await trail.end()
