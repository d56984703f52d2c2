"""All lines down: opened when somebody has something to say to an agent, reopened after any trouble."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable
from contextlib import suppress
from functools import partial

import asyncpg
import structlog

from cloud.db import reaching
from cloud.dispatch import store
from cloud.dispatch.line import Line
from cloud.ingest.agents import Agents
from cloud.ingest.outage import Outage
from gateway.clock import Clock
from gateway.courier import Courier
from gateway.link import Acked, PeerClock, Resync
from gateway.mqtt import MqttClient
from gateway.topics import partition

log = structlog.get_logger(__name__)

CHANNEL = "ts_outgoing"
POLL = 0.3
"""Real seconds after which the table is read again without a notification: a busy database leaves some out."""

AFTER_TROUBLE = 2.0
"""Real seconds before a line that broke is opened again."""


class Post:
    """Keeps a courier per agent of these partitions (all, if None) and wakes the right one."""

    def __init__(
        self,
        connections: asyncpg.Pool,
        client: MqttClient,
        clock: Clock,
        outage: Outage,
        buckets: Collection[int] | None = None,
    ) -> None:
        self._connections = connections
        self._client = client
        self._clock = clock
        self._buckets = buckets
        self._agents = Agents(connections)
        self._outage = outage
        self._bells: dict[str, asyncio.Event] = {}

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            await self._persistently(lambda: self._listen(group))

    def _ring(self, group: asyncio.TaskGroup, agents: Iterable[str]) -> None:
        for agent in agents:
            if self._buckets is not None and partition(agent) not in self._buckets:
                continue
            if agent not in self._bells:
                self._bells[agent] = asyncio.Event()
                group.create_task(self._persistently(partial(self._serve, agent)), name=f"dispatch {agent}")
            self._bells[agent].set()

    async def _listen(self, group: asyncio.TaskGroup) -> None:
        """Look for new rows whenever a notification says that there is one, and now and then without."""
        news = asyncio.Event()

        def told(*_: object) -> None:
            news.set()

        async with reaching(), self._connections.acquire() as connection:
            await connection.add_listener(CHANNEL, told)
            try:
                self._ring(group, await store.addressed(connection))
                while True:
                    self._outage.found()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(news.wait(), POLL)
                    news.clear()
                    self._ring(group, await store.unsent(connection))
            finally:
                connection.terminate()  # it still listens, so nobody else may get it from the pool

    async def _serve(self, agent_id: str) -> None:
        """One agent's line, from its opening to the first trouble."""
        agent = await self._agents.find(agent_id)
        if agent is None:
            return
        bell = self._bells[agent_id]
        line = await Line.open(self._connections, agent.lane("down"), bell)
        courier = Courier(line.sender, self._client, line.lane, partial(self._told, line))
        bell.set()
        await _either(courier.run(), self._keep(line, courier))

    def _told(self, line: Line, effect: Acked | Resync | PeerClock) -> None:
        if isinstance(effect, PeerClock):
            line.offset = effect.offset(self._clock.now(), self._clock.speed) / self._clock.speed
        line.on_effect(effect)

    async def _keep(self, line: Line, courier: Courier) -> None:
        while await line.bell.wait():
            line.bell.clear()
            while await line.settle(self._clock.now()):
                courier.wake()

    async def _persistently(self, work: Callable[[], Awaitable[None]]) -> None:
        """Again after trouble: a database that is away is waited for, anything else is said and tried again."""
        while True:
            try:
                return await self._outage.outlast(work)
            except Exception as error:  # noqa: BLE001 - whatever it is, messages still come in, and other lines go on
                log.error("dispatch held up, starting it again", reason=repr(error))  # noqa: TRY400 - one line is enough
                await asyncio.sleep(AFTER_TROUBLE)


async def _either(*works: Coroutine[None, None, None]) -> None:
    """Until one of them ends; its exception is raised as it is, and the others are cancelled."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        await done.pop()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
