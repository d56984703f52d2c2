"""From a config to the parts of an agent: cases, sources and plans; the agent itself knows no kind of source."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

from edge.condition import Habits
from edge.config import Config, OpcUa, Replay, SecondSource, Selling
from edge.errors import FileInvalid
from edge.mapping import StampBounds
from edge.orders.port import JobPort
from edge.plan import Margins
from edge.profile import Profile, find
from edge.publish import Terms
from edge.reserve import Reserve
from edge.secret import Vault
from edge.shifts import Calendar
from edge.sources import Source
from edge.sources.building import CursorOf, Site, Wanted, build
from edge.sources.device import Device
from edge.sources.opcua_signal import OpcUaProfile
from edge.sources.replaylog import Moment, of_machine
from edge.sources.second import SUFFIX, Second
from edge.sources.watchdog import Watchdog
from edge.spare import Rules
from edge.watch import Case, Foretell
from edge.week import off_shift
from gateway.capacity import Confidence
from gateway.clock import Clock

PATIENCE = timedelta(seconds=5)
"""Real time that a machine may be busy without a plan before that counts."""

ALWAYS = timedelta(days=3650)
"""The lead of a plan whose orders are known as soon as they are in it."""

LEAST = Confidence.LOW
"""Hours below this confidence are not offered, unless the plant says otherwise."""


@dataclass(frozen=True, slots=True)
class Feed:
    """One source, and the machines whose link it is; a second source is nobody's."""

    name: str
    source: Source
    machines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bench:
    """What sources are built from."""

    config: Config
    clock: Clock
    vault: Vault
    cursor: CursorOf = field(default=lambda _: None)

    def site(self, suffix: str = "") -> Site:
        """The same for builders; `suffix` tells apart the cursors of second sources."""
        return Site(self.clock, self.vault, ZoneInfo(self.config.zone), lambda name: self.cursor(name + suffix))


def case(config: Config, name: str, clock: Clock) -> Case:
    """What is fixed about one machine; of its calendar what the config itself says. Raises FileInvalid."""
    machine = config.machines[name]
    profile = find(machine.profile, config.profiles)
    selling = merged(machine.selling, config.selling)
    zone = ZoneInfo(config.zone)
    plan = machine.plan or config.plan
    site, *below = config.calendars(name)
    return Case(
        machine=name,
        profile=profile,
        calendar=Calendar(site, zone, *below),
        rules=_rules(config, name, selling, zone),
        habits=_habits(profile, selling, clock),
        bounds=StampBounds(clock.business(timedelta(days=1)), clock.business(timedelta(seconds=5))),
        second=find(machine.mode_from.profile, config.profiles) if machine.mode_from else None,
        lead=(plan.lead if plan else None) or ALWAYS,
        open_signals=config.disclosure.of(name).signals & frozenset(profile.signals),
        reach=plan.complete_for if plan else None,
        foretell=selling.forecast or Foretell.BEYOND_PLAN,
        least=selling.confidence or LEAST,
    )


def merged(own: Selling, common: Selling) -> Selling:
    """The machine's own terms, and the plant's where it has none."""
    wanted = {name: getattr(own, name) for name in Selling.model_fields if getattr(own, name) is not None}
    return common.model_copy(update=wanted)


def terms(config: Config, clock: Clock) -> Terms:
    """Lease and settling time, which are real, in business time."""
    lease, settle = timedelta(seconds=config.post.lease_s), timedelta(seconds=config.post.settle_s)
    return Terms(clock.business(lease), clock.business(settle))


def feeds(bench: Bench) -> list[Feed]:
    """Every source of the config; machines behind one endpoint share one, if their kind can. Raises FileInvalid."""
    found: list[Feed] = []
    groups: dict[Hashable, list[str]] = {}
    for name, machine in bench.config.machines.items():
        key = machine.source.shared()
        groups.setdefault(name if key is None else (machine.source.type, key), []).append(name)
        if machine.mode_from:
            found.append(_second(bench, name, machine.mode_from))
    return found + [_first(bench, names) for names in groups.values()]


def ports(config: Config, feeds: Sequence[Feed]) -> dict[str, JobPort]:
    """The list of job orders of each machine that has one; where orders are off, for taking back what is on it."""
    found: dict[str, JobPort] = {}
    for feed in feeds:
        for name in feed.machines:
            port = _port(config, name, feed.source)
            if port is not None:
                found[name] = port
    return found


def job_lists(config: Config, feeds: Sequence[Feed]) -> dict[str, JobPort]:
    """The list of job orders of each machine whose plan it is. Raises FileInvalid where there is none."""
    found: dict[str, JobPort] = {}
    for feed in feeds:
        for name in feed.machines:
            plan = config.machines[name].plan or config.plan
            if plan is None or not plan.job_list:
                continue
            port = _port(config, name, feed.source)
            if port is None:
                msg = f"machines.{name}.plan.job_list: the machine has no list of job orders; give a `file` or a `url`"
                raise FileInvalid(msg)
            found[name] = port
    return found


