"""Tries the machines of a config: asks every source for each of its signals, and reads the answers by the profile."""

import asyncio
import importlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from edge import wiring
from edge.config import Config
from edge.errors import FileInvalid
from edge.listen import listen
from edge.mapping import Seen, StampBounds, apply, shape
from edge.orders.admission import OrderMode
from edge.profile import find
from edge.profilemodel import Profile
from edge.reading import Reading
from edge.secret import Vault
from edge.signal import Signal, Unfit
from edge.sources.building import Site, Wanted
from edge.sources.kinds import KINDS
from edge.sources.opcua_signal import OpcUaProfile, OpcUaSignal
from edge.sources.second import SUFFIX
from edge.verdict import ENDPOINT, JOB_LIST, STATE, Verdict
from gateway.clock import Clock
from gateway.machine import Quality


async def attempt(config: Config, names: Sequence[str], clock: Clock, vault: Vault) -> list[Verdict]:
    """The verdicts of all machines, in the config's order; thirty that do not answer take no longer than one."""
    site = Site(clock, vault, ZoneInfo(config.zone), trial=True)
    found: list[Verdict] = []
    tries = []
    for group in _groups(config, names):
        if isinstance(group, Verdict):
            found.append(group)
        else:
            tries.append(group)
    for group, verdicts in zip(tries, await asyncio.gather(*(_probe(site, group) for group in tries)), strict=True):
        for name, wanted in group.items():
            found += _read(wanted.profile, [each for each in verdicts if each.machine == name], clock.now())
    order = {name: number for number, name in enumerate(config.machines)}
    return sorted(found, key=lambda each: order[each.machine.removesuffix(SUFFIX)])


def _groups(config: Config, names: Sequence[str]) -> list[dict[str, Wanted] | Verdict]:
    """The machines, those behind one endpoint together; a verdict for one that cannot even be tried."""
    groups: dict[Hashable, dict[str, Wanted]] = {}
    wrong: list[Verdict] = []
    for name in names:
        machine = config.machines[name]
        devices = {name: (machine.profile, machine.source)}
        if machine.mode_from:
            devices[name + SUFFIX] = (machine.mode_from.profile, machine.mode_from.source)
        for each, (profile, device) in devices.items():
            try:
                wanted = _wanted(config, name, find(profile, config.profiles), each)
            except FileInvalid as error:
                wrong.append(Verdict(each, ENDPOINT, "", ok=False, problem=str(error)))
                continue
            key = device.shared()
            groups.setdefault(each if key is None else (device.type, key), {})[each] = wanted
    return [*groups.values(), *wrong]


def _wanted(config: Config, name: str, profile: Profile, each: str) -> Wanted:
    machine, second = config.machines[name], each != name
    if second and machine.mode_from:
        return wiring.wanted(machine.mode_from.source, profile, profile.rule_signals, f"machines.{name}.mode_from")
    chosen = profile.rule_signals | config.disclosure.of(name).signals
    found = wiring.wanted(machine.source, profile, chosen, f"machines.{name}")
    if machine.orders.policy is OrderMode.OFF or not isinstance(profile, OpcUaProfile) or profile.job_orders is None:
        return found
    jobs = OpcUaSignal(node=f"{profile.job_orders}/isa95:JobOrderList", type="String")
    return replace(found, signals={**found.signals, JOB_LIST: jobs})


async def _probe(site: Site, machines: Mapping[str, Wanted]) -> list[Verdict]:
    """What a kind's own `probe` finds, else what the source says while we listen."""
    kind = next(iter(machines.values())).device.type
    module = importlib.import_module(KINDS[kind].builder)
    try:
        if hasattr(module, "probe"):
            found: list[Verdict] = await module.probe(site, machines)
            return found
        places = {
            name: {signal: _place(each) for signal, each in wanted.signals.items()} for name, wanted in machines.items()
        }
        return await listen(module.build(site, machines), places)
    except FileInvalid as error:
        return [Verdict(name, ENDPOINT, "", ok=False, problem=str(error)) for name in machines]


def _place(signal: Signal) -> str:
    """Where a signal is looked for: the keys that only its kind has."""
    own = signal.model_fields_set - Signal.model_fields.keys()
    return " ".join(str(getattr(signal, name)) for name in type(signal).model_fields if name in own)


def _read(profile: Profile, verdicts: Sequence[Verdict], now: datetime) -> list[Verdict]:
    """The verdicts as the profile sees them, and last the state that it makes of them."""
    measured = [replace(each, unit=profile.units.get(each.signal)) for each in verdicts]
    named = [_spared(profile, _named(profile, each)) for each in measured]
    readings = [
        Reading(each.machine, each.signal, each.value, None, now, each.quality or Quality.GOOD)
        for each in named
        if each.ok and each.signal in profile.rule_signals and each.problem is None
    ]
    seen, shaped = shape(profile, Seen(), readings)
    _, facts = apply(profile, seen, shaped, StampBounds())
    if not facts:
        return named
    fact, machine = facts[-1], verdicts[0].machine
    words = [word for word in (fact.state, fact.mode) if word is not None]
    problem = advice = None
    if profile.state and fact.state is None and len(readings) == len(profile.rule_signals):
        problem, advice = "no row of the table `state` fits these values", "add one to the profile"
    value = " / ".join(words) or None
    return [
        *named,
        Verdict(machine, STATE, profile.profile, problem is None, None, value, fact.quality, problem, advice),
    ]


def _named(profile: Profile, verdict: Verdict) -> Verdict:
    """Whether the profile knows what to do with the value."""
    signal = profile.signals.get(verdict.signal)
    if signal is None or not verdict.ok or verdict.value is None:
        return verdict
    measured = signal.measure(verdict.value)
    if isinstance(measured, Unfit):
        problem = f"has the value {verdict.value!r}, which is no {signal.type or 'number'}"
        return replace(verdict, ok=False, problem=problem, advice="correct `type` in the profile")
    if verdict.signal in profile.rule_signals and signal.named(measured, None) is None:
        advice = f"add `{verdict.value}: …` to its `values` in the profile"
        return replace(verdict, ok=False, problem=f"has the value {verdict.value!r}, which has no name", advice=advice)
    return verdict


def _spared(profile: Profile, verdict: Verdict) -> Verdict:
    signal = profile.signals.get(verdict.signal)
    if verdict.ok or signal is None or not signal.optional:
        return verdict
    return replace(verdict, ok=True, advice="optional; the machine may do without")
