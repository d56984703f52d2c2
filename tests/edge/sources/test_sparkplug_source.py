"""The Sparkplug source against Mosquitto and an edge node that is not ours."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from edge.profile import find
from edge.reading import Event, Gap, LinkNotice, Reading
from edge.secret import Vault
from edge.sources import mqtt_listened, sparkplug_build
from edge.sources.building import Site, Wanted
from edge.sources.sparkplug_device import Sparkplug
from edge.sources.sparkplug_host import Patience
from gateway.clock import Clock
from gateway.machine import Quality
from gateway.mqtt import MqttClient, MqttSettings

PATIENCE = 40.0
STATE, PARTS = "MachineryItemState", "PartCount"
METRICS = [
    {"name": STATE, "type": "Int32", "value": 2},
    {"name": PARTS, "type": "UInt32", "value": 4_000_000_000},
    {
        "name": "Table",
        "type": "DataSet",
        "value": {"numOfColumns": 1, "types": ["Int32"], "columns": ["a"], "rows": []},
    },
]


class Agent:
    def __init__(self) -> None:
        self.events: list[Event] = []

    async def emit(self, events: Sequence[Event]) -> None:
        self.events.extend(events)

    @property
    def links(self) -> list[bool]:
        return [event.up for event in self.events if isinstance(event, LinkNotice)]

    @property
    def gaps(self) -> list[str]:
        return [event.reason for event in self.events if isinstance(event, Gap)]

    def values(self, signal: str = "item_state") -> list[object]:
        return [event.value for event in self.events if isinstance(event, Reading) and event.signal == signal]

    async def until(self, holds: Callable[[], object]) -> None:
        start = time.monotonic()
        while not holds():
            assert time.monotonic() - start < PATIENCE, f"not within {PATIENCE} s; last: {self.events[-5:]}"
            await asyncio.sleep(0.02)


def site(*, trial: bool = False) -> Site:
    return Site(Clock(), Vault(Path(), {}), ZoneInfo("UTC"), trial=trial)


def wanted(port: int, **keys: Any) -> Wanted:
    profile = find("sparkplug")
    device = Sparkplug(type="sparkplug", host="127.0.0.1", port=port, group="Plant", node="Line1", **keys)
    return Wanted(device, profile, profile.signals, "machines.M1.source")


@asynccontextmanager
async def running(port: int) -> AsyncIterator[Agent]:
    agent = Agent()
    source = sparkplug_build.build(site(), {"M1": wanted(port, device="Press1")})
    task = asyncio.create_task(source.run(agent.emit))
    try:
        yield agent
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def its_birth_is_out(port: int, node: Any) -> None:
    """The broker has handed the node's births on: it has taken what the node said after them."""
    async with MqttClient(MqttSettings("127.0.0.1", port, "before")) as watcher:
        after = watcher.subscribe("after/birth")
        await watcher.wait_connected()
        async with asyncio.timeout(PATIENCE):
            while after.take() is None:
                await node.do("raw", topic="after/birth", hex="00")
                await asyncio.sleep(0.05)


def say(value: int, name: str = STATE) -> dict[str, Any]:
    return {"metrics": [{"name": name, "value": value}]}


@pytest.mark.parametrize("how", [{}, {"aliases": False}, {"compress": True}], ids=["aliases", "names", "compressed"])
async def test_a_node_that_was_there_before_is_asked_and_followed(
    plant_broker: Any, node_peer: Any, how: dict[str, bool]
) -> None:
    node = node_peer("node.js", port=plant_broker.port, metrics=METRICS, **how)
    await its_birth_is_out(plant_broker.port, node)
    async with running(plant_broker.port) as agent:
        await agent.until(lambda: agent.links == [True])
        await node.do("data", **say(-7))
        await node.do("data", **say(4_000_000_001, PARTS))
        await agent.until(lambda: agent.values("parts") == [4_000_000_000, 4_000_000_001])
    assert agent.values() == [2, -7]
    readings = [event for event in agent.events if isinstance(event, Reading)]
    assert all(
        abs(event.received - (event.source_time or event.received)) < timedelta(seconds=20) for event in readings
    )
    assert sum(told == {"asked": "rebirth"} for told in node.said) == 1
    assert agent.gaps == []


