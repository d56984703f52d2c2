"""Builds the source of one replayed machine."""

from collections.abc import Mapping

from edge.sources.building import Site, Wanted
from edge.sources.replay import ReplaySource
from edge.sources.replaylog import of_machine
from edge.verdict import Verdict


def build(site: Site, machines: Mapping[str, Wanted]) -> ReplaySource:
    """A log plays one machine. Raises FileInvalid for a log without it."""
    ((name, wanted),) = machines.items()
    moments = of_machine(wanted.device.file, site.zone, wanted.device.machine or name)
    return ReplaySource(name, moments, site.clock, site.cursor(name), wanted.device.rate)


async def probe(site: Site, machines: Mapping[str, Wanted]) -> list[Verdict]:
    """Nothing to ask: a log speaks when its time has come; `edge check` reads the whole file besides."""
    del site, machines
    return []
