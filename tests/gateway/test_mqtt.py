"""The MQTT client: comes back by itself, never blocks the loop, never grows, and says what happened once."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
import structlog

from gateway import mqtt, steadiness
from gateway.mqtt import Message, MqttClient, MqttSettings


def settings(port: int, name: str = "test") -> MqttSettings:
    return MqttSettings("127.0.0.1", port, name, longest_wait=0.2)


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


async def test_what_is_published_arrives_in_order(mosquitto: Any) -> None:
    async with MqttClient(settings(mosquitto.port)) as client:
        inbox = client.subscribe("a/+")
        await client.wait_connected()
        assert all(client.publish("a/b", b"%d" % n) for n in range(200))
        async with asyncio.timeout(10):
            assert [(await anext(inbox)).payload for _ in range(200)] == [b"%d" % n for n in range(200)]


async def test_subscriptions_are_apart_and_can_be_ended(mosquitto: Any) -> None:
    async with MqttClient(settings(mosquitto.port)) as client:
        await client.wait_connected()
        one, other = client.subscribe("one"), client.subscribe("other", "third")
        client.publish("one", b"1")
        client.publish("third", b"3")
        async with asyncio.timeout(10):
            assert (await anext(other)) == Message("third", b"3")
            assert (await anext(one)) == Message("one", b"1")
        client.unsubscribe(one)
        client.publish("one", b"1")
        client.publish("other", b"2")
        async with asyncio.timeout(10):
            assert (await anext(other)) == Message("other", b"2")
        assert one.take() is None


async def test_a_broker_that_is_not_there_yet_is_waited_for_without_blocking(mosquitto: Any) -> None:
    mosquitto.kill()
    changes: list[bool] = []
    async with MqttClient(settings(mosquitto.port)) as client:
        client.watch(changes.append)
        inbox = client.subscribe("a")
        assert client.publish("a", b"lost") is False
        begun = time.monotonic()
        await asyncio.sleep(0.05)
        assert time.monotonic() - begun < 0.5
        mosquitto.start()
        await until(lambda: client.connected)
        assert client.publish("a", b"found")
        async with asyncio.timeout(10):
            assert (await anext(inbox)).payload == b"found"
    assert changes[0] is True


async def test_loss_and_recovery_are_each_told_once(mosquitto: Any) -> None:
    with structlog.testing.capture_logs() as logs:
        async with MqttClient(settings(mosquitto.port)) as client:
            await client.wait_connected()
            mosquitto.kill()
            await until(lambda: not client.connected)
            await asyncio.sleep(1.5)
            mosquitto.start()
            await until(lambda: client.connected)
            inbox = client.subscribe("a")
            client.publish("a", b"1")
            async with asyncio.timeout(10):
                await anext(inbox)
    assert [(line["event"], line["log_level"]) for line in logs] == [
        ("broker lost, trying on", "warning"),
        ("broker found again", "info"),
    ]


async def test_two_clients_of_one_name_are_said_once_and_push_each_other_out_less_often(
    mosquitto: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steadiness, "SHORT", 2.0)
    changes: list[bool] = []
    with structlog.testing.capture_logs() as logs:
        async with MqttClient(settings(mosquitto.port, "twin")) as client:
            client.watch(changes.append)
            async with MqttClient(settings(mosquitto.port, "twin")):
                await until(lambda: changes.count(False) >= 6)
            await until(lambda: logs[-1]["event"] == "broker found again")
    lost = [line["reason"] for line in logs if line["event"] == "broker lost, trying on"]
    assert [line for line in lost if "second client named 'twin'" in line] != []
    assert len(lost) <= 2 * 3 + 1


async def test_a_refused_client_says_what_to_check(mosquitto: Any) -> None:
    mosquitto.kill()
    mosquitto.configure("allow_anonymous false")
    mosquitto.start()
    with structlog.testing.capture_logs() as logs:
        async with MqttClient(settings(mosquitto.port)) as client:
            await until(lambda: bool(logs))
            assert not client.connected
            await asyncio.sleep(1)
    assert len(logs) == 1
    assert "check user, password" in logs[0]["reason"]


async def test_a_queue_that_nobody_reads_stays_bounded_and_the_connection_stays_up(
    mosquitto: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt, "PATIENCE", 0.2)
    async with (
        MqttClient(settings(mosquitto.port, "reader")) as reader,
        MqttClient(settings(mosquitto.port, "w")) as writer,
    ):
        inbox = reader.subscribe("a", limit=10)
        await asyncio.gather(reader.wait_connected(), writer.wait_connected())
        for n in range(500):
            while not writer.publish("a", b"%d" % n):  # noqa: ASYNC110 - there is no event for room
                await asyncio.sleep(0.01)
        await until(lambda: inbox.dropped == 490)
        taken = [message.payload for message in iter(inbox.take, None)]
        assert taken == [b"%d" % n for n in range(10)]
        writer.publish("a", b"next")
        async with asyncio.timeout(10):
            assert (await anext(inbox)).payload == b"next"
        assert reader.connected


async def test_the_last_will_is_told_when_the_client_dies(mosquitto: Any) -> None:
    async with MqttClient(settings(mosquitto.port, "watcher")) as watcher:
        inbox = watcher.subscribe("gone")
        await watcher.wait_connected()
        async with MqttClient(settings(mosquitto.port, "mortal"), will=Message("gone", b"mortal")) as mortal:
            await mortal.wait_connected()
            # A second client of the same id makes the broker cut the first one off, as a broken network would.
            async with MqttClient(settings(mosquitto.port, "mortal")), asyncio.timeout(10):
                assert (await anext(inbox)).payload == b"mortal"
