"""The MQTT source against Mosquitto and a meter that is not ours: passwords, kept messages, wills and cuts."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from edge.errors import FileInvalid
from edge.profile import find
from edge.reading import Event, Gap, LinkNotice, Reading
from edge.secret import Vault
from edge.sources import mqtt_build, mqtt_connection, mqtt_listened
from edge.sources.building import Site, Wanted
from edge.sources.mqtt_device import Mqtt
from gateway.clock import Clock
from gateway.machine import Quality

PATIENCE = 40.0
SITE = Site(Clock(), Vault(Path(), {"PASSWORD": "right"}), ZoneInfo("UTC"), trial=True)


class Agent:
    """Keeps what a source emits; `stopped` makes it take nothing."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.free = asyncio.Event()
        self.free.set()

    async def emit(self, events: Sequence[Event]) -> None:
        await self.free.wait()
        self.events.extend(events)

    def links(self, machine: str = "press-1") -> list[bool]:
        return [event.up for event in self.events if isinstance(event, LinkNotice) and event.machine == machine]

    def values(self, signal: str = "power") -> list[object]:
        return [event.value for event in self.events if isinstance(event, Reading) and event.signal == signal]

    async def until(self, holds: Callable[[], object]) -> None:
        start = time.monotonic()
        while not holds():
            assert time.monotonic() - start < PATIENCE, f"not within {PATIENCE} s; last: {self.events[-5:]}"
            await asyncio.sleep(0.02)


def wanted(port: int, **keys: Any) -> Wanted:
    profile = find("mqtt-power-meter")
    device = Mqtt(type="mqtt", host="127.0.0.1", port=port, topic="plant/{machine}", **keys)
    return Wanted(device, profile, profile.signals, "machines.press-1.source")


@asynccontextmanager
async def running(port: int, *machines: str, **keys: Any) -> AsyncIterator[Agent]:
    agent = Agent()
    source = mqtt_build.build(SITE, {name: wanted(port, **keys) for name in machines or ("press-1",)})
    task = asyncio.create_task(source.run(agent.emit))
    try:
        yield agent
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def told(power: float) -> dict[str, str]:
    said = {"power": power, "energy": 1.5, "time": datetime.now(UTC).isoformat()}
    return {"topic": "power", "payload": json.dumps(said)}


async def test_one_connection_serves_two_machines_by_the_names_in_their_topics(
    plant_broker: Any, node_peer: Any
) -> None:
    one, other = (node_peer("meter.js", port=plant_broker.port, topic=f"plant/press-{n}") for n in (1, 2))
    async with running(plant_broker.port, "press-1", "press-2") as agent:
        await agent.until(lambda: agent.links("press-1") == [True] == agent.links("press-2"))
        await one.do(**told(10))
        await other.do(**told(2000))
        await agent.until(lambda: len(agent.values()) == 2)
    powers = {event.machine: event for event in agent.events if isinstance(event, Reading) and event.signal == "power"}
    assert {name: event.value for name, event in powers.items()} == {"press-1": 10, "press-2": 2000}
    assert all(event.source_time and event.quality is Quality.GOOD for event in powers.values())


async def test_a_kept_value_is_believed_as_its_meter_is_connected_and_history_as_it_is_old(
    plant_broker: Any, node_peer: Any
) -> None:
    meter = node_peer("meter.js", port=plant_broker.port)
    await meter.do(**told(1234), retain=True)
    async with running(plant_broker.port) as agent:
        await agent.until(lambda: 1234 in agent.values())
    (power,) = [event for event in agent.events if isinstance(event, Reading) and event.signal == "power"]
    assert (power.historical, power.quality) == (True, Quality.GOOD)


async def test_a_meter_that_dies_is_told_by_its_last_will(plant_broker: Any, node_peer: Any) -> None:
    meter = node_peer("meter.js", port=plant_broker.port)
    async with running(plant_broker.port) as agent:
        await agent.until(lambda: agent.links() == [True])
        await meter.do(**told(50))
        await agent.until(lambda: 50 in agent.values())
        await meter.do("die")
        await agent.until(lambda: agent.links() == [True, False])
    last = next(event for event in reversed(agent.events) if isinstance(event, LinkNotice))
    assert "its last will on plant/press-1/online says 'false'" in last.reason