def _port(config: Config, name: str, source: Source) -> JobPort | None:
    machine = config.machines[name]
    profile = find(machine.profile, config.profiles)
    if not isinstance(machine.source, OpcUa) or not isinstance(profile, OpcUaProfile) or profile.job_orders is None:
        return None
    from edge.orders.isa95 import Isa95Jobs  # noqa: PLC0415 - asyncua only where it is needed
    from edge.sources.opcua import OpcUaSource  # noqa: PLC0415

    inner = source.inner if isinstance(source, Watchdog) else source
    if not isinstance(inner, OpcUaSource):
        return None
    return Isa95Jobs(lambda: inner.session, profile.job_orders, root=machine.source.root)


def history(config: Config, name: str) -> Sequence[Moment]:
    """What the machine did before the agent's first start, as far as its config has a log. Raises FileInvalid."""
    log = config.machines[name].history
    return of_machine(log.file, ZoneInfo(config.zone), log.machine or name) if log else ()


def replayed(config: Config, name: str) -> Sequence[Moment]:
    """What a replayed machine will live through; nothing for a real one. Raises FileInvalid."""
    source = config.machines[name].source
    if not isinstance(source, Replay):
        return ()
    return of_machine(source.file, ZoneInfo(config.zone), source.machine or name)


def _first(bench: Bench, names: Sequence[str]) -> Feed:
    """The source of one or more machines that share it."""
    machines = {}
    for name in names:
        machine, open_signals = bench.config.machines[name], bench.config.disclosure.of(name).signals
        profile = find(machine.profile, bench.config.profiles)
        machines[name] = wanted(machine.source, profile, profile.rule_signals | open_signals, f"machines.{name}")
    return Feed(names[0], _watched(bench, machines), tuple(names))


def _second(bench: Bench, name: str, second: SecondSource) -> Feed:
    profile = find(second.profile, bench.config.profiles)
    asked = wanted(second.source, profile, profile.rule_signals, f"machines.{name}.mode_from")
    return Feed(name + SUFFIX, Second(_watched(bench, {name: asked}, SUFFIX)))


def _watched(bench: Bench, machines: Mapping[str, Wanted], suffix: str = "") -> Source:
    """The source, with somebody who notices where a signal that must speak regularly does not."""
    source = build(bench.site(suffix), machines)
    limits = {
        (name, signal): each.staleness.total_seconds()
        for name, wanted in machines.items()
        for signal, each in wanted.signals.items()
        if each.staleness
    }
    return Watchdog(source, limits, bench.clock) if limits else source


def wanted(device: Device, profile: Profile, signals: frozenset[str], place: str) -> Wanted:
    """One machine's part in its source. Raises FileInvalid for a profile of another kind."""
    if profile.source != device.type:
        msg = (
            f"{place}.source.type: is {device.type!r}, but the profile {profile.profile!r} reads {profile.source!r}; "
            f"correct one of them (`thirdshift edge profiles` lists those that ship)"
        )
        raise FileInvalid(msg)
    chosen = {name: signal for name, signal in profile.signals.items() if name in signals}
    return Wanted(device, profile, chosen, f"{place}.source")


def addresses(profile: Profile, wanted: frozenset[str]) -> Mapping[str, str]:
    """The nodes of the wanted signals of an OPC UA profile."""
    signals = profile.signals.items() if isinstance(profile, OpcUaProfile) else ()
    return {name: signal.node for name, signal in signals if name in wanted}


def _rules(config: Config, name: str, selling: Selling, zone: ZoneInfo) -> Rules:
    usual = Rules()
    plan = config.machines[name].plan or config.plan
    return Rules(
        zone=zone,
        quantity=config.machines[name].quantity,
        horizon=selling.horizon or usual.horizon,
        reserve=selling.reserve or Reserve(),
        shortest=usual.shortest if selling.shortest is None else selling.shortest,
        sell_off_shift=off_shift(config.calendars(name)),
        margins=Margins(plan.set_up, plan.clean_up) if plan else Margins(),
    )


def _habits(profile: Profile, selling: Selling, clock: Clock) -> Habits:
    usual = Habits()
    return Habits(
        repair_time=selling.repair_time or usual.repair_time,
        job_time=selling.job_time or usual.job_time,
        staleness=clock.business(selling.staleness or profile.staleness),
        when_off=selling.when_off or profile.when_off,
        power_up=profile.power_up,
        patience=clock.business(PATIENCE),
    )