async def test_a_lost_message_is_told_and_one_rebirth_makes_good_for_it(
    plant_broker: Any, node_peer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sparkplug_build, "scaled", lambda _: Patience(again=timedelta(seconds=1)))
    node = node_peer("node.js", port=plant_broker.port, metrics=METRICS)
    async with running(plant_broker.port) as agent:
        await agent.until(lambda: agent.links == [True])
        await node.do("skip")
        for value in (3, 1):
            await node.do("data", **say(value))
        await agent.until(lambda: agent.values()[-2:] == [1, 1])
    assert agent.values() == [2, 3, 1, 1]
    assert agent.gaps == ["edge node Plant/Line1: message 2 was due, and 3 came"]
    assert agent.links == [True]


async def test_a_node_that_loses_its_power_is_stale_until_it_is_born_again(plant_broker: Any, node_peer: Any) -> None:
    node = node_peer("node.js", port=plant_broker.port, metrics=METRICS)
    async with running(plant_broker.port) as agent:
        await agent.until(lambda: agent.links == [True])
        node.kill()
        await agent.until(lambda: agent.links == [True, False])
        stale = [event for event in agent.events if isinstance(event, Reading)][-1]
        assert stale.quality is Quality.UNCERTAIN
        node_peer("node.js", port=plant_broker.port, metrics=METRICS)
        await agent.until(lambda: agent.links == [True, False, True])
    assert len(agent.gaps) == 1


async def test_noise_on_its_topics_disturbs_nothing(plant_broker: Any, node_peer: Any) -> None:
    node = node_peer("node.js", port=plant_broker.port, metrics=METRICS)
    async with running(plant_broker.port) as agent:
        await agent.until(lambda: agent.links == [True])
        for verb in ("NBIRTH", "NDEATH", "DDATA"):
            device = "/Press1" if verb[0] == "D" else ""
            await node.do("raw", topic=f"spBv1.0/Plant/{verb}/Line1{device}", hex="ff00ff00")
        await node.do("raw", topic="spBv1.0/STATE/thirdshift", hex="00")
        await node.do("data", **say(3))
        await agent.until(lambda: agent.values() == [2, 3])
    assert agent.links == [True]


async def test_the_host_is_online_while_it_runs_and_offline_after_and_when_it_dies(plant_broker: Any) -> None:
    async with MqttClient(MqttSettings("127.0.0.1", plant_broker.port, "watcher")) as watcher:
        states = watcher.subscribe("spBv1.0/STATE/thirdshift")
        await watcher.wait_connected()
        async with running(plant_broker.port), asyncio.timeout(PATIENCE):
            born = json.loads((await anext(states)).payload)
        async with asyncio.timeout(PATIENCE):
            gone = json.loads((await anext(states)).payload)
    assert (born["online"], gone["online"]) == (True, False)
    assert born["timestamp"] == gone["timestamp"]
    async with MqttClient(MqttSettings("127.0.0.1", plant_broker.port, "late")) as late:
        kept = late.subscribe("spBv1.0/STATE/thirdshift")
        async with asyncio.timeout(PATIENCE):
            message = await anext(kept)
    assert message.retained
    assert json.loads(message.payload) == gone


async def test_a_check_says_nothing_of_the_host_and_names_the_device_that_is_there(
    plant_broker: Any, node_peer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt_listened, "PATIENCE", 6.0)
    node_peer("node.js", port=plant_broker.port, metrics=METRICS)
    async with MqttClient(MqttSettings("127.0.0.1", plant_broker.port, "watcher")) as watcher:
        states = watcher.subscribe("spBv1.0/STATE/#")
        await watcher.wait_connected()
        machines = {"M1": wanted(plant_broker.port, device="Press1"), "M2": wanted(plant_broker.port, device="Press2")}
        found = await sparkplug_build.probe(site(trial=True), machines)
        assert states.take() is None
    told = {(verdict.machine, verdict.signal): verdict for verdict in found}
    assert told["M1", "item_state"].value == 2
    assert "is not among the metrics of its birth" in str(told["M1", "operation_mode"].problem)
    assert (
        told["M2", "endpoint"].problem
        == "edge node Plant/Line1 has no device 'Press2'; there: Press1; correct `device`"
    )
