"""The link over real brokers: exactly once, whatever the broker does to the packets that it was trusted with."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest

from gateway.courier import Courier, Intake, arrivals
from gateway.errors import GatewayError
from gateway.link import (
    STREAMS,
    Accept,
    Acked,
    Adopted,
    Disk,
    Keyring,
    Lane,
    MemoryJournal,
    PeerClock,
    Point,
    Position,
    Refusal,
    Sender,
    Timing,
    read,
    receive,
    reply,
)
from gateway.messages import Stream
from gateway.mqtt import MqttClient, MqttSettings
from gateway.outbox import Outbox, OutboxUnavailable, Transaction
from gateway.topics import Channel, Topic, partition

KEYRING = Keyring({"k1": b"a secret of thirty-two bytes....."}, "k1")
UP, DOWN = Lane(KEYRING, "edge-1", "up"), Lane(KEYRING, "edge-1", "down")
QUICK = Timing(first=0.3, longest=1.0)
STATE = Stream.STATE


def now() -> datetime:
    return datetime.now(UTC)


def client(port: int, name: str) -> MqttClient:
    return MqttClient(MqttSettings("127.0.0.1", port, name, longest_wait=0.2))


class Registry:
    """The receiving side as the cloud has it, with its store in memory."""

    def __init__(self) -> None:
        self.positions: dict[Stream, Position] = dict.fromkeys(STREAMS, Position())
        self.stored: list[int] = []
        self.losses = 0

    async def run(self, mqtt: MqttClient, buckets: list[int] | None = None) -> None:
        async for agent, raw in arrivals(mqtt, Channel.UP, buckets):
            packet = read(UP, raw)
            assert not isinstance(packet, Refusal)
            decision = receive(self.positions[packet.stream], packet, b"boot")
            if isinstance(decision, Accept | Adopted):
                self.positions[packet.stream] = decision.position
                self.stored += [orjson.loads(entry.payload or b"")["n"] for entry in decision.entries]
                self.losses += len(decision.losses)
            mqtt.publish(str(Topic(agent, Channel.UP_ACK)), reply(UP, decision, now()))


@contextlib.asynccontextmanager
async def running(*works: Any) -> AsyncIterator[None]:
    """Tasks that run for the length of the block; if one fails, so does the block."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        yield
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


def append(outbox: Outbox, first: int, last: int) -> None:
    with outbox.transaction() as tx:
        for n in range(first, last + 1):
            tx.append(STATE, b'{"n":%d}' % n)


async def test_exactly_once_over_a_broker_that_is_killed_and_started_again(mosquitto: Any, tmp_path: Path) -> None:
    registry, effects = Registry(), list[Acked | Any]()
    with Outbox(tmp_path / "outbox.sqlite", now=now) as outbox:
        async with client(mosquitto.port, "edge-1") as edge, client(mosquitto.port, "cloud") as cloud:
            courier = Courier(Sender(outbox, UP, Random(1), timing=QUICK), edge, UP, effects.append)
            async with running(registry.run(cloud, [partition("edge-1")]), courier.run()):
                for round_ in range(4):
                    await asyncio.gather(edge.wait_connected(), cloud.wait_connected())
                    for n in range(100):
                        append(outbox, 1000 * round_ + 10 * n + 1, 1000 * round_ + 10 * n + 10)
                        courier.wake()
                        await asyncio.sleep(0)
                    unacknowledged = outbox.backlog()[STATE].messages
                    assert unacknowledged > 0
                    mosquitto.kill()
                    await until(lambda: not edge.connected)
                    mosquitto.start()
                await until(lambda: len(registry.stored) >= 4000)
                await until(lambda: outbox.held(STATE)[-1].drained)
    assert registry.stored == list(range(1, 4001))
    assert registry.losses == 0
    assert any(isinstance(effect, PeerClock) for effect in effects)


