"""Builds the Sparkplug host of one broker; the one importer of protobuf on the agent's way up."""

from collections.abc import Mapping
from datetime import timedelta

from edge.sources.broker_settings import settings as connection
from edge.sources.building import Site, Wanted
from edge.sources.mqtt_connection import BrokerSource
from edge.sources.mqtt_listened import listened
from edge.sources.sparkplug_host import Patience, SparkplugHost, SparkplugMachine
from edge.sources.sparkplug_payload import EPOCH
from edge.sources.sparkplug_topic import NAMESPACE, Node, standing, state
from edge.verdict import Verdict
from gateway.clock import Clock

NO_METRIC = "is not among the metrics of its birth; correct `metric` or `prefix` (upper and lower case count)"
ALL = f"{NAMESPACE}/#"
"""What is looked through where a machine says nothing."""


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


async def probe(site: Site, machines: Mapping[str, Wanted]) -> list[Verdict]:
    """What each wanted signal says for a moment, and what else is published where one says nothing."""
    places = {
        name: {signal: f"{known}: {metric}" for signal, metric in known.signals.items()}
        for name, known in ((name, machine(each)) for name, each in machines.items())
    }
    return await listened(build(site, machines), places, ALL, NO_METRIC)


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
