"""Builds the Sparkplug host of one broker; the one importer of protobuf on the agent's way up."""

from collections.abc import Mapping
from datetime import timedelta

from edge.sources.broker_settings import settings as connection
from edge.sources.building import Site, Wanted
from edge.sources.mqtt_connection import BrokerSource
from edge.sources.sparkplug_host import Patience, SparkplugHost, SparkplugMachine
from edge.sources.sparkplug_payload import EPOCH
from edge.sources.sparkplug_topic import Node, standing, state
from gateway.clock import Clock


def build(site: Site, machines: Mapping[str, Wanted]) -> BrokerSource:
    """One host application for all machines. Raises FileInvalid."""
    first = next(iter(machines.values()))
    host = None if site.trial else first.device.host_id
    known = {name: machine(wanted) for name, wanted in machines.items()}
    stamp = (site.clock.now() - EPOCH) // timedelta(milliseconds=1)
    settings = connection(first.device, site.vault, first.place)
    will = (state(host), standing(online=False, stamp=stamp), True) if host else None
    patience = scaled(site.clock)
    return BrokerSource(settings, site.clock, lambda: SparkplugHost(known, host, stamp, patience), will)


def machine(wanted: Wanted) -> SparkplugMachine:
    """The machine with the full names of its metrics."""
    device = wanted.device
    signals = {name: device.prefix + signal.metric for name, signal in wanted.signals.items()}
    optional = frozenset(name for name, signal in wanted.signals.items() if signal.optional)
    return SparkplugMachine(Node(device.group, device.node), device.device, signals, optional)


def scaled(clock: Clock) -> Patience:
    """The usual patience, which is real time, in business time."""
    usual = Patience()
    return Patience(
        births=clock.business(usual.births),
        settle=clock.business(usual.settle),
        answer=clock.business(usual.answer),
        again=clock.business(usual.again),
        longest=clock.business(usual.longest),
    )
