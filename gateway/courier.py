"""The link's shells over MQTT: a courier drives a sender, an intake feeds a receiver's store, arrivals name the agent.

courier = Courier(sender, client, lane, on_effect)       # on_effect(Acked | Resync | PeerClock), in the loop
courier.wake()                                           # after an append; cheap, may be called any time
await courier.run()                                      # until cancelled; raises what is no passing trouble

async for agent, packet in arrivals(client, Channel.UP, buckets): ...       # what the cloud's ingest reads
await Intake(client, outbox, lane, store, now).run()     # the edge's side of `down`: store(tx, decision)
"""

import asyncio
import secrets
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from datetime import datetime

import structlog

from gateway.errors import GatewayError
from gateway.link import (
    Accept,
    Acked,
    Adopted,
    Effect,
    Lane,
    PeerClock,
    Refusal,
    Resync,
    Send,
    Sender,
    read,
    receive,
    reply,
)
from gateway.mqtt import MqttClient, Subscription
from gateway.outbox import Outbox, OutboxUnavailable, Transaction
from gateway.topics import Channel, Topic, TopicUnknown, filter_for, parse

log = structlog.get_logger(__name__)

FORTH = {"up": Channel.UP, "down": Channel.DOWN}
BACK = {"up": Channel.UP_ACK, "down": Channel.DOWN_ACK}
RETRY = 2.0
"""Real seconds until a step that failed for the moment (a full disk) is tried again."""


class Courier:
    """Carries one sender's packets and answers. Every step runs in `run`, so none can fall into a transaction."""

    def __init__(
        self, sender: Sender, client: MqttClient, lane: Lane, on_effect: Callable[[Acked | Resync | PeerClock], None]
    ) -> None:
        self._sender = sender
        self._client = client
        self._topic = str(Topic(lane.agent, FORTH[lane.leg]))
        self._answers = str(Topic(lane.agent, BACK[lane.leg]))
        self._on_effect = on_effect
        self._bell = asyncio.Event()
        self._changes: deque[bool] = deque()
        self._troubled = False

    def wake(self) -> None:
        """Something was appended; it is sent as soon as the caller lets go of the loop."""
        self._bell.set()

    async def run(self) -> None:
        answers = self._client.subscribe(self._answers, bell=self._bell)
        self._client.watch(self._changed)
        try:
            while True:
                await self._ring()
                await self._round(answers)
        finally:
            self._client.unwatch(self._changed)
            self._client.unsubscribe(answers)
            self._sender.disconnected()

    def _changed(self, up: bool) -> None:
        self._changes.append(up)
        self._bell.set()

    async def _ring(self) -> None:
        """Wait for a change, an answer, a wake-up, or the sender's deadline."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._sender.deadline):
                await self._bell.wait()
        self._bell.clear()

    async def _round(self, answers: Subscription) -> None:
        try:
            self._steps(answers)
        except GatewayError as error:
            if not error.retryable:
                raise
            if not self._troubled:
                log.warning("post held up, trying on", topic=self._topic, code=error.code, reason=str(error))
            self._troubled = True
            await asyncio.sleep(RETRY)
            # What the failed round left undone is unknown; a new greeting makes up for all of it.
            self._changed(self._client.connected)
        else:
            if self._troubled:
                log.info("post goes on", topic=self._topic)
            self._troubled = False
            await asyncio.sleep(0)

    def _steps(self, answers: Subscription) -> None:
        now = asyncio.get_running_loop().time()
        while self._changes:
            if self._changes.popleft():
                self._carry(self._sender.connected(now))
            else:
                self._sender.disconnected()
        while message := answers.take():
            self._carry(self._sender.receive(message.payload, now))
        self._carry(self._sender.tick(now))
        self._carry(self._sender.wake(now))

    def _carry(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self._client.publish(self._topic, effect.data)
            else:
                self._on_effect(effect)


async def arrivals(
    client: MqttClient, channel: Channel, buckets: Iterable[int] | None = None, *, limit: int = 1000
) -> AsyncIterator[tuple[str, bytes]]:
    """(agent, packet) of every agent in these partitions, or in all; what comes on a foreign topic is left out."""
    filters = [filter_for(channel)] if buckets is None else [filter_for(channel, bucket) for bucket in buckets]
    subscription = client.subscribe(*filters, limit=limit)
    try:
        async for message in subscription:
            with suppress(TopicUnknown):
                yield parse(message.topic).agent, message.payload
    finally:
        client.unsubscribe(subscription)


class Intake:
    """The edge's receiving side: stores what comes down and its position in one transaction, and only then answers.

    `store(tx, decision)` writes the decision's entries and losses; it runs inside the transaction and must not await.
    `now` is the business clock. What is refused is counted by reason in `refused`.
    """

    def __init__(
        self,
        client: MqttClient,
        outbox: Outbox,
        lane: Lane,
        store: Callable[[Transaction, Accept | Adopted], None],
        now: Callable[[], datetime],
    ) -> None:
        self.refused: Counter[Refusal] = Counter()
        self._client = client
        self._outbox = outbox
        self._lane = lane
        self._store = store
        self._now = now
        self._boot = secrets.token_bytes(16)
        self._troubled = False

    async def run(self) -> None:
        packets = self._client.subscribe(str(Topic(self._lane.agent, FORTH[self._lane.leg])))
        try:
            async for message in packets:
                self._take(message.payload)
        finally:
            self._client.unsubscribe(packets)

    def _take(self, raw: bytes) -> None:
        packet = read(self._lane, raw)
        if isinstance(packet, Refusal):
            self.refused[packet] += 1
            return
        try:
            decision = receive(self._outbox.position(packet.stream), packet, self._boot)
            if isinstance(decision, Accept | Adopted):
                self._commit(decision)
        except OutboxUnavailable as error:
            self._trouble(error)
            return
        self._troubled = False
        topic = str(Topic(self._lane.agent, BACK[self._lane.leg]))
        self._client.publish(topic, reply(self._lane, decision, self._now()))

    def _trouble(self, error: OutboxUnavailable) -> None:
        if not self._troubled:
            log.warning("not stored, so not answered: it will be sent again", code=error.code, reason=str(error))
        self._troubled = True

    def _commit(self, decision: Accept | Adopted) -> None:
        with self._outbox.transaction() as tx:
            self._store(tx, decision)
            tx.save_position(decision.stream, decision.position)
