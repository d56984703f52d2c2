"""Builds the MQTT source of one broker, for all machines that publish there."""

from collections.abc import Mapping
from datetime import timedelta

from edge.errors import FileInvalid
from edge.sources.broker_settings import settings as connection
from edge.sources.building import Site, Wanted
from edge.sources.mqtt_connection import BrokerSource
from edge.sources.mqtt_listened import listened
from edge.sources.mqtt_machine import Ear
from edge.sources.mqtt_payload import reader
from edge.sources.mqtt_plant import MqttPlant
from edge.sources.mqtt_signal import MqttSignal
from edge.sources.mqtt_topics import joined
from edge.verdict import Verdict

ALL = "#"
"""What is looked through where a machine says nothing."""

SILENCE = timedelta(seconds=60)
"""Real time in which a machine should be heard for the first time."""


def build(site: Site, machines: Mapping[str, Wanted]) -> BrokerSource:
    """One connection for all machines. Raises FileInvalid."""
    first = next(iter(machines.values()))
    settings = connection(first.device, site.vault, first.place)
    ears = {name: _ears(site, name, wanted) for name, wanted in machines.items()}
    silence = site.clock.business(SILENCE)
    return BrokerSource(settings, site.clock, lambda: MqttPlant(ears, silence))


async def probe(site: Site, machines: Mapping[str, Wanted]) -> list[Verdict]:
    """What each wanted signal says for a moment, and what else is published where one says nothing."""
    places = {
        name: {
            signal: f"{ear.filter} {ear.signal.pointer or ear.signal.path or ''}".strip()
            for signal, ear in _ears(site, name, each).items()
            if ear.wanted
        }
        for name, each in machines.items()
    }
    return await listened(build(site, machines), places, ALL)


def _ears(site: Site, name: str, wanted: Wanted) -> dict[str, Ear]:
    """An ear for each wanted signal, and for each that tells whether the machine is connected."""
    found: dict[str, Ear] = {}
    for signal, each in wanted.profile.signals.items():
        if not isinstance(each, MqttSignal) or (signal not in wanted.signals and not each.alive):
            continue
        topic = joined(wanted.device.topic, each.topic, wanted.device.machine or name)
        if not topic:
            msg = f"{wanted.place}.topic: {signal} has no topic; give one here, or to the signal in its profile"
            raise FileInvalid(msg)
        found[signal] = Ear(topic, each, reader(each, site.zone), signal in wanted.signals)
    return found
