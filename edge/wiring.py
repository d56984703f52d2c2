"""From a config to the parts of an agent: cases, sources and plans; the agent itself knows no kind of source."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from edge.condition import Habits
from edge.config import Config, Machine, OpcUa, Plan, Replay, Selling, SourceConfig
from edge.mapping import StampBounds
from edge.orders.port import JobPort
from edge.plan import PlannedOrder
from edge.planfile import read_plan
from edge.profile import Profile, find
from edge.publish import Terms
from edge.reserve import Reserve
from edge.secret import Vault
from edge.shifts import Calendar
from edge.sources import Source
from edge.sources.replay import ReplaySource
from edge.sources.replaylog import Moment, of_machine
from edge.sources.second import Second
from edge.spare import Rules
from edge.watch import Case
from gateway.clock import Clock

PATIENCE = timedelta(seconds=5)
"""Real time that a machine may be busy without a plan before that counts."""

CursorOf = Callable[[str], str | None]
"""How far a machine's source had read."""


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


def case(config: Config, name: str, clock: Clock) -> Case:
    """What is fixed about one machine. Raises FileInvalid."""
    machine = config.machines[name]
    profile = find(machine.profile, config.profiles)
    selling = merged(machine.selling, config.selling)
    week = machine.calendar or config.calendar
    zone = ZoneInfo(config.zone)
    plan = machine.plan or config.plan
    return Case(
        machine=name,
        profile=profile,
        calendar=Calendar(week, zone),
        rules=_rules(machine, selling, zone, sell_off_shift=week.off_shift == "sellable"),
        habits=_habits(profile, selling, clock),
        bounds=StampBounds(clock.business(timedelta(days=1)), clock.business(timedelta(seconds=5))),
        second=find(machine.mode_from.profile, config.profiles) if machine.mode_from else None,
        lead=plan.lead if plan else timedelta(),
        open_signals=config.disclosure.of(name).signals & frozenset(profile.signals),
    )


def merged(own: Selling, common: Selling) -> Selling:
    """The machine's own terms, and the plant's where it has none."""
    wanted = {name: getattr(own, name) for name in Selling.model_fields if getattr(own, name) is not None}
    return common.model_copy(update=wanted)


def terms(config: Config, clock: Clock) -> Terms:
    """Lease and settling time, which are real, in business time."""
    lease, settle = timedelta(seconds=config.post.lease_s), timedelta(seconds=config.post.settle_s)
    return Terms(clock.business(lease), clock.business(settle))


def orders(config: Config, name: str) -> Sequence[PlannedOrder]:
    """The plant's own orders on one machine. Raises FileInvalid."""
    plan = config.machines[name].plan or config.plan
    if plan is None:
        return ()
    return of(plan, name, ZoneInfo(config.zone))


def of(plan: Plan, name: str, zone: ZoneInfo) -> Sequence[PlannedOrder]:
    wanted = plan.machine or name
    return [replace(order, machine=name) for order in read_plan(plan.file, zone) if order.machine == wanted]


def feeds(bench: Bench) -> list[Feed]:
    """Every source of the config; machines behind one OPC UA endpoint share one. Raises FileInvalid."""
    found: list[Feed] = []
    endpoints: dict[OpcUa, list[str]] = {}
    for name, machine in bench.config.machines.items():
        if isinstance(machine.source, OpcUa):
            endpoints.setdefault(machine.source.model_copy(update={"root": "/Objects"}), []).append(name)
        else:
            found.append(Feed(name, _replay(bench, name, machine.source, name), (name,)))
        if machine.mode_from:
            profile = find(machine.mode_from.profile, bench.config.profiles)
            found.append(_second(bench, name, machine.mode_from.source, profile))
    return found + [_opcua(bench, endpoint, names) for endpoint, names in endpoints.items()]


def ports(config: Config, feeds: Sequence[Feed]) -> dict[str, JobPort]:
    """The list of job orders of each machine that has one; where orders are off, for taking back what is on it."""
    found: dict[str, JobPort] = {}
    for feed in feeds:
        for name in feed.machines:
            port = _port(config, name, feed.source)
            if port is not None:
                found[name] = port
    return found


def _port(config: Config, name: str, source: Source) -> JobPort | None:
    machine = config.machines[name]
    profile = find(machine.profile, config.profiles)
    if not isinstance(machine.source, OpcUa) or profile.job_orders is None:
        return None
    from edge.orders.isa95 import Isa95Jobs  # noqa: PLC0415 - asyncua only where it is needed
    from edge.sources.opcua import OpcUaSource  # noqa: PLC0415

    if not isinstance(source, OpcUaSource):
        return None
    return Isa95Jobs(lambda: source.session, profile.job_orders, root=machine.source.root)


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


def _replay(bench: Bench, name: str, source: Replay, cursor: str) -> ReplaySource:
    moments = of_machine(source.file, ZoneInfo(bench.config.zone), source.machine or name)
    return ReplaySource(name, moments, bench.clock, bench.cursor(cursor), source.rate)


def _opcua(bench: Bench, endpoint: OpcUa, names: Sequence[str]) -> Feed:
    nodes: dict[str, tuple[str, Mapping[str, str]]] = {}
    for name in names:
        own = bench.config.machines[name].source
        profile = find(bench.config.machines[name].profile, bench.config.profiles)
        wanted = profile.rule_signals | bench.config.disclosure.of(name).signals
        nodes[name] = (own.root if isinstance(own, OpcUa) else "/Objects", addresses(profile, wanted))
    return Feed(names[0], _opcua_source(bench, endpoint, nodes, names[0]), tuple(names))


def _second(bench: Bench, name: str, source: SourceConfig, profile: Profile) -> Feed:
    if isinstance(source, Replay):
        return Feed(f"{name}/second", Second(_replay(bench, name, source, f"{name}/second")))
    nodes = {name: (source.root, addresses(profile, profile.rule_signals))}
    return Feed(f"{name}/second", Second(_opcua_source(bench, source, nodes, name)))


def addresses(profile: Profile, wanted: frozenset[str]) -> Mapping[str, str]:
    """The nodes of the wanted signals."""
    return {signal: found.node for signal, found in profile.signals.items() if signal in wanted}


def _opcua_source(
    bench: Bench, endpoint: OpcUa, nodes: Mapping[str, tuple[str, Mapping[str, str]]], name: str
) -> Source:
    # asyncua takes a third of a second and 30 MB to import: not for a plant that only replays.
    from edge.sources.opcua import MachineNodes, OpcUaSource  # noqa: PLC0415

    found = endpoint.endpoint(bench.vault, f"machines.{name}.source")
    machines = {machine: MachineNodes(signals, root) for machine, (root, signals) in nodes.items()}
    return OpcUaSource(found, machines, bench.clock)


def _rules(machine: Machine, selling: Selling, zone: ZoneInfo, *, sell_off_shift: bool) -> Rules:
    usual = Rules()
    return Rules(
        zone=zone,
        quantity=machine.quantity,
        horizon=selling.horizon or usual.horizon,
        reserve=selling.reserve or Reserve(),
        shortest=usual.shortest if selling.shortest is None else selling.shortest,
        sell_off_shift=sell_off_shift,
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
