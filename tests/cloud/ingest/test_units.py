"""Units of signals, as announcements tell them: the latest word of a machine holds, and of another agent's none."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from gateway.messages import Announce

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def announce(**machines: Mapping[str, str] | None) -> Announce:
    told = (Announce.Machine(name=name, profile="press", units=units) for name, units in machines.items())
    return Announce(at=NOW, machines=tuple(told))


async def kept(world: Any) -> list[tuple[str, str, str]]:
    query = "SELECT m.name, u.signal, u.unit FROM signal_unit u JOIN machine m ON m.id = u.machine_id ORDER BY 1, 2"
    return [tuple(row) for row in await world.owner.fetch(query)]


async def test_the_latest_announcement_says_all_units_of_its_machines(world: Any, said: Any) -> None:
    world.edge.say(announce(M1={"power": "kW", "heat": "°C"}, M2={"power": "W"}), said.change(0))
    await world.edge.talk(world.intake)
    assert await kept(world) == [("M1", "heat", "°C"), ("M1", "power", "kW"), ("M2", "power", "W")]
    world.edge.say(announce(M1={"power": "MW", "feed": "mm/min"}))
    await world.edge.talk(world.intake)
    assert await kept(world) == [("M1", "feed", "mm/min"), ("M1", "power", "MW"), ("M2", "power", "W")]
    world.edge.say(said.announce("M1", "M2"))
    await world.edge.talk(world.intake)
    assert await kept(world) == []


async def test_of_a_machine_that_another_agent_speaks_for_no_unit_is_taken(world: Any) -> None:
    world.edge.say(announce(M1={"power": "kW"}))
    await world.edge.talk(world.intake)
    other = await world.add_agent()
    other.say(announce(M1={"power": "V"}, M3={"power": "A"}))
    await other.talk(world.intake)
    assert await kept(world) == [("M1", "power", "kW"), ("M3", "power", "A")]


async def test_several_words_of_one_agent_come_to_the_last(world: Any) -> None:
    world.edge.say(announce(M1={"power": "W"}), announce(M1={"power": "kW"}), announce(M1={"power": "MW"}))
    await world.edge.talk(world.intake)
    assert await kept(world) == [("M1", "power", "MW")]
