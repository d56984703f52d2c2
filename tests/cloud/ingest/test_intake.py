"""What an agent says becomes fact exactly once, and is acknowledged only then."""

from datetime import timedelta
from typing import Any

import pytest

from cloud.ingest.positions import Outrun
from gateway.link import Acked, PeerClock, Resync
from gateway.machine import ItemState, Quality
from gateway.messages import GapNotice, Samples, Stream, Telemetry
from gateway.span import Span
from gateway.telemetry import Column

RUN, IDLE = ItemState.EXECUTING, ItemState.NOT_EXECUTING


async def test_announced_machines_are_bound_to_the_agent_its_site_and_its_enterprise(world: Any, said: Any) -> None:
    world.edge.say(said.announce("M1", "M2"))
    await world.edge.talk(world.intake)
    rows = await world.owner.fetch("SELECT name, agent_id, site_id, enterprise_id, profile FROM machine ORDER BY name")
    bound = (world.edge.id, world.site, world.enterprise, "press")
    assert [tuple(row) for row in rows] == [("M1", *bound), ("M2", *bound)]


async def test_state_changes_become_history_current_state_and_one_event(world: Any, said: Any) -> None:
    world.edge.say(said.announce("M1"), said.change(0), said.change(5, IDLE), said.change(9, quality=Quality.UNCERTAIN))
    await world.edge.talk(world.intake)
    assert [state for _, state in await world.history()] == ["Executing", "NotExecuting", "Executing"]
    row = await world.owner.fetchrow("SELECT item_state, operation_mode, state_since, last_receipt_at FROM machine")
    at = world.clock.at + timedelta(minutes=9)
    assert tuple(row) == ("Executing", "Processing", at, world.clock.at)
    told = await world.events("machine.state")
    assert [(each["name"], each["state"], each["origin"]) for each in told] == [("M1", "Executing", "plant")]


async def test_a_late_change_is_history_but_not_the_current_state(world: Any, said: Any) -> None:
    world.edge.say(said.announce("M1"), said.change(10, IDLE))
    await world.edge.talk(world.intake)
    world.edge.say(said.change(2, RUN))
    await world.edge.talk(world.intake)
    assert [state for _, state in await world.history()] == ["Executing", "NotExecuting"]
    assert await world.owner.fetchval("SELECT item_state FROM machine") == "NotExecuting"


async def test_nothing_stays_unacknowledged_once_it_is_committed(world: Any, said: Any) -> None:
    world.edge.say(said.announce("M1"), *(said.change(minute) for minute in range(100)))
    assert world.edge.unacknowledged == 101
    await world.edge.talk(world.intake)
    assert world.edge.unacknowledged == 0
    assert len(await world.history()) == 100


async def test_the_same_packets_again_change_nothing_and_are_acknowledged_again(world: Any, said: Any) -> None:
    world.edge.say(said.announce("M1"), said.change(0))
    hellos = world.edge.packets()
    world.edge.hear(await world.intake.take(world.edge.id, hellos))
    data = world.edge.packets()
    first = await world.intake.take(world.edge.id, data)
    again = await world.intake.take(world.edge.id, data * 2)
    assert len(await world.history()) == 1
    assert len(again) == 2 * len(first)
    world.edge.hear(again)
    assert world.edge.unacknowledged == 0


async def test_an_intake_that_starts_anew_goes_on_where_the_database_stands(world: Any, said: Any) -> None:
    world.edge.say(said.announce("M1"), said.change(0))
    await world.edge.talk(world.intake)
    world.edge.say(said.change(1, IDLE))
    await world.edge.talk(world.restarted())
    assert len(await world.history()) == 2


async def test_an_intake_that_has_just_started_asks_to_be_greeted(world: Any, said: Any) -> None:
    world.edge.say(said.announce("M1"), said.change(0))
    world.edge.packets()
    world.edge.hear(await world.restarted().greet(world.edge.id))
    await world.edge.talk(world.restarted())
    assert world.edge.unacknowledged == 0


async def test_two_intakes_cannot_move_one_stream_twice(world: Any, said: Any) -> None:
    world.edge.say(said.announce("M1"), said.change(0))
    await world.edge.talk(world.intake)
    world.edge.say(said.change(1, IDLE))
    packets = world.edge.packets()
    await world.restarted().take(world.edge.id, packets)
    with pytest.raises(Outrun):
        await world.intake.take(world.edge.id, packets)
    assert await world.intake.take(world.edge.id, packets)
    assert len(await world.history()) == 2


async def test_a_restarted_agent_goes_on_in_a_new_epoch_without_loss(world: Any, said: Any) -> None:
    world.edge.say(said.announce("M1"), said.change(0))
    await world.edge.talk(world.intake)
    world.edge.say(said.change(1, IDLE))
    world.edge.start()
    world.edge.say(said.change(2))
    await world.edge.talk(world.intake)
    assert len(await world.history()) == 3
    assert await world.owner.fetchval("SELECT count(*) FROM link_loss") == 0
    past = await world.owner.fetchval("SELECT past FROM link_position WHERE stream = 'state'")
    assert len(past) == 1


