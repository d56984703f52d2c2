"""What cannot be taken in is kept, told and counted, and stops nothing behind it."""

from typing import Any

import asyncpg
import pytest
from cut_off import Away
from structlog.testing import capture_logs

from cloud.errors import DatabaseAway
from cloud.ingest import agents
from gateway.machine import ItemState
from gateway.messages import Samples, Stream

IDLE = ItemState.NOT_EXECUTING


async def test_a_payload_that_the_contract_refuses_is_parked_and_the_rest_goes_on(world: Any, said: Any) -> None:
    world.edge.say(said.announce("M1"), said.change(0))
    world.edge.say(b'{"v":1,"kind":"state","machine":"M1","colour":"red"}', stream=Stream.STATE)
    world.edge.say(said.change(1, IDLE))
    await world.edge.talk(world.intake)
    assert len(await world.history()) == 2
    [row] = await world.parked()
    assert (row["code"], row["stream"], row["seq"]) == ("message.refused", "state", 2)
    assert "colour" in row["reason"]
    assert row["payload"] == b'{"v":1,"kind":"state","machine":"M1","colour":"red"}'
    [event] = await world.events("message.parked")
    assert (event["code"], event["agent_id"]) == ("message.refused", world.edge.id)
    assert world.edge.unacknowledged == 0


@pytest.mark.parametrize(
    "payload",
    [b'{"kind":"no such thing"}', b"{not json}", b'{"v":1,"kind":"state","\\u0000":1}', b'{"v":2,"kind":"announce"}'],
    ids=["unknown kind", "no JSON", "a NUL in a name", "a later version"],
)
async def test_every_kind_of_nonsense_is_parked(world: Any, payload: bytes) -> None:
    world.edge.say(payload)
    await world.edge.talk(world.intake)
    [row] = await world.parked()
    assert (row["code"], row["payload"]) == ("message.refused", payload)


async def test_a_message_on_a_foreign_stream_is_parked(world: Any, said: Any) -> None:
    world.edge.say(said.change(0), stream=Stream.CONTROL)
    await world.edge.talk(world.intake)
    assert [row["code"] for row in await world.parked()] == ["message.stream"]


async def test_a_machine_bound_to_another_agent_is_parked_for_whoever_speaks_of_it(world: Any, said: Any) -> None:
    world.edge.say(said.announce("M1"), said.change(0))
    await world.edge.talk(world.intake)
    other = await world.add_agent()
    other.say(said.announce("M1", "M2"), said.change(1, IDLE), said.change(1, IDLE, machine="M2"))
    await other.talk(world.intake)
    assert {row["code"] for row in await world.parked()} == {"machine.bound_elsewhere"}
    assert [row["agent_id"] for row in await world.parked()] == [other.id, other.id]
    assert len(await world.history("M1")) == 1
    assert len(await world.history("M2")) == 1
    bound = await world.owner.fetchval("SELECT agent_id FROM machine WHERE name = 'M1'")
    assert bound == world.edge.id


async def test_a_message_that_only_the_database_refuses_is_found_among_many_and_parked(world: Any, said: Any) -> None:
    await world.owner.execute("ALTER TABLE state_history ADD CONSTRAINT planted CHECK (origin <> 'bkg_poison')")
    world.edge.say(said.announce("M1"), *(said.change(minute) for minute in range(30)))
    world.edge.say(said.change(30, IDLE, origin="bkg_poison"), *(said.change(31 + minute) for minute in range(30)))
    await world.edge.talk(world.intake)
    assert len(await world.history()) == 60
    [row] = await world.parked()
    assert (row["code"], row["seq"]) == ("message.poison", 31)
    assert "planted" in row["reason"]
    assert world.edge.unacknowledged == 0


async def test_a_sample_of_an_impossible_time_is_parked(world: Any, said: Any) -> None:
    world.edge.say(said.announce("M1"), Samples(machine="M1", signal="power", at=(1e12,), values=(1.0,)))
    await world.edge.talk(world.intake)
    [row] = await world.parked()
    assert row["code"] == "message.poison"
    assert "2000 to 2100" in row["reason"]


async def test_an_unknown_agent_and_a_bad_seal_are_counted_and_logged_once_and_change_nothing(
    world: Any, said: Any
) -> None:
    stranger = type(world.edge)("agt_stranger")
    forger = type(world.edge)(world.edge.id, b"another key of 32 bytes.........")
    with capture_logs() as logs:
        for _ in range(3):
            stranger.start()
            assert await world.intake.take(stranger.id, stranger.packets()) == []
            forger.start()
            assert await world.intake.take(forger.id, forger.packets()) == []
        assert await world.intake.take(world.edge.id, [b"rubbish"]) == []
    assert world.intake.ignored == {"unknown_agent": 12, "mac": 12, "form": 1}
    assert [entry["event"] for entry in logs] == ["ingest.ignored"] * 3
    assert await world.owner.fetchval("SELECT count(*) FROM link_position") == 0


async def test_a_new_key_of_an_agent_is_known_without_a_restart(
    world: Any, said: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.edge.say(said.announce("M1"))
    await world.edge.talk(world.intake)
    await world.owner.execute("UPDATE agent SET key_id = 'k2', key = $1", b"n" * 32)
    renewed = type(world.edge)(world.edge.id, b"n" * 32, world.edge.disk, kid="k2")
    assert await world.intake.take(renewed.id, renewed.packets()) == []
    monkeypatch.setattr(agents, "PATIENCE", 0.0)
    renewed.start()
    renewed.say(said.change(0))
    await renewed.talk(world.intake)
    assert len(await world.history()) == 1


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_commit_whose_answer_was_lost_is_neither_lost_nor_doubled(world: Any, said: Any, when: str) -> None:
    world.edge.say(said.announce("M1"))
    await world.edge.talk(world.intake)
    cut = Away(world.connections, world.samples, world.clock, b"boot-of-the-cut")
    cut.when = when
    world.edge.say(said.change(0), said.change(1, IDLE))
    packets = world.edge.packets()
    with pytest.raises(DatabaseAway):
        await cut.take(world.edge.id, packets)
    assert world.edge.unacknowledged == 2
    world.edge.hear(await world.restarted().take(world.edge.id, packets))
    assert world.edge.unacknowledged == 0
    assert len(await world.history()) == 2


PLANT = """
CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = '%s'; END $$;
CREATE TRIGGER planted BEFORE INSERT ON state_history FOR EACH ROW EXECUTE FUNCTION planted()
"""


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("53100", DatabaseAway),
        ("40P01", DatabaseAway),
        ("57P01", DatabaseAway),
        ("58030", asyncpg.PostgresError),
        ("42501", asyncpg.PostgresError),
    ],
    ids=["disk full", "deadlock", "shutdown", "I/O error", "missing grant"],
)
async def test_what_is_not_the_messages_fault_parks_nothing_acknowledges_nothing_and_loses_nothing(
    world: Any, said: Any, code: str, error: type[Exception]
) -> None:
    await world.owner.execute(PLANT % code)
    world.edge.say(said.change(0))
    world.edge.hear(await world.intake.take(world.edge.id, world.edge.packets()))
    packets = world.edge.packets()
    with pytest.raises(error):
        await world.intake.take(world.edge.id, packets)
    assert await world.parked() == []
    assert world.edge.unacknowledged == 1
    await world.owner.execute("DROP TRIGGER planted ON state_history")
    world.edge.hear(await world.intake.take(world.edge.id, packets))
    assert world.edge.unacknowledged == 0
    assert len(await world.history()) == 1
