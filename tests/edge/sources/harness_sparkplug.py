"""Sparkplug, for `test_every_source`: Mosquitto, and an edge node of ours that is born when it is asked."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from foreign_mqtt import plant_broker_in

from edge.secret import Vault
from edge.sources.building import Site, Wanted, build
from edge.sources.sparkplug_device import Sparkplug
from edge.sources.sparkplug_payload import EPOCH
from edge.sources.sparkplug_schema import Payload
from edge.sources.sparkplug_signal import SparkplugProfile
from gateway.clock import Clock
from gateway.mqtt import MqttClient, MqttSettings

PROFILE = SparkplugProfile.model_validate(
    {
        "profile": "counter",
        "title": "A counter",
        "source": "sparkplug",
        "signals": {"parts": {"metric": "Parts"}},
        "state": [{"then": "Executing"}],
    }
)


class EdgeNode:
    machine, signal, stamped, losable = "M1", "parts", True, True

    def __init__(self, port: int, client: MqttClient) -> None:
        self._client, self._value, self._seq, self._alive = client, 0, 0, True
        device = Sparkplug(type="sparkplug", host="127.0.0.1", port=port, group="G", node="N")
        wanted = Wanted(device, PROFILE, PROFILE.signals, "machines.M1.source")
        self.source = build(Site(Clock(), Vault(Path(), {}), ZoneInfo("UTC")), {self.machine: wanted})
        self._asked = client.subscribe("spBv1.0/G/NCMD/N")
        self.tasks = {asyncio.create_task(self._obey())}

    async def say(self, value: int) -> None:
        self._value = value
        self._tell("NDATA")

    async def lose(self) -> None:
        self._alive = False
        self._tell("NDEATH")

    async def find(self) -> None:
        self._alive = True
        self._tell("NBIRTH")

    async def _obey(self) -> None:
        async for _ in self._asked:
            if self._alive:
                self._tell("NBIRTH")

    def _tell(self, verb: str) -> None:
        stamp = (datetime.now(UTC) - EPOCH) // timedelta(milliseconds=1)
        wire: Any = Payload(timestamp=stamp)
        if verb != "NDATA":
            wire.metrics.add(name="bdSeq", datatype=8, long_value=0)
        if verb != "NDEATH":
            self._seq = 0 if verb == "NBIRTH" else (self._seq + 1) % 256
            wire.seq = self._seq
            wire.metrics.add(name="Parts", datatype=3, int_value=self._value)
        self._client.publish(f"spBv1.0/G/{verb}/N", wire.SerializeToString(), qos=0)


@asynccontextmanager
async def harness() -> AsyncIterator[EdgeNode]:
    with tempfile.TemporaryDirectory() as folder, plant_broker_in(Path(folder)) as broker:
        async with MqttClient(MqttSettings("127.0.0.1", broker.port, "node")) as client:
            await client.wait_connected()
            node = EdgeNode(broker.port, client)
            try:
                yield node
            finally:
                for task in node.tasks:
                    task.cancel()
                await asyncio.gather(*node.tasks, return_exceptions=True)
