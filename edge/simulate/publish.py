"""A profile as a live machine behind an MQTT broker: it publishes what it is told."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from edge.sources.mqtt_signal import MqttProfile
from edge.sources.mqtt_written import written
from gateway.clock import Clock
from gateway.errors import UsageError
from gateway.mqtt import MqttClient

PATIENCE = 10.0
"""Real seconds that the broker gets to answer."""


@dataclass
class Publisher:
    """One machine of the profile's kind below `topic`."""

    profile: MqttProfile
    name: str
    topic: str
    client: MqttClient
    clock: Clock

    async def start(self, where: str) -> None:
        """Wait for the broker. Raises UsageError."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self.client.wait_connected()
        except TimeoutError:
            msg = f"no MQTT broker answers at {where}; start one (`mosquitto -p 1883`), or give --broker HOST:PORT"
            raise UsageError(msg) from None

    async def show(self, values: Mapping[str, object]) -> None:
        """Publish them, at least once; what finds no connection is not said later. Raises UsageError."""
        alive = {name: signal.alive[0] for name, signal in self.profile.signals.items() if signal.alive}
        try:
            messages = written(self.profile.signals, {**values, **alive}, self.topic, self.name, self.clock.now())
        except ValueError as error:
            msg = f"{self.profile.profile}: signals.{error}"
            raise UsageError(msg) from error
        for topic, payload in messages:
            self.client.publish(topic, payload)
