"""MQTT, for `test_every_source`: Mosquitto, and a meter of ours that publishes its value again and again."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from foreign_mqtt import PlantBroker, plant_broker_in

from edge.secret import Vault
from edge.sources.building import Site, Wanted, build
from edge.sources.mqtt_device import Mqtt
from edge.sources.mqtt_signal import MqttProfile
from edge.sources.mqtt_written import written
from gateway.clock import Clock
from gateway.mqtt import MqttClient, MqttSettings

EVERY = 0.1
PROFILE = MqttProfile.model_validate(
    {
        "profile": "counter",
        "title": "A counter",
        "source": "mqtt",
        "signals": {"parts": {"topic": "parts", "pointer": "/n", "time": "/at", "type": "Int32"}},
        "state": [{"then": "Executing"}],
    }
)


class Meter:
    machine, signal, stamped, losable = "M1", "parts", True, True

    def __init__(self, broker: PlantBroker, client: MqttClient) -> None:
        self._broker, self._client, self._value = broker, client, 0
        device = Mqtt(type="mqtt", host="127.0.0.1", port=broker.port, topic="plant/{machine}")
        wanted = Wanted(device, PROFILE, PROFILE.signals, "machines.M1.source")
        site = Site(Clock(), Vault(Path(), {}), ZoneInfo("UTC"))
        self.source = build(site, {self.machine: wanted})
        self.source.settings = MqttSettings("127.0.0.1", broker.port, "source", longest_wait=0.3)  # type: ignore[attr-defined]
        self.tasks = {asyncio.create_task(self._tell())}

    async def say(self, value: int) -> None:
        self._value = value

    async def lose(self) -> None:
        await asyncio.to_thread(self._broker.stop)

    async def find(self) -> None:
        await asyncio.to_thread(self._broker.start)

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            if self._value:
                now = datetime.now(UTC)
                for topic, payload in written(PROFILE.signals, {self.signal: self._value}, "plant/M1", "M1", now):
                    self._client.publish(topic, payload)


@asynccontextmanager
async def harness() -> AsyncIterator[Meter]:
    with tempfile.TemporaryDirectory() as folder, plant_broker_in(Path(folder)) as broker:
        async with MqttClient(MqttSettings("127.0.0.1", broker.port, "meter", longest_wait=0.3)) as client:
            meter = Meter(broker, client)
            try:
                yield meter
            finally:
                for task in meter.tasks:
                    task.cancel()
                await asyncio.gather(*meter.tasks, return_exceptions=True)
