"""What would cross: listens on the plant's broker alone, and prints what the door would do with each message."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from random import SystemRandom
from typing import Any

import structlog

from gateway.bridge.cache import Name, Parcel
from gateway.bridge.config import lanes, read, settings
from gateway.bridge.judge import Judged, by_policy
from gateway.bridge.notebook import Notebook
from gateway.bridge.parcel import Chain
from gateway.bridge.relay import Packet, Relay
from gateway.bridge.run import until_told
from gateway.bridge.words import Account, account
from gateway.clock import Clock
from gateway.link import Data, Kept, Point, Refusal
from gateway.link.packets import decode_back
from gateway.mqtt import MqttClient
from gateway.topics import Channel, Topic, TopicUnknown, filter_for, parse

log = structlog.get_logger(__name__)

COURTESY = 3.0
"""Real seconds of listening before an agent that nobody answers is told to go on."""
SERVED = 30.0
"""Real seconds for which an agent counts as served by somebody else after an answer to it was heard."""


class Tally:
    """Keeps nothing but where each stream has got to, so that an agent goes on to what it has not said yet."""

    def __init__(self) -> None:
        self._chains: dict[Name, Chain] = {}

    def chain(self, name: Name) -> Chain | None:
        return self._chains.get(name)

    def acked(self, _: Name) -> Point | None:
        return None

    def append(self, name: Name, packet: Data) -> bool:
        chain = self._chains.get(name)
        self._chains[name] = chain.plus(packet) if chain else Chain.of(packet)
        return True

    def following(self, _name: Name, _place: int, _size: int) -> list[Parcel]:
        return []

    def prune(self, name: Name, through: Point) -> None: ...

    def drop(self, name: Name) -> None:
        self._chains.pop(name, None)

    def size(self, _: Name | None = None) -> int:
        return 0


class Rehearsal:
    """Judges what agents say and sends nothing out. `show` gets each message once.

    An agent that the registry does not answer says no more than hello. It is told that copies are kept, which is
    enough to hear it all: it deletes nothing, and says all of it again to the door that follows.
    """

    def __init__(self, relays: Mapping[str, Relay], client: MqttClient, notebook: Notebook) -> None:
        self._relays, self._client, self._notebook = relays, client, notebook
        self._served: dict[str, float] = {}

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        heard = self._client.subscribe(filter_for(Channel.UP), filter_for(Channel.UP_ACK), limit=4000)
        async for message in heard:
            with suppress(TopicUnknown):
                topic = parse(message.topic)
                self._hear(topic, message.payload, loop.time(), quiet=loop.time() - begun < COURTESY)

    def _hear(self, topic: Topic, payload: bytes, now: float, *, quiet: bool) -> None:
        relay = self._relays.get(topic.agent)
        if topic.channel is Channel.UP_ACK:
            if not isinstance(decode_back(payload.partition(b"\n")[2]), Kept | Refusal):
                self._served[topic.agent] = now
        elif relay is None:
            self._notebook.stranger(topic.agent)
        else:
            packets = relay.receive(topic.channel, payload, now)
            if not quiet and now - self._served.get(topic.agent, -SERVED) >= SERVED:
                self._answer(topic.agent, packets)

    def _answer(self, agent: str, packets: list[Packet]) -> None:
        for packet in packets:
            if packet.channel is Channel.UP_ACK:
                self._client.publish(str(Topic(agent, packet.channel)), packet.data)


async def rehearse(path: Path, clock: Clock, show: Callable[[Account], None]) -> Mapping[tuple[str, ...], Any]:
    """Show every message until SIGINT or SIGTERM; how many of each kind, and their bytes. Raises FileInvalid."""
    config, vault = read(path)
    notebook, judge, tally = Notebook(clock.now), by_policy(config.disclosure), Tally()
    totals: dict[tuple[str, ...], Counter[str]] = {}

    def judged(agent: str, each: Judged) -> None:
        told = account(agent, each)
        key = (told.agent, told.machine, told.kind, told.verdict, told.why)
        totals.setdefault(key, Counter()).update({"messages": 1, "bytes": told.size})
        show(told)

    relays = {agent: Relay(lane, tally, judge, SystemRandom()) for agent, lane in lanes(config, vault).items()}
    for agent, relay in relays.items():
        relay.on_judged = lambda each, agent=agent: judged(agent, each)  # type: ignore[misc]
        relay.on_refused = lambda channel, why, agent=agent: notebook.refuse(agent, channel, why)  # type: ignore[misc]
    async with MqttClient(settings(config, "inside", vault, guest="dry")) as client:
        log.info("listening; nothing goes out", inside=config.inside.place, agents=list(relays))
        await until_told(asyncio.ensure_future(Rehearsal(relays, client, notebook).run()))
    return totals
