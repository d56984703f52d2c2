"""`thirdshift edge check`: tries everything that an agent needs before it runs, and says what to mend."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edge import wiring
from edge.config import Config, OpcUa, SecondSource, read
from edge.errors import FileInvalid
from edge.feeds import Feeds
from edge.orders.admission import OrderMode
from edge.planfolder import PlanFolder, checks
from edge.profile import Profile, find
from edge.run import lane, mqtt_settings
from edge.secret import Vault
from edge.sources.opcua_signal import OpcUaProfile
from edge.trouble import Trouble
from gateway.clock import Clock
from gateway.errors import UsageError
from gateway.mqtt import MqttClient
from gateway.span import Span

if TYPE_CHECKING:
    from edge.sources.opcua_check import SignalVerdict

BROKER_PATIENCE = 5.0
"""Real seconds that a broker gets to answer."""

JOB_LIST = "job_orders"
"""Stands for the machine's list of job orders among its signals."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    ok: bool
    what: str
    found: str = ""
    remedy: str = ""


async def check(path: Path, clock: Clock) -> list[Finding]:
    """Everything in the order in which the agent needs it; what depends on something broken is left out."""
    try:
        config = read(path)
    except FileInvalid as error:
        return [Finding(ok=False, what="config", remedy=line) for line in str(error).splitlines()]
    vault = Vault.beside(path)
    machines = [name for name in config.machines if not isinstance(_profile(config, name), Finding)]
    papers, seen = await _papers(config, clock, vault)
    return [
        Finding(ok=True, what="config", found=f"{len(config.machines)} machines"),
        *_profiles(config),
        *seen,
        *_files(config, machines, papers),
        *await _broker(config, vault),
        *await _machines(config, machines, vault),
    ]


def _profile(config: Config, name: str) -> Profile | Finding:
    try:
        return find(config.machines[name].profile, config.profiles)
    except FileInvalid as error:
        return Finding(ok=False, what=f"{name}: profile", remedy=str(error))


def _profiles(config: Config) -> Iterator[Finding]:
    for name in config.machines:
        found = _profile(config, name)
        yield found if isinstance(found, Finding) else Finding(ok=True, what=f"{name}: profile", found=found.title)


async def _papers(config: Config, clock: Clock, vault: Vault) -> tuple[PlanFolder, list[Finding]]:
    """Every file and address that plans and calendars come from; nothing is kept of them."""
    feeds = Feeds(checks(config, clock), None, clock, Trouble(), vault)
    feeds.look()
    for source in feeds.checks:
        if source.url is not None:
            await feeds.refresh(source)
    found = []
    for source in feeds.checks:
        problem = feeds.trouble.now.get(f"feed/{source.place}")
        size = f"{len(feeds.copies[source.place].body):,} bytes" if source.place in feeds.copies else ""
        found.append(Finding(ok=problem is None, what=source.place, found=size, remedy=problem or ""))
    return PlanFolder(config, clock, feeds), found


def _files(config: Config, machines: Sequence[str], papers: PlanFolder) -> Iterator[Finding]:
    """Logs of each machine, and what its plan and calendar leave to sell."""
    for name in machines:
        try:
            case = wiring.case(config, name, papers.clock)
            wiring.history(config, name)
            wiring.replayed(config, name)
        except FileInvalid as error:
            yield Finding(ok=False, what=f"{name}: files", remedy=str(error))
            continue
        yield from _orders(config, name, case.profile)
        now, paper = papers.clock.now(), papers.papers(name)
        calendar = paper.calendar or case.calendar
        hours = sum(span.hours for span in calendar.staffed(Span(now, now + case.rules.horizon)))
        told = f"{hours:.0f} h staffed, {len(paper.orders)} orders"
        yield Finding(ok=True, what=f"{name}: calendar and plan", found=told)


def _orders(config: Config, name: str, profile: Profile) -> Iterator[Finding]:
    """Whether a machine that is to take booked jobs can ever get one."""
    machine = config.machines[name]
    if machine.orders.policy is OrderMode.OFF:
        return
    if not isinstance(profile, OpcUaProfile) or profile.job_orders is None:
        remedy = "set `orders: off`, or name the receiver of job orders as `job_orders` in the profile"
        yield Finding(ok=False, what=f"{name}: orders", found="it has no list of job orders", remedy=remedy)
    elif not machine.orders.work_masters:
        remedy = "name the work that may be ordered under `orders.work_masters`"
        yield Finding(ok=False, what=f"{name}: orders", found="nothing is allowed, so all is refused", remedy=remedy)