async def test_a_broker_that_was_away_leaves_one_gap(plant_broker: Any, node_peer: Any) -> None:
    meter = node_peer("meter.js", port=plant_broker.port)
    async with running(plant_broker.port) as agent:
        await agent.until(lambda: agent.links() == [True])
        await meter.do(**told(50))
        await agent.until(agent.values)
        plant_broker.stop()
        await agent.until(lambda: agent.links() == [True, False])
        plant_broker.start()
        await agent.until(lambda: agent.links() == [True, False, True])
    gaps = [event for event in agent.events if isinstance(event, Gap)]
    assert len(gaps) == 1
    assert gaps[0].start < gaps[0].end


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({}, "refused: Not authorized; check user, password and client id"),
        ({"user": "agent", "password": "env:PASSWORD"}, "refused: Not authorized; check user, password"),
        ({"host": "no-such-host.invalid"}, "the host is unknown"),
        ({"port": 1}, "check host and port"),
    ],
    ids=["no password", "wrong password", "unknown host", "nobody there"],
)
async def test_a_broker_that_lets_nobody_in_is_told_in_one_line(
    plant_broker: Any, keys: dict[str, Any], words: str
) -> None:
    plant_broker.stop()
    plant_broker.configure("allow_anonymous false")
    plant_broker.start()
    device = wanted(plant_broker.port).device.model_copy(update=keys)
    refused = Wanted(device, find("mqtt-power-meter"), {}, "machines.press-1.source")
    source = mqtt_build.build(SITE, {"press-1": refused})
    agent = Agent()
    task = asyncio.create_task(source.run(agent.emit))
    await agent.until(lambda: agent.events)
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    (notice,) = agent.events
    assert isinstance(notice, LinkNotice)
    assert not notice.up
    assert words in notice.reason
    assert "right" not in notice.reason


def test_a_password_that_is_not_there_is_said_before_anything_starts() -> None:
    with pytest.raises(FileInvalid, match=r"machines.press-1.source.password: env:NONE is empty or not there"):
        mqtt_build.build(SITE, {"press-1": wanted(1, user="agent", password="env:NONE")})


def test_certificates_that_cannot_be_used_are_said_before_anything_starts(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    for _ in range(2):
        with pytest.raises(FileInvalid, match=r"machines.press-1.source.tls: .*; check the files"):
            mqtt_build.build(SITE, {"press-1": wanted(1, tls={"ca": authority})})
        authority.write_text("no certificate")


async def test_an_agent_that_is_too_slow_for_too_long_knows_what_it_missed(
    plant_broker: Any, node_peer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt_connection, "WAITING", 20)
    monkeypatch.setattr("gateway.mqtt.PATIENCE", 0.2)
    meter = node_peer("meter.js", port=plant_broker.port)
    async with running(plant_broker.port) as agent:
        await agent.until(lambda: agent.links() == [True])
        agent.free.clear()
        for power in range(100):
            await meter.do(**told(power))
        await asyncio.sleep(0.5)
        agent.free.set()
        await agent.until(lambda: any(isinstance(event, Gap) for event in agent.events))
    assert len(agent.values()) < 100
    gap = next(event for event in agent.events if isinstance(event, Gap))
    assert "came faster than the agent could take them" in gap.reason


async def test_a_check_names_what_is_published_where_a_machine_is_silent(
    plant_broker: Any, node_peer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt_listened, "PATIENCE", 2.0)
    meter = node_peer("meter.js", port=plant_broker.port)
    await meter.do(topic="power", payload="12 W", retain=True)
    there, silent = wanted(plant_broker.port), wanted(plant_broker.port, machine="press_1")
    only_power = {"power": there.profile.signals["power"]}
    machines = {
        "press-1": Wanted(there.device, there.profile, only_power, there.place),
        "other": Wanted(silent.device, silent.profile, only_power, silent.place),
    }
    found = {verdict.machine: verdict for verdict in await mqtt_build.probe(SITE, machines)}
    assert found["press-1"].problem == (
        "plant/press-1/power: the payload is not JSON but '12 W'; for a plain value remove `pointer` or `path`"
    )
    assert found["other"].place == "plant/press_1/power /power"
    assert found["other"].problem == "said nothing while we listened"
    assert "published here: plant/press-1/power" in str(found["other"].advice)
