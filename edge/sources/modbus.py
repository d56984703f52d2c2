"""The Modbus TCP source: polls the units behind one server over one connection, and never writes.

A unit that is silent costs its own machines the link, and no other's; while it is silent it is asked ever more rarely,
so that it does not slow the others down. What was between the last good answer and the next one is a Gap.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from edge.reading import Event, Gap
from edge.sources import Emit
from edge.sources.modbus_device import Modbus
from edge.sources.modbus_line import Exceptional, Line, Lost, Read, Silent
from edge.sources.modbus_plan import Request, Want, plan
from edge.sources.modbus_signal import ModbusSignal
from edge.sources.modbus_unit import FAR_AWAY, Unit
from edge.sources.outage import Insistent, Outage, pauses
from gateway.clock import Clock

KIND = "modbus"
SILENT_CAP = 10.0
"""A silent unit is asked at most once in so many timeouts, so that the others lose a tenth of their time to it."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine behind a server: its unit id, and its signals by name."""

    unit: int
    signals: Mapping[str, ModbusSignal]


@dataclass
class _Link:
    """Whether a unit answers: until when it did, and when it is asked again. Times are real seconds (monotonic)."""

    unit: Unit
    machines: list[str]
    known: datetime | None = None
    lost: bool = False
    waits: Iterator[float] | None = None
    again: float = 0.0

    def next(self) -> float:
        return self.again if self.lost else max(self.again, self.unit.next_due())


@dataclass
class ModbusSource:
    """One server with one or more machines behind it, each a unit id (or several machines in one unit)."""

    device: Modbus
    machines: Mapping[str, Machine]
    clock: Clock
    jitter: Callable[[], float] = random.random
    _refusals: set[tuple[str, str, str]] = field(default_factory=set, init=False)

    async def run(self, emit: Emit) -> None:
        """Emit batches until cancelled. An `emit` that raises is called again with the same batch."""
        peer = self.device.address
        insist = Insistent(emit, KIND, peer, lambda: pauses(self.device.retry_cap_s, self.jitter))
        outage = Outage(KIND, peer, list(self.machines), self.clock)
        line = Line(self.device)
        links = self._links()
        try:
            while True:
                await asyncio.sleep(max(0.0, min(link.next() for link in links) - time.monotonic()))
                for link in [each for each in links if each.next() <= time.monotonic()]:
                    await insist(await self._round(link, links, line, outage))
        finally:
            await line.close()

    def _links(self) -> list[_Link]:
        wants: dict[int, list[Want]] = {}
        machines: dict[int, list[str]] = {}
        for name, machine in self.machines.items():
            machines.setdefault(machine.unit, []).append(name)
            wants.setdefault(machine.unit, []).extend(
                Want(name, signal, each) for signal, each in machine.signals.items()
            )
        device = self.device
        return [
            _Link(Unit(number, plan(wants[number], device.poll, device.bridge, device.largest)), names)
            for number, names in machines.items()
        ]

    async def _round(self, link: _Link, links: list[_Link], line: Line, outage: Outage) -> list[Event]:
        """Ask one unit for all that is due; events of its answers, or of its silence."""
        events: list[Event] = []
        due = link.unit.requests[:1] if link.lost else link.unit.due(time.monotonic())
        for request in due:
            answer = await line.read(link.unit.number, request)
            if isinstance(answer, Silent) and not link.lost:
                answer = await line.read(link.unit.number, request)
            match answer:
                case Lost():
                    return events + self._gone(links, answer.reason, outage)
                case Read():
                    events += [*self._there(link, outage), *self._heard(link.unit, request, answer)]
                case Exceptional(code) if code not in FAR_AWAY:
                    events += [*self._there(link, outage), *self._heard(link.unit, request, answer)]
                case Silent() | Exceptional():
                    cap = SILENT_CAP * self.device.timeout_s if len(links) > 1 else 0.0
                    return events + self._gone([link], reason(link.unit.number, answer), outage, cap)
        return events

    def _there(self, link: _Link, outage: Outage) -> list[Event]:
        now, before = self.clock.now(), link.known
        link.known = now
        if not link.lost:
            return outage.found("connected", link.machines)
        link.lost, link.waits = False, None
        link.unit.forget()
        gaps = [Gap(name, before, now, "the unit did not answer") for name in link.machines] if before else []
        return [*gaps, *outage.found("answers again", link.machines)]

    def _heard(self, unit: Unit, request: Request, answer: Read | Exceptional) -> list[Event]:
        now, at = time.monotonic(), self.clock.now()
        unit.asked(request, now)
        if isinstance(answer, Read):
            return [*unit.heard(request, answer.words, at, now)]
        readings, troubles = unit.refused(request, answer.code, at, now)
        for each in troubles:
            key = (each.want.machine, each.want.name, each.problem)
            if key in self._refusals:
                continue
            self._refusals.add(key)
            log.warning(
                "modbus.signal_refused",
                peer=self.device.address,
                unit=unit.number,
                machine=each.want.machine,
                signal=each.want.name,
                problem=each.problem,
                advice=each.advice,
            )
        return [*readings]

    def _gone(self, links: list[_Link], reason: str, outage: Outage, cap: float = 0.0) -> list[Event]:
        """`cap`: real seconds between two tries, at most, if that is more than usual."""
        for link in links:
            link.waits = link.waits or pauses(max(self.device.retry_cap_s, cap), self.jitter)
            link.lost, link.again = True, time.monotonic() + next(link.waits)
        names = [name for link in links for name in link.machines]
        return outage.lost(f"{self.device.address} {reason}", names)


def reason(unit: int, answer: Silent | Lost | Exceptional) -> str:
    """Why a unit gave no answer of its own, and what to do."""
    match answer:
        case Silent(words) | Lost(words):
            return words
        case Exceptional(code):
            words = "has no path to" if code == min(FAR_AWAY) else "gets no answer from"
            return f"is a gateway and {words} unit {unit}: check `unit`, and the device behind the gateway"
