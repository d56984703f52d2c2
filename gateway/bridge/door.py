"""The running door: two brokers, a relay for each agent, one cache, and a bell that rings when there is work."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from random import SystemRandom

import structlog

from gateway.bridge.brokers import Brokers
from gateway.bridge.judge import Judge
from gateway.bridge.notebook import Notebook
from gateway.bridge.relay import Packet, Relay
from gateway.bridge.store import FileCache
from gateway.link import Lane
from gateway.mqtt import Subscription
from gateway.topics import Channel, Topic, TopicUnknown, filter_for, parse

log = structlog.get_logger(__name__)

INSIDE = (Channel.UP, Channel.DOWN_ACK)
"""What is heard on the plant's broker and goes out; the other two channels come in."""

TOGETHER = 500
"""Packets of one side that share a round, and a commit of the cache."""

QUEUE = 4000
"""Packets of one side that may wait; what is beyond is dropped, and sent again by its sender."""


class Door:
    """Carries packets until cancelled. Every step runs in `run`; nothing waits but for the bell."""

    def __init__(
        self, lanes: Mapping[str, Lane], judge: Judge, cache: FileCache, notebook: Notebook, brokers: Brokers
    ) -> None:
        random = SystemRandom()
        self.relays = {agent: Relay(lane, cache, judge, random) for agent, lane in lanes.items()}
        for agent, relay in self.relays.items():
            relay.on_judged = _bound(notebook.judged, agent)
            relay.on_refused = _bound(notebook.refuse, agent)
        self.cache, self.notebook, self.brokers = cache, notebook, brokers
        self._bell = asyncio.Event()
        self._changes: list[bool] = []

    @property
    def behind(self) -> bool:
        """Whether copies wait that the registry should have by now."""
        return any(passage.behind for relay in self.relays.values() for passage in relay.passages.values())

    async def run(self) -> None:
        """Raises SameBroker where what goes out comes in again."""
        inside, outside = self.brokers.inside, self.brokers.outside
        ways = [str(Topic(agent, channel)) for agent in self.relays for channel in (Channel.UP_ACK, Channel.DOWN)]
        plant = inside.subscribe(*(filter_for(channel) for channel in INSIDE), limit=QUEUE, bell=self._bell)
        cloud = outside.subscribe(*ways, limit=QUEUE, bell=self._bell)
        outside.watch(self._changed)
        waited = False
        while True:
            await self._ring()
            self._round(plant, cloud)
            self.cache.flush()
            waited = self._tell(waited)
            await asyncio.sleep(0)

    def _changed(self, up: bool) -> None:
        self._changes.append(up)
        self._bell.set()

    async def _ring(self) -> None:
        dues = [relay.deadline for relay in self.relays.values() if relay.deadline is not None]
        with suppress(TimeoutError):
            async with asyncio.timeout_at(min(dues, default=None)):
                await self._bell.wait()
        self._bell.clear()

    def _round(self, plant: Subscription, cloud: Subscription) -> None:
        now = asyncio.get_running_loop().time()
        while self._changes:
            up = self._changes.pop(0)
            for agent, relay in self.relays.items():
                if up:
                    self._send(agent, relay.connected(now))
                else:
                    relay.disconnected()
        self._take(cloud, now)
        self._take(plant, now)
        for agent, relay in self.relays.items():
            self._send(agent, relay.tick(now))

    def _take(self, arrived: Subscription, now: float) -> None:
        for _ in range(TOGETHER):
            message = arrived.take()
            if message is None:
                return
            with suppress(TopicUnknown):
                topic = parse(message.topic)
                relay = self.relays.get(topic.agent)
                if relay is None:
                    self.notebook.stranger(topic.agent)
                else:
                    self._send(topic.agent, relay.receive(topic.channel, message.payload, now))
        self._bell.set()

    def _send(self, agent: str, packets: list[Packet]) -> None:
        for packet in packets:
            client = self.brokers.outside if packet.channel in INSIDE else self.brokers.inside
            client.publish(str(Topic(agent, packet.channel)), packet.data)

    def _tell(self, waited: bool) -> bool:
        waits = self.behind
        if waited and not waits and self.brokers.outside.connected:
            log.info("all that waited is out")
        return waits


def _bound(call: Callable[..., None], agent: str) -> Callable[..., None]:
    return lambda *given: call(agent, *given)
