"""Builds the MTConnect source of one agent, or of one recording."""

from collections.abc import Mapping

from edge.sources import Source
from edge.sources.building import Site, Wanted
from edge.sources.mtconnect_items import Machine
from edge.verdict import Verdict


def build(site: Site, machines: Mapping[str, Wanted]) -> Source:
    """One stream for all machines of an agent. Raises FileInvalid for a recording that cannot be read."""
    device = next(iter(machines.values())).device
    if device.file is not None:
        from edge.sources.shdr_replay import replay  # noqa: PLC0415 - no HTTP for a recording

        ((name, wanted),) = machines.items()
        return replay(site, name, wanted)
    from edge.sources.mtconnect import MtconnectSource  # noqa: PLC0415 - httpx2 only where there is an agent

    behind = {name: Machine(wanted.device.device, wanted.signals) for name, wanted in machines.items()}
    return MtconnectSource(device, behind, site.clock, {name: site.cursor(name) for name in machines})


async def probe(site: Site, machines: Mapping[str, Wanted]) -> list[Verdict]:
    """Every signal's data item and value, for `edge check`. Raises FileInvalid."""
    from edge.sources import mtconnect_probe  # noqa: PLC0415 - httpx2 only where it is needed

    return await mtconnect_probe.probe(site, machines)
