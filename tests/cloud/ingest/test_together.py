"""What several agents say at one moment shares a commit, and none of them pays for another."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from cut_off import Away

from cloud.errors import DatabaseAway
from cloud.ingest import control, intake, store
from cloud.ingest.intake import Intake
from cloud.ingest.model import Parked
from cloud.ingest.positions import Outrun
from gateway.capacity import CapacityType, Reason
from gateway.messages import OrderAnswer, Statement

POISON = "ALTER TABLE state_history ADD CONSTRAINT planted CHECK (origin <> 'bkg_poison')"


class Plants:
    """Three agents of one enterprise, who are greeted and have announced a machine each."""

    def __init__(self, world: Any, said: Any, edges: dict[str, Any]) -> None:
        self.world, self.said, self.edges = world, said, edges

    def packets(self) -> dict[str, list[bytes]]:
        return {edge.id: edge.packets() for edge in self.edges.values()}

    async def talk(self, taker: Intake) -> None:
        """All at once, until nobody has anything left to say."""
        while any((brought := self.packets()).values()):
            replies = await taker.take_together(brought)
            for edge in self.edges.values():
                edge.hear(replies[edge.id])

    @property
    def unacknowledged(self) -> int:
        return sum(edge.unacknowledged for edge in self.edges.values())

    async def histories(self) -> dict[str, int]:
        return {name: len(await self.world.history(name)) for name in self.edges}


@pytest.fixture
async def plants(world: Any, said: Any) -> Plants:
    edges = {"M1": world.edge, "M2": await world.add_agent(), "M3": await world.add_agent()}
    for name, edge in edges.items():
        edge.say(said.announce(name))
    found = Plants(world, said, edges)
    await found.talk(world.intake)
    return found


def say_one_change_each(plants: Plants) -> None:
    for name, edge in plants.edges.items():
        edge.say(plants.said.change(0, machine=name))


async def test_it_is_one_transaction_and_each_hears_of_its_own(plants: Plants) -> None:
    say_one_change_each(plants)
    await plants.talk(plants.world.intake)
    assert await plants.histories() == {"M1": 1, "M2": 1, "M3": 1}
    assert await plants.world.owner.fetchval("SELECT count(DISTINCT xmin::text) FROM state_history") == 1
    receipts = await plants.world.owner.fetch("SELECT last_receipt_at FROM agent")
    assert [row[0] for row in receipts] == [plants.world.clock.at] * 3
    assert plants.unacknowledged == 0


async def poisoned(plants: Plants) -> tuple[dict[str, int], list[str]]:
    """What is there after three spoke at once, the second of them a change that only the database refuses."""
    await plants.world.owner.execute(POISON)
    say_one_change_each(plants)
    plants.edges["M2"].say(
        plants.said.change(1, machine="M2", origin="bkg_poison"), plants.said.change(2, machine="M2")
    )
    await plants.talk(plants.world.intake)
    return await plants.histories(), [row["agent_id"] for row in await plants.world.parked()]


async def test_a_poisoned_message_is_parked_alone_and_all_else_is_there(plants: Plants) -> None:
    assert await poisoned(plants) == ({"M1": 1, "M2": 2, "M3": 1}, [plants.edges["M2"].id])
    assert plants.unacknowledged == 0
    assert await plants.world.owner.fetchval("SELECT count(DISTINCT xmin::text) FROM link_position") <= 4


async def test_a_commit_that_did_not_look_for_the_one_to_blame_is_found_out(
    plants: Plants, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def park_all(connection: Any, around: Any, deliveries: Any) -> None:
        await store.park(connection, [Parked(each, "message.poison", "one of them") for each in deliveries], around.now)

    monkeypatch.setattr(intake, "sift", park_all)
    found, parked = await poisoned(plants)
    assert found == {"M1": 0, "M2": 0, "M3": 0}
    assert len(parked) == 5


async def test_a_stream_that_was_moved_on_elsewhere_keeps_all_from_it_and_alone_only_its_own(plants: Plants) -> None:
    say_one_change_each(plants)
    brought = plants.packets()
    second = plants.edges["M2"].id
    await plants.world.restarted().take(second, brought[second])
    with pytest.raises(Outrun):
        await plants.world.intake.take_together(brought)
    assert await plants.histories() == {"M1": 0, "M2": 1, "M3": 0}
    for edge in plants.edges.values():
        edge.hear(await plants.world.intake.take(edge.id, brought[edge.id]))
    assert await plants.histories() == {"M1": 1, "M2": 1, "M3": 1}
    assert plants.unacknowledged == 0


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_shared_commit_whose_answer_was_lost_is_neither_lost_nor_doubled(plants: Plants, when: str) -> None:
    world = plants.world
    cut = Away(world.connections, world.samples, world.clock, b"boot-of-the-cut")
    cut.when = when
    say_one_change_each(plants)
    brought = plants.packets()
    with pytest.raises(DatabaseAway):
        await cut.take_together(brought)
    assert plants.unacknowledged == 3
    replies = await world.restarted().take_together(brought)
    for edge in plants.edges.values():
        edge.hear(replies[edge.id])
    assert (await plants.histories(), plants.unacknowledged) == ({"M1": 1, "M2": 1, "M3": 1}, 0)


async def test_of_two_who_are_the_first_to_speak_of_a_machine_one_has_it(plants: Plants) -> None:
    for name in ("M2", "M3"):
        plants.edges[name].say(plants.said.change(0, machine="M9"))
    await plants.talk(plants.world.intake)
    assert len(await plants.world.history("M9")) == 1
    [row] = await plants.world.parked()
    owner = await plants.world.owner.fetchval("SELECT agent_id FROM machine WHERE name = 'M9'")
    assert row["code"] == "machine.bound_elsewhere"
    assert {owner, row["agent_id"]} == {plants.edges["M2"].id, plants.edges["M3"].id}


def statement(plants: Plants, machine: str, version: int) -> Statement:
    start = plants.world.clock.at
    end = start + timedelta(hours=8)
    piece = Statement.Piece(start=start, end=end, type=CapacityType.AVAILABLE, quantity=1, reason=Reason.IDLE)
    when = {"issued_at": start + timedelta(seconds=version), "valid_until": end, "start": start, "end": end}
    return Statement(machine=machine, version=version, spans=(piece,), **when)


async def holds_the_later_guard_while_it_waits_for_the_earlier(
    plants: Plants, speak: Callable[[str, str], None]
) -> bool:
    """Whether a shared commit has the guard of a later machine while somebody else has that of the earlier one."""
    for name, edge in plants.edges.items():
        edge.say(statement(plants, name, 1))
    await plants.talk(plants.world.intake)
    rows = await plants.world.owner.fetch("SELECT id, name FROM machine ORDER BY id")
    first, last = rows[0]["id"], rows[-1]["id"]
    speak(rows[0]["name"], rows[-1]["name"])
    lock = "SELECT FROM statement WHERE machine_id = $1 FOR NO KEY UPDATE"
    async with plants.world.owner.acquire() as one, plants.world.owner.acquire() as other:
        async with one.transaction():
            await one.execute(lock, first)
            taking = asyncio.ensure_future(plants.talk(plants.world.intake))
            blocked = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'ts_ingest' AND wait_event_type = 'Lock'"
            async with asyncio.timeout(30):
                while not await other.fetchval(blocked):  # noqa: ASYNC110 - the database tells nobody
                    await asyncio.sleep(0.01)
            try:
                await other.execute(f"{lock} NOWAIT", last)
                held = False
            except asyncpg.LockNotAvailableError:
                held = True
        await taking
    return held


def answers(plants: Plants) -> Callable[[str, str], None]:
    """The agent that comes first speaks of the later machine, of no offer, and the other states its hours."""

    def speak(first: str, last: str) -> None:
        told = {"booking": "bkg_none", "revision": 1, "answer": "accepted", "at": plants.world.clock.at}
        plants.edges[last].say(OrderAnswer(machine=last, **told))
        plants.edges[first].say(statement(plants, first, 2))
        plants.edges = {last: plants.edges[last], first: plants.edges[first]}

    return speak


def statements(plants: Plants) -> Callable[[str, str], None]:
    """Both state their hours, the later machine's agent first."""

    def speak(first: str, last: str) -> None:
        for name in (last, first):
            plants.edges[name].say(statement(plants, name, 2))
        plants.edges = {last: plants.edges[last], first: plants.edges[first]}

    return speak


@pytest.mark.parametrize("told", [answers, statements])
async def test_guards_are_had_in_the_order_of_machines_whoever_speaks_first(plants: Plants, told: Any) -> None:
    assert not await holds_the_later_guard_while_it_waits_for_the_earlier(plants, told(plants))


async def test_a_commit_that_locked_guards_as_they_are_spoken_of_is_found_out(
    plants: Plants, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "LOCK", "SELECT $1::text[]")
    assert await holds_the_later_guard_while_it_waits_for_the_earlier(plants, answers(plants))
