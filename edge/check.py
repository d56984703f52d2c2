"""`thirdshift edge check`: tries everything that an agent needs before it runs, and says what to mend."""

import asyncio
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge import wiring
from edge.config import Config, read
from edge.errors import FileInvalid
from edge.feeds import Feeds
from edge.orders.admission import OrderMode
from edge.planfolder import PlanFolder, checks
from edge.profile import find
from edge.profilemodel import Profile
from edge.secret import Vault
from edge.sources.opcua_device import OpcUa
from edge.sources.opcua_signal import OpcUaProfile
from edge.trial import attempt
from edge.trouble import Trouble
from edge.uplink import lane, mqtt_settings
from edge.verdict import Verdict
from gateway.clock import Clock
from gateway.errors import UsageError
from gateway.finding import Finding
from gateway.mqtt import MqttClient
from gateway.span import Span

BROKER_PATIENCE = 5.0
"""Real seconds that a broker gets to answer."""


@dataclass(frozen=True, slots=True)
class Report:
    """All that was looked at: what the agent needs, and every signal of every machine."""

    findings: Sequence[Finding]
    signals: Sequence[Verdict] = ()

    @property
    def ok(self) -> bool:
        return all(each.ok for each in self.findings) and all(each.ok for each in self.signals)


Tell = Callable[[str], None]
"""Takes what is looked at now; it may take a while."""


async def check(path: Path, clock: Clock, tell: Tell = lambda _: None) -> Report:
    """Everything in the order in which the agent needs it; what depends on something broken is left out."""
    try:
        config = read(path)
    except FileInvalid as error:
        return Report([Finding(ok=False, what="config", remedy=line) for line in str(error).splitlines()])
    vault = Vault.beside(path)
    machines = [name for name in config.machines if not isinstance(_profile(config, name), Finding)]
    tell("plans and calendars")
    papers, seen = await _papers(config, clock, vault)
    tell("the broker")
    findings = [
        Finding(ok=True, what="config", found=f"{len(config.machines)} machine{'s' * (len(config.machines) > 1)}"),
        *_profiles(config),
        *seen,
        *_files(config, machines, papers),
        *await _broker(config, vault),
    ]
    tell(f"{len(machines)} machines")
    return Report(findings, await attempt(config, machines, clock, vault))


def _profile(config: Config, name: str) -> Profile | Finding:
    try:
        return find(config.machines[name].profile, config.profiles)
    except FileInvalid as error:
        return Finding(ok=False, what=f"{name}: profile", remedy=f"{error}{_drawing(config, name)}")


def _drawing(config: Config, name: str) -> str:
    """How to get a profile that is not there yet, where the machine itself can be asked."""
    machine = config.machines[name]
    there = any((folder / f"{machine.profile}.yaml").exists() for folder in config.profiles)
    if there or not isinstance(machine.source, OpcUa) or not config.profiles:
        return ""
    words = [machine.source.url, "--machine", name, "--draft", machine.profile, "--write", str(config.profiles[0])]
    return f"; to draw one of the machine, run: thirdshift edge browse {shlex.join(words)}"


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
    job_orders = profile.job_orders if isinstance(profile, OpcUaProfile) else None
    if job_orders is None or not isinstance(machine.source, OpcUa):
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
        async with MqttClient(settings) as client:
            if (trouble := await _refused(client)) is not None:
                return [Finding(ok=False, what=where, remedy=trouble)]
    except OSError as error:
        return [Finding(ok=False, what=where, remedy=f"{error}; check the files under `broker.tls`")]
    return [
        Finding(ok=True, what="link", found=f"key {config.link.id}"),
        Finding(ok=True, what=where, found="connected"),
    ]


async def _refused(client: MqttClient) -> str | None:
    """Why there is no connection, as far as the client knows; None where there is one."""
    try:
        async with asyncio.timeout(BROKER_PATIENCE):
            await client.wait_connected()
    except TimeoutError:
        silent = f"no answer within {BROKER_PATIENCE:g} s; check host, port and TLS, and that the broker runs"
        return client.trouble or silent
    return None
