"""Each agent's packets in their order, agents side by side, and a database that comes and goes."""

import asyncio
from collections.abc import Sequence

from structlog.testing import capture_logs

from cloud.errors import DatabaseAway
from cloud.ingest.desk import LINE, Desk


class Counter:
    """A taker that echoes, is away when told so, and notes how many were at work together."""

    def __init__(self) -> None:
        self.away = 0
        self.busy = self.most = 0
        self.seen: list[tuple[str, bytes]] = []

    async def take(self, agent: str, raws: Sequence[bytes]) -> list[bytes]:
        self.busy += 1
        self.most = max(self.most, self.busy)
        await asyncio.sleep(0.002)
        self.busy -= 1
        if self.away:
            self.away -= 1
            msg = "gone"
            raise DatabaseAway(msg)
        self.seen += [(agent, raw) for raw in raws]
        return list(raws)


async def settled(published: list[tuple[str, bytes]], count: int) -> None:
    async with asyncio.timeout(10):
        while len(published) < count:  # noqa: ASYNC110 - the desk tells nobody when it is done
            await asyncio.sleep(0.001)


async def test_one_agents_packets_keep_their_order_and_agents_are_served_side_by_side() -> None:
    counter, published = Counter(), list[tuple[str, bytes]]()
    desk = Desk(counter.take, lambda topic, raw: published.append((topic, raw)))
    for number in range(40):
        for agent in ("agt_1", "agt_2", "agt_3"):
            desk.put(agent, b"%d" % number)
    await settled(published, 120)
    for agent in ("agt_1", "agt_2", "agt_3"):
        assert [raw for of, raw in counter.seen if of == agent] == [b"%d" % number for number in range(40)]
    assert counter.most > 1
    assert all(topic.endswith("/up-ack") for topic, _ in published)


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
