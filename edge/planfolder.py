"""Makes each machine's papers out of the copies of plans and calendars, and anew when one of them changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from edge import ics
from edge.ageing import Belief
from edge.config import Config
from edge.copied import Copied
from edge.feeds import Check, Copy, Feeds
from edge.fetch import Fetch, fetch
from edge.ics import IcsFile
from edge.papers import Papers
from edge.plan import PlannedOrder
from edge.planrows import Reader
from edge.plansource import Plan
from edge.secret import Vault
from edge.shifts import Calendar
from edge.trouble import Trouble
from edge.week import Ics
from gateway.clock import Clock
from gateway.span import Span

FOLDER = "feeds"
"""Where in the agent's data the last good copies are."""

AHEAD, BEHIND = timedelta(days=400), timedelta(days=8)
"""The stretch of time for which a plan without end is read, anew each day."""


_PlanKey = tuple[Plan, str, str | None, date | None]


@dataclass(frozen=True, slots=True)
class Listed:
    """What a machine's own job list says, and when it said so."""

    orders: Sequence[PlannedOrder]
    as_of: datetime


@dataclass
class PlanFolder:
    """The papers of a config's machines. `listed`: what the machines' own job lists say."""

    config: Config
    clock: Clock
    feeds: Feeds
    listed: dict[str, Listed] = field(default_factory=dict)
    _papers: dict[str, Papers] = field(default_factory=dict)
    _plans: dict[_PlanKey, Mapping[str, Sequence[PlannedOrder]]] = field(default_factory=dict)
    _calendars: dict[tuple[str, str], IcsFile] = field(default_factory=dict)
    _built: dict[str, tuple[object, Calendar]] = field(default_factory=dict)

    def papers(self, name: str) -> Papers:
        """One machine's papers, as of now."""
        now = self.clock.now()
        calendar, beliefs = self._calendar(name)
        plan = self.plan(name)
        found = Papers(calendar=calendar, beliefs=tuple(beliefs))
        if plan is None:
            return found
        if plan.job_list:
            listed = self.listed.get(name)
            orders = tuple(listed.orders) if listed else ()
            belief = self._belief("plan (job list)", plan, listed.as_of if listed else None)
            ends = max((order.span.end for order in orders), default=None)
        else:
            copy = self.feeds.copies.get(plan.place)
            every = self._orders(plan, name, copy, now) if copy else {}
            wanted = plan.machine or name
            orders = tuple(replace(order, machine=name) for order in every.get(wanted, ()))
            belief = self._belief(f"plan {plan.place}", plan, copy.as_of if copy else None)
            ends = max((orders[-1].span.end for orders in every.values() if orders), default=None)
        return replace(found, orders=orders, beliefs=(*beliefs, belief), planned=True, ends=ends)

    def changed(self) -> Mapping[str, Papers]:
        """Look at everything; the papers of each machine for which something is new, be it only that the old holds."""
        self.feeds.look()
        found: dict[str, Papers] = {}
        for name in self.config.machines:
            papers = self.papers(name)
            if papers != self._papers.get(name):
                self._papers[name] = found[name] = papers
        return found

    def plan(self, name: str) -> Plan | None:
        return self.config.machines[name].plan or self.config.plan

    def _orders(self, plan: Plan, name: str, copy: Copy, now: datetime) -> Mapping[str, Sequence[PlannedOrder]]:
        """Every machine's orders, read once for all machines of a plan. A copy was checked before it was kept."""
        key = (plan, copy.mark, own_name(self.config, name, plan), now.date() if plan.form == "ics" else None)
        if key not in self._plans:
            for old in [each for each in self._plans if each[0] == plan and each[2] == key[2]]:
                del self._plans[old]
            self._plans[key] = _by_machine(reader(self.config, name, plan, now, copy.since).read(copy.body))
        return self._plans[key]

    def _calendar(self, name: str) -> tuple[Calendar, list[Belief]]:
        """The machine's calendar, made anew where one of its files changed."""
        levels = self.config.calendars(name)
        sources = [source for level in levels for source in level.ics]
        copies = {source: self.feeds.copies.get(source.place) for source in sources}
        beliefs = [
            self._belief(f"calendar {source.place}", source, copy.as_of if copy else None)
            for source, copy in copies.items()
        ]
        marks = tuple(copy.mark if copy else None for copy in copies.values())
        if name not in self._built or self._built[name][0] != marks:
            files = {source: self._file(source, copy) for source, copy in copies.items() if copy}
            self._built[name] = (marks, Calendar(levels[0], ZoneInfo(self.config.zone), *levels[1:], files=files))
        return self._built[name][1], beliefs

    def _file(self, source: Ics, copy: Copy) -> IcsFile:
        key = (source.place, copy.mark)
        if key not in self._calendars:
            for old in [each for each in self._calendars if each[0] == source.place]:
                del self._calendars[old]
            self._calendars[key] = ics.parse(copy.body, source.place, ZoneInfo(self.config.zone))
        return self._calendars[key]

    def _belief(self, name: str, source: Copied, as_of: datetime | None) -> Belief:
        return Belief(name, as_of, self.clock.business(source.fresh), self.clock.business(source.stale))


def folder(config: Config, clock: Clock, trouble: Trouble, vault: Vault | None, getting: Fetch = fetch) -> PlanFolder:
    """The folder of a config, with the first look taken. Raises FileInvalid for a file that cannot be read."""
    feeds = Feeds(checks(config, clock), config.data / FOLDER, clock, trouble, vault, getting)
    feeds.first()
    return PlanFolder(config, clock, feeds)


def checks(config: Config, clock: Clock) -> dict[Copied, list[Check]]:
    """Every file and address of a config, and what must be able to read it."""
    zone = ZoneInfo(config.zone)
    found: dict[Copied, list[Check]] = {}
    for name in config.machines:
        plan = config.machines[name].plan or config.plan
        if plan is not None and not plan.job_list and (plan not in found or own_name(config, name, plan)):
            found.setdefault(plan, []).append(_plan_check(config, name, plan, clock))
        for source in (source for level in config.calendars(name) for source in level.ics):
            found.setdefault(source, [_ics_check(source, zone, clock)])
    return found


def own_name(config: Config, name: str, plan: Plan) -> str | None:
    """The machine whose own a plan is, as the plan calls it; None for a plan that several share."""
    return (plan.machine or name) if config.machines[name].plan is not None else None


def reader(config: Config, name: str, plan: Plan, now: datetime, at: datetime) -> Reader:
    """How a machine's plan is read; `at`: when its pieces were counted."""
    within = Span(now - BEHIND, now + AHEAD)
    machine = own_name(config, name, plan)
    return Reader(plan.place, plan.form, plan.fields, ZoneInfo(config.zone), at, machine, within)


def _plan_check(config: Config, name: str, plan: Plan, clock: Clock) -> Check:
    def check(body: bytes) -> object:
        now = clock.now()
        return reader(config, name, plan, now, now).read(body)

    return check


def _ics_check(source: Ics, zone: ZoneInfo, clock: Clock) -> Check:
    def check(body: bytes) -> object:
        now = clock.now()
        return ics.parse(body, source.place, zone).within(Span(now - BEHIND, now + BEHIND))

    return check


def _by_machine(orders: Sequence[PlannedOrder]) -> dict[str, list[PlannedOrder]]:
    found: dict[str, list[PlannedOrder]] = {}
    for order in orders:
        found.setdefault(order.machine, []).append(order)
    return found