async def test_an_agent_restored_from_a_snapshot_doubles_nothing_and_is_asked_for_its_full_state(
    world: Any, said: Any
) -> None:
    world.edge.say(said.announce("M1"), said.change(0))
    await world.edge.talk(world.intake)
    snapshot = world.edge.disk.copy()
    world.edge.say(said.change(1, IDLE))
    await world.edge.talk(world.intake)
    world.clock.at += timedelta(minutes=10)
    world.edge.disk = snapshot
    world.edge.start()
    world.edge.say(said.change(2, RUN))
    resyncs = []
    while packets := world.edge.packets():
        world.edge.hear(await world.intake.take(world.edge.id, packets))
        resyncs += [effect for effect in world.edge.effects if isinstance(effect, Resync)]
    assert Stream.STATE in {resync.stream for resync in resyncs}
    assert len(await world.history()) == 3
    losses = await world.owner.fetch("SELECT stream, reason FROM link_loss")
    assert ("state", "sender_restored") in {tuple(row) for row in losses}
    gap = await world.owner.fetchrow("SELECT start_at, end_at FROM gap")
    assert (gap["start_at"], gap["end_at"]) == (world.clock.at - timedelta(minutes=9), world.clock.at)


async def test_tombstones_are_told_and_stall_nothing(world: Any, said: Any) -> None:
    world.edge.say(said.announce("M1"), said.change(0))
    with world.edge.journal.transaction() as tx:
        tx.tombstone(Stream.STATE, "withheld")
    world.edge.say(said.change(1, IDLE))
    await world.edge.talk(world.intake)
    assert len(await world.history()) == 2
    row = await world.owner.fetchrow("SELECT stream, first_seq, last_seq, reason FROM link_loss")
    assert tuple(row) == ("state", 2, 2, "withheld")


async def test_a_machine_heard_of_before_its_announce_is_there_and_filled_in_later(world: Any, said: Any) -> None:
    world.edge.say(said.change(0))
    await world.edge.talk(world.intake)
    assert await world.owner.fetchval("SELECT profile FROM machine") == "unannounced"
    world.edge.say(said.announce("M1"))
    await world.edge.talk(world.intake)
    assert await world.owner.fetchval("SELECT profile FROM machine") == "press"
    assert len(await world.history()) == 1


async def test_a_gap_notice_is_kept_with_its_reason(world: Any, said: Any) -> None:
    start, end = world.clock.at, world.clock.at + timedelta(minutes=4)
    world.edge.say(said.announce("M1"), GapNotice(machine="M1", start=start, end=end, reason="server away"))
    await world.edge.talk(world.intake)
    assert tuple(await world.owner.fetchrow("SELECT start_at, end_at, reason FROM gap")) == (start, end, "server away")


async def test_samples_go_to_the_sample_store_from_telemetry_and_backfill(world: Any, said: Any) -> None:
    at = world.clock.at.timestamp()
    world.edge.say(said.announce("M1"))
    world.edge.say(Samples(machine="M1", signal="power", at=(at, at + 1), values=(1.5, True)))
    world.edge.say(Samples(machine="M1", signal="power", at=(at + 2,), values=("off",)), stream=Stream.BACKFILL)
    await world.edge.talk(world.intake)
    machine = await world.owner.fetchval("SELECT id FROM machine")
    found = await world.samples.read(machine, "power", Span(world.clock.at, world.clock.at + timedelta(hours=1)))
    assert [sample.value for sample in found] == [1.5, 1.0, "off"]
    assert world.edge.unacknowledged == 0


async def test_telemetry_arrives_to_the_microsecond_with_the_quality_of_each_value(world: Any, said: Any) -> None:
    base = round(world.clock.at.timestamp() * 1_000_000) + 7
    power = Column(signal="power", at=(0, 1), values=(1.5, 2.5), uncertain=(1,))
    speed = Column(signal="speed", at=(3,), values=(None,), bad=(0,))
    world.edge.say(said.announce("M1"), Telemetry(machine="M1", base=base, columns=(power, speed)))
    await world.edge.talk(world.intake)
    machine = await world.owner.fetchval("SELECT id FROM machine")
    whole, step = Span(world.clock.at, world.clock.at + timedelta(hours=1)), timedelta(microseconds=1)
    found = [*await world.samples.read(machine, "power", whole), *await world.samples.read(machine, "speed", whole)]
    assert [((each.at - world.clock.at) // step, each.value, each.quality) for each in found] == [
        (7, 1.5, Quality.GOOD),
        (8, 2.5, Quality.UNCERTAIN),
        (10, None, Quality.BAD),
    ]


async def test_telemetry_of_an_impossible_time_is_parked_alone(world: Any, said: Any) -> None:
    column = Column(signal="power", at=(0,), values=(1.5,))
    far = Telemetry(machine="M1", base=10**17, columns=(column,))
    good = Telemetry(machine="M1", base=round(world.clock.at.timestamp() * 1_000_000), columns=(column,))
    world.edge.say(said.announce("M1"), far, good)
    await world.edge.talk(world.intake)
    assert (await world.owner.fetchval("SELECT count(*) FROM parked"), world.edge.unacknowledged) == (1, 0)
    assert await world.owner.fetchval("SELECT count(*) FROM sample") == 1


async def test_receipt_is_stamped_with_the_clouds_own_time(world: Any, said: Any) -> None:
    world.edge.say(said.announce("M1"), said.change(-600))
    world.clock.at += timedelta(hours=3)
    await world.edge.talk(world.intake)
    assert await world.owner.fetchval("SELECT last_receipt_at FROM machine") == world.clock.at
    assert await world.owner.fetchval("SELECT received_at FROM state_history") == world.clock.at


async def test_the_acknowledgement_carries_the_clouds_business_time(world: Any, said: Any) -> None:
    world.edge.say(said.announce("M1"))
    world.edge.hear(await world.intake.take(world.edge.id, world.edge.packets()))
    world.edge.hear(await world.intake.take(world.edge.id, world.edge.packets()))
    assert [effect for effect in world.edge.effects if isinstance(effect, Acked)]
    assert {effect.at for effect in world.edge.effects if isinstance(effect, PeerClock)} == {world.clock.at}
