"""Lines up each agent's packets before the intake: one agent's in their order, small ones of many agents together."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import islice

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

ROOM = 16 << 10
"""Bytes up to which several agents share a commit. What waits for one goes at once when there is as much of it."""

PACE = 0.02
"""Real seconds from the beginning of one shared commit to that of the next: who comes meanwhile, shares it."""

AFTER_FAULT = 1.0
"""Real seconds that an agent waits whose packets can't be settled."""

Take = Callable[[Mapping[str, Sequence[bytes]]], Awaitable[Mapping[str, list[bytes]]]]


class Desk:
    """`put` packets; replies go out by `publish(topic, packet)`. At most `side_by_side` commits are under way.

    Where one commit of several agents fails, each of them has its next one for itself: nobody's trouble is another's.
    """

    def __init__(
        self,
        take: Take,
        publish: Callable[[str, bytes], object],
        *,
        outage: Outage | None = None,
        side_by_side: int = 6,
        room: int = ROOM,
    ) -> None:
        self.dropped: Counter[str] = Counter()
        self._take = take
        self._publish = publish
        self._side_by_side = side_by_side
        self._room = room
        self._outage = outage or Outage()
        self._lines: dict[str, deque[bytes]] = {}
        self._bytes = 0
        self._ready: dict[str, int] = {}  # who may be served next, in turn, and what waits of each in bytes
        self._serving: set[asyncio.Task[None]] = set()
        self._began = float("-inf")
        self._bell: asyncio.TimerHandle | None = None
        self._looking = False
        self._alone: set[str] = set()
        self._faulty: set[tuple[str, str]] = set()

    def put(self, agent: str, packet: bytes) -> None:
        """Take a packet in; never waits."""
        line = self._lines.get(agent, deque())
        if len(line) >= LINE or self._bytes + len(packet) > HALL:
            self.dropped[agent] += 1
            return
        line.append(packet)
        self._bytes += len(packet)
        if agent not in self._lines:
            self._lines[agent] = line
            self._ready[agent] = 0
        if agent in self._ready:
            self._ready[agent] += len(packet)
            self._soon()

    async def close(self) -> None:
        """Stop serving; what is not committed stays with its sender."""
        self._side_by_side = 0
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def _soon(self) -> None:
        """Look once all has been put that is put now."""
        if not self._looking:
            self._looking = True
            asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        """Begin what is due; where somebody waits for a later moment, look again then."""
        self._looking = False
        while self._ready and len(self._serving) < self._side_by_side:
            wait = self._wait()
            if wait > 0:
                if self._bell:
                    self._bell.cancel()
                self._bell = asyncio.get_running_loop().call_later(wait, self._look)
                return
            self._began = time.monotonic()
            task = asyncio.get_running_loop().create_task(self._serve(self._share()))
            self._serving.add(task)
            task.add_done_callback(self._done)

    def _wait(self) -> float:
        if wait := self._outage.wait:
            return wait
        if next(iter(self._ready)) in self._alone or sum(self._ready.values()) >= self._room:
            return 0.0
        return self._began + PACE - time.monotonic()

    def _share(self) -> dict[str, list[bytes]]:
        """The packets of the next in turn, and of those after it as long as there is room."""
        share: dict[str, list[bytes]] = {}
        room = self._room
        for agent in self._ready:
            packets = list(islice(self._lines[agent], TOGETHER))
            room -= sum(map(len, packets))
            if share and (room < 0 or agent in self._alone):
                break
            share[agent] = packets
            if agent in self._alone:
                break
        for agent, packets in share.items():
            del self._ready[agent]
            for packet in packets:
                self._lines[agent].popleft()
                self._bytes -= len(packet)
        return share

    async def _serve(self, share: Mapping[str, Sequence[bytes]]) -> None:
        wait = 0.0
        try:
            await self._settle(share)
        except self._outage.away as error:
            self._outage.lost(error)
            self._put_back(share)
        except Exception as error:  # noqa: BLE001 - one agent's trouble must not stop the others
            if len(share) > 1:
                self._put_back(share)
            else:
                self._fault(next(iter(share)), error)
                wait = AFTER_FAULT
        finally:
            asyncio.get_running_loop().call_later(wait, self._rejoin, share)

    async def _settle(self, share: Mapping[str, Sequence[bytes]]) -> None:
        for agent, replies in (await self._take(share)).items():
            for reply in replies:
                self._publish(str(Topic(agent, Channel.UP_ACK)), reply)
        self._outage.found()
        self._alone -= share.keys()

    def _put_back(self, share: Mapping[str, Sequence[bytes]]) -> None:
        """At the head of their lines; whoever shared a commit that failed has the next one for itself."""
        if len(share) > 1:
            self._alone |= share.keys()
        for agent, packets in share.items():
            self._lines[agent].extendleft(reversed(packets))
            self._bytes += sum(map(len, packets))

    def _fault(self, agent: str, error: Exception) -> None:
        """Not the database's absence and not a message's fault: say so once; this agent waits, the others go on."""
        known = (agent, type(error).__name__)
        if known not in self._faulty:
            self._faulty.add(known)
            log.error("packets not settled, the agent will send them again", agent=agent, reason=repr(error))

    def _rejoin(self, agents: Iterable[str]) -> None:
        for agent in agents:
            if line := self._lines[agent]:
                self._ready[agent] = sum(map(len, line))
            else:
                del self._lines[agent]
        self._soon()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._serving.discard(task)
        self._soon()
