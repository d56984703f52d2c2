"""Builds the Modbus source of one server; the one importer of pymodbus on the agent's way up."""

from collections.abc import Mapping

from edge.sources import modbus_probe
from edge.sources.building import Site, Wanted
from edge.sources.modbus import Machine, ModbusSource
from edge.verdict import Verdict


def build(site: Site, machines: Mapping[str, Wanted]) -> ModbusSource:
    """One connection for all units of a server."""
    device = next(iter(machines.values())).device
    behind = {name: Machine(wanted.device.unit, wanted.signals) for name, wanted in machines.items()}
    return ModbusSource(device, behind, site.clock)


async def probe(site: Site, machines: Mapping[str, Wanted]) -> list[Verdict]:
    """Every signal by itself, for `edge check`."""
    return await modbus_probe.probe(site, machines)
