"""A profile that publishes to a broker is heard by an agent like any other machine."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from foreign_mqtt import plant_broker_in

from edge.mapping import Seen, StampBounds, apply, shape
from edge.profile import find
from edge.reading import Event, LinkNotice, Reading
from edge.secret import Vault
from edge.simulate import publish
from edge.simulate.command import Simulation, simulate
from edge.sources.building import Site, Wanted, build
from edge.sources.mqtt_device import Mqtt
from gateway.clock import Clock
from gateway.errors import UsageError
from gateway.machine import ItemState
from gateway.ports import free_port

METER = find("mqtt-power-meter")


async def test_an_agent_hears_a_simulated_power_meter_go_through_its_levels(tmp_path: Path) -> None:
    heard: list[Event] = []

    async def emit(events: Sequence[Event]) -> None:
        heard.extend(events)

    def states() -> set[ItemState | None]:
        readings = [event for event in heard if isinstance(event, Reading)]
        seen, shaped = shape(METER, Seen(), readings)
        return {fact.state for fact in apply(METER, seen, shaped, StampBounds())[1]}

    with plant_broker_in(tmp_path) as broker:
        device = Mqtt(type="mqtt", host="127.0.0.1", port=broker.port, topic="plant/{machine}")
        wanted = {"Saw": Wanted(device, METER, METER.signals, "machines.Saw.source")}
        source = build(Site(Clock(), Vault(tmp_path, {}), ZoneInfo("UTC")), wanted)
        asked = Simulation(METER.profile, "Saw", broker=f"127.0.0.1:{broker.port}", speed=3000.0)
        told: list[Mapping[str, Any]] = []
        works = [
            asyncio.create_task(source.run(emit)),
            asyncio.create_task(simulate(asked, None, told.append, Clock())),
        ]
        try:
            async with asyncio.timeout(40):
                while states() < {row.then for row in METER.state}:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        finally:
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)
    assert told[0]["source"] == {"type": "mqtt", "host": "127.0.0.1", "port": broker.port, "topic": "plant/{machine}"}
    assert all(event.up for event in heard if isinstance(event, LinkNotice))


async def test_no_broker_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "PATIENCE", 0.2)
    asked = Simulation(METER.profile, broker=f"127.0.0.1:{free_port()}")
    with pytest.raises(UsageError, match=r"no MQTT broker answers at .*start one"):
        await simulate(asked, None, lambda _: None, Clock())