async def _broker(config: Config, vault: Vault) -> list[Finding]:
    where = f"broker {config.broker.host}:{config.broker.port}"
    try:
        lane(config, vault, "up")
        settings = mqtt_settings(config, vault)
    except UsageError as error:
        return [Finding(ok=False, what="link", remedy=str(error))]
    try:
        async with MqttClient(settings) as client, asyncio.timeout(BROKER_PATIENCE):
            await client.wait_connected()
    except TimeoutError:
        remedy = "check host, port and TLS, user and password, and that the broker runs"
        return [Finding(ok=False, what=where, found=f"no connection within {BROKER_PATIENCE:g} s", remedy=remedy)]
    except OSError as error:
        return [Finding(ok=False, what=where, remedy=f"{error}; check the files under `broker.tls`")]
    return [
        Finding(ok=True, what="link", found=f"key {config.link.id}"),
        Finding(ok=True, what=where, found="connected"),
    ]


async def _machines(config: Config, machines: Sequence[str], vault: Vault) -> list[Finding]:
    """All machines at once: thirty that do not answer take no longer than one."""
    found = await asyncio.gather(*(_machine(config, name, vault) for name in machines))
    return [finding for findings in found for finding in findings]


async def _machine(config: Config, name: str, vault: Vault) -> list[Finding]:
    found: list[Finding] = []
    machine = config.machines[name]
    if isinstance(machine.source, OpcUa):
        profile = find(machine.profile, config.profiles)
        wanted = profile.rule_signals | config.disclosure.of(name).signals
        orders = machine.orders.policy is not OrderMode.OFF
        found += await _opcua(name, machine.source, _nodes(profile, wanted, orders=orders), profile, vault)
    if machine.mode_from:
        found += await _second(name, machine.mode_from, config, vault)
    return found


async def _second(name: str, second: SecondSource, config: Config, vault: Vault) -> list[Finding]:
    if not isinstance(second.source, OpcUa):
        return []
    profile = find(second.profile, config.profiles)
    return await _opcua(name, second.source, _nodes(profile, profile.rule_signals, orders=False), profile, vault)


def _nodes(profile: Profile, wanted: frozenset[str], *, orders: bool) -> Mapping[str, str]:
    nodes = dict(wiring.addresses(profile, wanted))
    if orders and isinstance(profile, OpcUaProfile) and profile.job_orders:
        nodes[JOB_LIST] = f"{profile.job_orders}/isa95:JobOrderList"
    return nodes


async def _opcua(name: str, source: OpcUa, nodes: Mapping[str, str], profile: Profile, vault: Vault) -> list[Finding]:
    """Every node and its type, on the machine itself."""
    from edge.sources import opcua_check  # noqa: PLC0415 - asyncua only where it is needed

    try:
        endpoint = source.endpoint(vault, f"machines.{name}.source")
    except FileInvalid as error:
        return [Finding(ok=False, what=f"{name}: source", remedy=str(error))]
    kinds = {signal: profile.signals[signal].type for signal in nodes if signal in profile.signals}
    types: Mapping[str, str] = {signal: kind for signal, kind in kinds.items() if kind}
    verdicts = await opcua_check.check(endpoint, nodes, root=source.root, types=types)
    return [_finding(name, verdict, profile) for verdict in verdicts]


def _finding(name: str, verdict: "SignalVerdict", profile: Profile) -> Finding:
    signal = profile.signals.get(verdict.signal)
    spared = not verdict.ok and signal is not None and signal.optional
    seen = f"{verdict.type or '?'} {verdict.value!r}" if verdict.ok else f"{verdict.address}: {verdict.problem}"
    if verdict.ok and verdict.signal == JOB_LIST:
        seen = "takes job orders"
    note = "optional; the machine may do without" if spared else ""
    return Finding(verdict.ok or spared, f"{name}: {verdict.signal}", seen, verdict.advice or note)
