"""Looks at a Modbus server the way `thirdshift edge check` does: every signal by itself, so that each is named."""

from collections.abc import Mapping

from edge.sources.building import Site, Wanted
from edge.sources.modbus import reason
from edge.sources.modbus_device import Modbus
from edge.sources.modbus_line import Exceptional, Line, Lost, Read, Silent
from edge.sources.modbus_plan import Request, Want
from edge.sources.modbus_signal import ModbusSignal
from edge.sources.modbus_unit import FAR_AWAY, explain
from edge.verdict import ENDPOINT, Verdict
from gateway.machine import Quality


async def probe(_: Site, machines: Mapping[str, Wanted]) -> list[Verdict]:
    """A verdict per signal of each machine, after one for its unit."""
    device = next(iter(machines.values())).device
    line = Line(device)
    found: list[Verdict] = []
    try:
        for name, wanted in machines.items():
            found += await _machine(line, name, wanted)
    finally:
        await line.close()
    return found


async def _machine(line: Line, name: str, wanted: Wanted) -> list[Verdict]:
    """Nothing more is asked of a unit that does not answer: each question would take a timeout."""
    device: Modbus = wanted.device
    place = f"{device.address} unit {device.unit}"
    found = [Verdict(name, ENDPOINT, place, ok=True, value="answers")]
    for key, signal in wanted.signals.items():
        request = Request(signal.table, signal.address, signal.width, device.poll, (Want(name, key, signal),))
        answer = await line.read(device.unit, request)
        match answer:
            case Read(words):
                found.append(_value(name, key, signal, request.values(words)[0][1]))
            case Exceptional(code) if code not in FAR_AWAY:
                problem, advice = explain(request.wants[0], code)
                found.append(Verdict(name, key, signal.shown, ok=False, problem=problem, advice=advice))
            case Silent() | Lost() | Exceptional():
                problem = reason(device.unit, answer)
                return [Verdict(name, ENDPOINT, place, ok=False, problem=problem)]
    return found


def _value(name: str, key: str, signal: ModbusSignal, value: object) -> Verdict:
    kind = signal.type or "Boolean"
    return Verdict(name, key, signal.shown, ok=True, type=kind, value=value, quality=Quality.GOOD)
