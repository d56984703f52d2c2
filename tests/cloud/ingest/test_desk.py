"""Each agent's packets in their order, small ones of many in one commit, and a database that comes and goes."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence

import pytest
from structlog.testing import capture_logs

from cloud.errors import DatabaseAway
from cloud.ingest.desk import LINE, ROOM, Desk
from gateway.topics import parse


class Counter:
    """A taker that echoes, is away when told so, fails on bad agents, and notes who was taken with whom."""

    def __init__(self, *bad: str) -> None:
        self.bad = set(bad)
        self.away = 0
        self.busy = self.most = 0
        self.seen: list[tuple[str, bytes]] = []
        self.shares: list[list[str]] = []

    async def take(self, brought: Mapping[str, Sequence[bytes]]) -> dict[str, list[bytes]]:
        self.busy += 1
        self.most = max(self.most, self.busy)
        self.shares.append(list(brought))
        await asyncio.sleep(0.002)
        self.busy -= 1
        if self.away:
            self.away -= 1
            msg = "gone"
            raise DatabaseAway(msg)
        if self.bad & brought.keys():
            msg = "no grant"
            raise PermissionError(msg)
        self.seen += [(agent, raw) for agent, raws in brought.items() for raw in raws]
        return {agent: list(raws) for agent, raws in brought.items()}


async def settled(published: list[tuple[str, bytes]], count: int) -> None:
    async with asyncio.timeout(10):
        while len(published) < count:  # noqa: ASYNC110 - the desk tells nobody when it is done
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("size", [3, ROOM], ids=["small", "large"])
async def test_one_agents_packets_keep_their_order(size: int) -> None:
    counter, published = Counter(), list[tuple[str, bytes]]()
    desk = Desk(counter.take, lambda topic, raw: published.append((topic, raw)))
    for number in range(40):
        for agent in ("agt_1", "agt_2", "agt_3"):
            desk.put(agent, b"%0*d" % (size, number))
    await settled(published, 120)
    for agent in ("agt_1", "agt_2", "agt_3"):
        assert [int(raw[-3:]) for of, raw in counter.seen if of == agent] == list(range(40))
    assert all(topic.endswith("/up-ack") for topic, _ in published)


async def test_who_brings_much_has_a_commit_alone_and_several_go_side_by_side() -> None:
    counter, published = Counter(), list[tuple[str, bytes]]()
    desk = Desk(counter.take, lambda topic, raw: published.append((topic, raw)))
    for number in range(8):
        desk.put(f"agt_{number}", b"x" * ROOM)
    await settled(published, 8)
    assert [len(share) for share in counter.shares] == [1] * 8
    assert counter.most == 6


async def test_small_packets_that_come_together_share_a_commit_and_what_comes_soon_after_the_next() -> None:
    counter, published = Counter(), list[tuple[str, bytes]]()
    desk = Desk(counter.take, lambda topic, raw: published.append((topic, raw)))
    for number in range(50):
        desk.put(f"agt_{number}", b"a state")
    await asyncio.sleep(0)
    for number in range(50, 60):
        desk.put(f"agt_{number}", b"a state")
        await asyncio.sleep(0)
    await settled(published, 60)
    assert [len(share) for share in counter.shares] == [50, 10]


async def test_a_store_that_wants_each_agent_for_itself_gets_it_so() -> None:
    counter, published = Counter(), list[tuple[str, bytes]]()
    desk = Desk(counter.take, lambda topic, raw: published.append((topic, raw)), room=0)
    for number in range(10):
        desk.put(f"agt_{number}", b"some samples")
    await settled(published, 10)
    assert [len(share) for share in counter.shares] == [1] * 10


GOOD = [f"agt_{number}" for number in range(5)]


async def beside_a_bad_one(kind: type[Desk]) -> tuple[Counter, set[str]]:
    """Five good agents and one whose packets can't be settled, and whom the desk had answered after a while."""
    counter, answered = Counter("agt_bad"), set[str]()
    desk = kind(counter.take, lambda topic, _: answered.add(parse(topic).agent))
    for agent in (*GOOD[:3], "agt_bad", *GOOD[3:]):
        desk.put(agent, b"a state")
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1):
            while not answered >= set(GOOD):  # noqa: ASYNC110 - the desk tells nobody when it is done
                await asyncio.sleep(0.001)
    await desk.close()
    return counter, answered


async def test_an_agent_whose_packets_fail_a_shared_commit_costs_the_others_nothing_but_that_try() -> None:
    with capture_logs() as logs:
        counter, answered = await beside_a_bad_one(Desk)
    assert answered == set(GOOD)
    assert [len(share) for share in counter.shares] == [6, *[1] * 6]
    assert [(entry["agent"], entry["event"]) for entry in logs] == [
        ("agt_bad", "packets not settled, the agent will send them again")
    ]


async def test_a_desk_that_did_not_part_them_again_is_found_out() -> None:
    class Careless(Desk):
        def _put_back(self, share: Mapping[str, Sequence[bytes]]) -> None:
            """What failed together is dropped together."""

    _, answered = await beside_a_bad_one(Careless)
    assert answered == set()


async def test_who_was_parted_shares_a_commit_again_once_it_went_well() -> None:
    counter, published = Counter(), list[tuple[str, bytes]]()
    counter.away = 1
    desk = Desk(counter.take, lambda topic, raw: published.append((topic, raw)))
    for turn in range(2):
        for agent in GOOD:
            desk.put(agent, b"a state")
        await settled(published, 5 * (turn + 1))
    assert [len(share) for share in counter.shares] == [5, 1, 1, 1, 1, 1, 5]


async def test_while_the_database_is_away_nothing_is_replied_and_it_is_said_once() -> None:
    counter, published = Counter(), list[tuple[str, bytes]]()
    counter.away = 4
    desk = Desk(counter.take, lambda topic, raw: published.append((topic, raw)))
    with capture_logs() as logs:
        desk.put("agt_1", b"one")
        desk.put("agt_2", b"two")
        await asyncio.sleep(0.05)
        assert published == []
        await settled(published, 2)
    assert [entry["event"] for entry in logs] == [
        "database lost, nothing is acknowledged until it is back",
        "database found again",
    ]


async def test_a_line_that_is_too_long_drops_what_will_be_sent_again() -> None:
    counter, published = Counter(), list[tuple[str, bytes]]()
    desk = Desk(counter.take, lambda topic, raw: published.append((topic, raw)))
    for number in range(LINE + 5):
        desk.put("agt_1", b"%d" % number)
    assert desk.dropped["agt_1"] == 5
    await settled(published, LINE)
    await desk.close()
