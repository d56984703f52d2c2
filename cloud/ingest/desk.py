"""Lines up each agent's packets before the intake: one agent's in their order, different agents side by side."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence

import structlog

from cloud.ingest.outage import Outage
from gateway.topics import Channel, Topic

log = structlog.get_logger(__name__)

LINE = 64
"""Packets that may wait for one agent; more are dropped, as its sender's window is smaller and it sends again."""

HALL = 256 << 20
"""Bytes that may wait altogether."""

TOGETHER = 32
"""Packets of one agent that share a commit."""

Take = Callable[[str, Sequence[bytes]], Awaitable[list[bytes]]]


class Desk:
    """`put` packets; replies go out by `publish(topic, packet)`. At most `side_by_side` commits are under way."""

    def __init__(
        self,
        take: Take,
        publish: Callable[[str, bytes], object],
        *,
        outage: Outage | None = None,
        side_by_side: int = 6,
    ) -> None:
        self.dropped: Counter[str] = Counter()
        self._take = take
        self._publish = publish
        self._slots = asyncio.Semaphore(side_by_side)
        self._outage = outage or Outage()
        self._lines: dict[str, deque[bytes]] = {}
        self._waiting = 0
        self._serving: dict[str, asyncio.Task[None]] = {}
        self._faulty: set[tuple[str, str]] = set()

    def put(self, agent: str, packet: bytes) -> None:
        """Take a packet in; never waits."""
        line = self._lines.get(agent, deque())
        if len(line) >= LINE or self._waiting + len(packet) > HALL:
            self.dropped[agent] += 1
            return
        line.append(packet)
        self._waiting += len(packet)
        if agent not in self._serving:
            self._lines[agent] = line
            self._serving[agent] = asyncio.get_running_loop().create_task(self._serve(agent, line))

    async def close(self) -> None:
        """Stop serving; what is not committed stays with its sender."""
        tasks = list(self._serving.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, agent: str, line: deque[bytes]) -> None:
        try:
            while line:
                packets = [line.popleft() for _ in range(min(len(line), TOGETHER))]
                self._waiting -= sum(map(len, packets))
                for reply in await self._settled(agent, packets):
                    self._publish(str(Topic(agent, Channel.UP_ACK)), reply)
        finally:
            self._waiting -= sum(map(len, line))
            del self._serving[agent], self._lines[agent]

    async def _settled(self, agent: str, packets: Sequence[bytes]) -> list[bytes]:
        """The replies, however long the database is away; none where these packets can't be settled now."""
        try:
            return await self._outage.outlast(lambda: self._in_turn(agent, packets))
        except Exception as error:  # noqa: BLE001 - one agent's trouble must not stop the others
            await self._fault(agent, error)
            return []

    async def _in_turn(self, agent: str, packets: Sequence[bytes]) -> list[bytes]:
        async with self._slots:
            return await self._take(agent, packets)

    async def _fault(self, agent: str, error: Exception) -> None:
        """Not the database's absence and not a message's fault: say so once, let this agent wait, and go on."""
        known = (agent, type(error).__name__)
        if known not in self._faulty:
            self._faulty.add(known)
            log.error("packets not settled, the agent will send them again", agent=agent, reason=repr(error))
        await asyncio.sleep(1.0)