async def test_exactly_once_over_the_broker_of_a_single_machine(amqtt_port: int, tmp_path: Path) -> None:
    registry = Registry()
    with Outbox(tmp_path / "outbox.sqlite", now=now) as outbox:
        async with client(amqtt_port, "edge-1") as edge, client(amqtt_port, "cloud") as cloud:
            courier = Courier(Sender(outbox, UP, Random(1), timing=QUICK), edge, UP, lambda _: None)
            async with running(registry.run(cloud), courier.run()):
                append(outbox, 1, 500)
                courier.wake()
                await until(lambda: outbox.held(STATE)[-1].drained)
    assert registry.stored == list(range(1, 501))


class Plant:
    """The edge's side of `down`: keeps each order as a document."""

    def __init__(self, outbox: Outbox, mqtt: MqttClient) -> None:
        self.full = False
        self.intake = Intake(mqtt, outbox, DOWN, self._store, now)

    def _store(self, tx: Transaction, decision: Accept | Adopted) -> None:
        for entry in decision.entries:
            tx.put("order", f"{decision.epoch}-{entry.seq:06d}", entry.payload or b"")
        if self.full:
            self.full = False
            msg = "disk full"
            raise OutboxUnavailable(msg)


async def test_orders_come_down_and_are_answered_only_once_they_are_stored(mosquitto: Any, tmp_path: Path) -> None:
    journal = MemoryJournal(Random(2), Disk())
    with Outbox(tmp_path / "outbox.sqlite", now=now) as outbox:
        async with client(mosquitto.port, "edge-1") as edge, client(mosquitto.port, "cloud") as cloud:
            plant = Plant(outbox, edge)
            sender = Sender(journal, DOWN, Random(3), streams=[Stream.CONTROL], timing=QUICK)
            courier = Courier(sender, cloud, DOWN, lambda _: None)
            async with running(plant.intake.run(), courier.run()):
                with journal.transaction() as tx:
                    tx.append(Stream.CONTROL, b'{"n":1}')
                courier.wake()
                await until(lambda: len(outbox.documents("order")) == 1)
                plant.full = True
                mark = journal.append(Stream.CONTROL, b'{"n":2}')
                courier.wake()
                await until(lambda: journal.held(Stream.CONTROL)[-1].drained)
                edge.publish(str(Topic("edge-1", Channel.DOWN)), b"noise")
                await until(lambda: plant.intake.refused[Refusal.FORM] == 1)
        assert list(outbox.documents("order").values()) == [b'{"n":1}', b'{"n":2}']
        assert outbox.position(Stream.CONTROL).point == Point(mark.epoch, 2)


class FailingJournal(MemoryJournal):
    """A journal whose disk fails for a while, or for good."""

    error: GatewayError | None = None

    def held(self, stream: Stream) -> Any:
        if self.error:
            raise self.error
        return super().held(stream)


async def test_a_disk_that_fails_for_a_while_holds_the_post_up_and_no_more(
    mosquitto: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.courier.RETRY", 0.05)
    journal, registry = FailingJournal(Random(1)), Registry()
    async with client(mosquitto.port, "edge-1") as edge, client(mosquitto.port, "cloud") as cloud:
        courier = Courier(Sender(journal, UP, Random(1), timing=QUICK), edge, UP, lambda _: None)
        async with running(registry.run(cloud), courier.run()):
            await edge.wait_connected()
            journal.error = OutboxUnavailable("I/O error")
            journal.append(STATE, b'{"n":1}')
            courier.wake()
            await asyncio.sleep(0.2)
            journal.error = None
            await until(lambda: registry.stored == [1])


async def test_what_is_no_passing_trouble_ends_the_courier(mosquitto: Any) -> None:
    journal = FailingJournal(Random(1))
    async with client(mosquitto.port, "edge-1") as edge:
        courier = Courier(Sender(journal, UP, Random(1)), edge, UP, lambda _: None)
        journal.error = GatewayError("broken")
        with pytest.raises(GatewayError, match="broken"):
            await asyncio.wait_for(courier.run(), 10)
