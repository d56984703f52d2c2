"""What the intake does is counted once it is committed, written down, and added to what is known."""

from datetime import timedelta
from typing import Any

from cloud.ingest.trailing import TrailingIntake
from cloud.operations import ledger
from cloud.telemetry.memory import MemorySamples
from gateway.link import Hello, Keyring, Lane
from gateway.link.packets import encode
from gateway.machine import ItemState
from gateway.messages import StateChange, Stream, Telemetry
from gateway.telemetry import Column


def change(world: Any, seconds_ago: float) -> StateChange:
    return StateChange(machine="M1", at=world.clock.at - timedelta(seconds=seconds_ago), state=ItemState.EXECUTING)


def telemetry(world: Any, values: int) -> Telemetry:
    base = round(world.clock.at.timestamp() * 1_000_000)
    column = Column(signal="power", at=(0,) * values, values=(1.0,) * values)
    return Telemetry(machine="M1", base=base, columns=(column,))


async def minutes(world: Any) -> dict[str, tuple[int, int]]:
    rows = await world.owner.fetch("SELECT stream, messages, samples FROM ingest_minute ORDER BY stream")
    return {row["stream"]: (row["messages"], row["samples"]) for row in rows}


async def write(world: Any, intake: Any = None) -> int:
    return await ledger.write(world.connections, (intake or world.intake).tally.torn_off())


async def test_what_was_committed_is_counted_and_added_up(world: Any) -> None:
    for _ in range(2):
        world.edge.say(change(world, 2), telemetry(world, 30))
        await world.edge.talk(world.intake)
        assert await write(world) > 0
    assert await minutes(world) == {"state": (2, 0), "telemetry": (2, 60)}
    latency = await world.owner.fetchval("SELECT latency FROM ingest_minute WHERE stream = 'state'")
    assert sum(latency) == 2
    assert await write(world) == 0


async def test_what_is_sent_twice_is_counted_once(world: Any) -> None:
    world.edge.say(change(world, 2))
    hello = world.edge.packets()
    world.edge.hear(await world.intake.take(world.edge.id, hello))
    packets = world.edge.packets()
    for _ in range(2):
        await world.intake.take(world.edge.id, packets)
    await write(world)
    assert await minutes(world) == {"state": (1, 0)}


async def test_a_trailing_store_is_counted_when_it_has_kept_them(world: Any) -> None:
    samples = MemorySamples(trails=0.0)
    intake = TrailingIntake(world.connections, samples, world.clock, b"boot")
    world.edge.say(telemetry(world, 40))
    await world.edge.talk(intake)
    await write(world, intake)
    assert await minutes(world) == {}
    await intake._settle_one(world.edge.id, await samples.boot())
    await write(world, intake)
    assert await minutes(world) == {"telemetry": (1, 40)}


async def test_what_a_sender_says_it_holds_is_kept_by_stream(world: Any) -> None:
    world.edge.say(*(change(world, second) for second in range(3)))
    world.edge.start()
    await world.intake.take(world.edge.id, world.edge.packets())
    await write(world)
    row = await world.owner.fetchrow("SELECT stream, held, at FROM link_held WHERE stream = 'state'")
    ((_, oldest, following),) = row["held"]
    assert (oldest, following, row["at"]) == (1, 4, world.clock.at)


async def test_packets_that_nobody_sealed_are_counted_against_the_agent_they_name(world: Any) -> None:
    forged = Lane(Keyring({"k1": b"x" * 32}, "k1"), world.edge.id, "up")
    packet = forged.seal("forth", encode(Hello(Stream.STATE, "n", "c", ())))
    for _ in range(2):
        await world.intake.take(world.edge.id, [packet])
        await write(world)
    await world.intake.take("agt_nobody", [packet])
    await write(world)
    rows = await world.owner.fetch("SELECT agent_id, reason, count FROM link_refused")
    assert [tuple(row) for row in rows] == [(world.edge.id, "mac", 2)]


async def test_old_minutes_are_forgotten(world: Any) -> None:
    world.edge.say(change(world, 2))
    await world.edge.talk(world.intake)
    await write(world)
    assert await ledger.forget(world.connections, world.clock.at - timedelta(hours=1)) == 0
    assert await ledger.forget(world.connections, world.clock.at + timedelta(hours=1)) == 1
    assert await minutes(world) == {}
