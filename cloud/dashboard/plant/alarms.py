"""What needs somebody's eye in a plant: since when, and what to do; the gravest first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cloud.booking.model import LIVE
from cloud.dashboard.model import NO_STATEMENT, NOTHING_SEEN, Plant
from cloud.registry.model import Agent, Machine
from gateway.machine import ItemState, OperationMode

KINDS = ("risk", "agent", "down", "silent", "gap", "lapsed")
"""From the gravest to the least; each has its words as plant.alarm.<kind> and plant.alarm.<kind>.do."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """`about` is the machine's, agent's or booking's name, `machines` the ids of the machines that it touches."""

    kind: str
    about: str
    since: datetime | None
    machines: tuple[str, ...]
    booking: str = ""
    detail: str = ""
    until: datetime | None = None


def alarms(plant: Plant, agents: Sequence[Agent], now: datetime) -> list[Alarm]:
    """All of the plant's. An agent of whose machines none is heard is one alarm, not one for each machine."""
    silent_agents = _silent_agents(plant, agents)
    dumb = {identity for alarm in silent_agents for identity in alarm.machines}
    found = [*_risks(plant), *silent_agents]
    for machine in plant.machines:
        found += _of_machine(machine, plant, now, known_silent=machine.id in dumb)
    return sorted(found, key=lambda alarm: (KINDS.index(alarm.kind), alarm.since is None, alarm.since, alarm.about))


def _risks(plant: Plant) -> Iterable[Alarm]:
    names = {machine.id: machine.name.strip() or machine.id for machine in plant.machines}
    for booking in plant.bookings:
        if booking.at_risk and booking.state in LIVE:
            about, own = names.get(booking.machine_id, booking.machine_id), (booking.machine_id,)
            yield Alarm("risk", about, booking.updated_at, own, booking.id, booking.at_risk_reason or "", booking.start)


def _silent_agents(plant: Plant, agents: Sequence[Agent]) -> list[Alarm]:
    found = []
    for agent in agents:
        own = [machine for machine in plant.machines if machine.agent_id == agent.id]
        if own and not any(machine.fresh for machine in own):
            since = max((machine.last_receipt_at for machine in own if machine.last_receipt_at), default=None)
            found.append(Alarm("agent", agent.name, since, tuple(machine.id for machine in own)))
    return found


def _of_machine(machine: Machine, plant: Plant, now: datetime, *, known_silent: bool) -> Iterable[Alarm]:
    own, name = (machine.id,), machine.name.strip() or machine.id
    if machine.state == ItemState.OUT_OF_SERVICE and machine.mode != OperationMode.MAINTENANCE:
        yield Alarm("down", name, machine.state_since, own)
    if not machine.fresh and not known_silent:
        yield Alarm("silent", name, machine.last_receipt_at, own)
    gaps = plant.states.get(machine.id, NOTHING_SEEN).gaps
    if gaps:
        last = gaps[-1]
        yield Alarm("gap", name, last.start, own, detail=last.reason, until=last.end)
    capacity = plant.capacity.get(machine.id, NO_STATEMENT)
    if capacity.version and capacity.valid_until and capacity.valid_until <= now:
        yield Alarm("lapsed", name, capacity.valid_until, own)
