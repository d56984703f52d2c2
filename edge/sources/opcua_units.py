"""Asks a server in which units its analogue values are: the property EngineeringUnits (OPC 10000-8, AnalogUnitType)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import structlog
from asyncua import ua

from edge.sources.opcua_address import BASE, Segment
from edge.sources.opcua_nodes import Missing, attributes, resolve
from edge.sources.opcua_session import OpcUaSession
from edge.sources.opcua_signals import Signal

UNITS = Segment(BASE, "EngineeringUnits")

log = structlog.get_logger()


async def units(session: OpcUaSession, signals: Iterable[Signal]) -> Mapping[str, Mapping[str, str]]:
    """By machine and signal, the unit as the server shows it. A server that refuses the question tells none.

    Parts of structures are not asked for: the property would be that of the whole.
    """
    asked = {each: replace(each.address, path=(*each.address.path, UNITS)) for each in signals if not each.steps}
    try:
        places = await resolve(session, asked.values())
        nodes = {each: node for each, way in asked.items() if not isinstance(node := places[way], Missing)}
        values = await attributes(session, list(nodes.values()))
    except ua.UaStatusCodeError as error:
        log.debug("opcua.units_not_told", endpoint=session.endpoint.url, problem=str(error))
        return {}
    found: dict[str, dict[str, str]] = {}
    for each, value in zip(nodes, values, strict=True):
        if text := _shown(value):
            found.setdefault(each.machine, {})[each.name] = text
    return found


def _shown(value: ua.DataValue) -> str | None:
    held = value.Value.Value if value.Value is not None else None
    return held.DisplayName.Text if isinstance(held, ua.EUInformation) and held.DisplayName else None
