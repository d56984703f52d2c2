"""What the agent knows of one machine: events in, messages for the cloud out, and the capacity that follows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from edge.condition import Condition, Habits, Present
from edge.mapping import Fact, Seen, StampBounds, apply, shape
from edge.outlook import View
from edge.papers import Papers
from edge.plan import PlannedOrder, known, next_news
from edge.profile import Profile
from edge.reading import Cursor, Event, Gap, LinkNotice, Reading
from edge.shifts import WorkingTime
from edge.spare import Rules, horizon, ledger
from edge.telemetry import Named
from edge.tracker import Track, doubt, due, step, tick
from gateway.capacity import CapacitySpan, Confidence
from gateway.machine import Quality
from gateway.messages import GapNotice, StateChange
from gateway.span import Span, utc

SECOND = "second:"
"""Prefix of the signals of the second source, which knows the mode only."""


MOST_UNKNOWN = 20
"""Different values that the profile cannot place and that are told apart; a number with a unit has ever new ones."""


class Foretell(StrEnum):
    """Which hours the forecast weighs: none, those that the plan does not reach, or all."""

    OFF = "off"
    BEYOND_PLAN = "beyond_plan"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Case:
    """What is fixed about one machine while the agent runs. `open_signals` may leave the plant as they are.

    `lead`: how long before its start an order is known; `reach`: how far ahead the plan is complete (None: to its last
    order). `least`: what is less sure is not offered.
    """

    machine: str
    profile: Profile
    calendar: WorkingTime
    rules: Rules
    habits: Habits
    bounds: StampBounds = field(default_factory=StampBounds)
    second: Profile | None = None
    lead: timedelta = timedelta(days=365)
    open_signals: frozenset[str] = frozenset()
    reach: timedelta | None = None
    foretell: Foretell = Foretell.BEYOND_PLAN
    least: Confidence = Confidence.VERY_LOW


@dataclass(frozen=True, slots=True)
class Watch:
    """What changes. `silent_since`: when the link to the machine was lost, None while it is there; `silence`: why.

    `unknown` counts the raw values, by signal and value, that the profile could not place; beyond some, by signal.
    """

    track: Track
    seen: Seen = field(default_factory=Seen)
    second_seen: Seen = field(default_factory=Seen)
    silent_since: datetime | None = None
    silence: str = ""
    unknown: Mapping[str, int] = field(default_factory=dict)

    @property
    def blind_since(self) -> datetime | None:
        """Since when nobody can tell the machine's state: no link, only bad values, or some that nobody understands."""
        shown, moments = self.track.shown, list(self.seen.strange.values())
        if self.silent_since is not None:
            return self.silent_since
        if shown and shown.picture.quality is Quality.BAD:
            moments.append(shown.at)
        return min(moments, default=None)


Told = StateChange | GapNotice | Named


def take(case: Case, watch: Watch, events: Iterable[Event], now: datetime) -> tuple[Watch, tuple[Told, ...]]:
    """Fold a batch of one machine's events, in order. Cursors are the shell's and pass by."""
    told: list[Told] = []
    readings: list[Reading] = []
    for event in events:
        if isinstance(event, Reading):
            readings.append(event)
            continue
        watch, more = _read(case, watch, readings)
        told += more
        readings = []
        watch, more = _notice(case, watch, event)
        told += more
    watch, more = _read(case, watch, readings)
    watch, last = look(case, watch, now)
    return watch, (*told, *more, *last)


def look(case: Case, watch: Watch, now: datetime) -> tuple[Watch, tuple[StateChange, ...]]:
    """Let time pass: a pending state may have lasted, a silence may have become too long."""
    track, changes = tick(watch.track, now, case.profile.debounce)
    blind = watch.silent_since
    if blind is not None and now - blind >= case.habits.staleness:
        track, more = doubt(track, blind)
        changes += more
    return replace(watch, track=track), changes


def capacity(
    case: Case, watch: Watch, papers: Papers, now: datetime, present: Present
) -> tuple[Span, list[CapacitySpan], datetime | None]:
    """The horizon, its ledger, and when the same facts, seen later, give another one. Of origin plant only."""
    within = horizon(now, case.rules.horizon)
    condition = condition_of(case, watch, papers, now, present)
    found = ledger(case.rules, case.calendar, orders(case, papers, now), condition, within)
    soon = Span(now, max(now + timedelta(days=2), now + case.habits.repair_time))
    turns = [
        condition.turn(case.calendar.staffed(soon)),
        next_news(papers.orders, now, case.lead),
        papers.turn(now),
    ]
    return within, found, min((turn for turn in turns if turn is not None), default=None)


def orders(case: Case, papers: Papers, now: datetime) -> list[PlannedOrder]:
    """The plant's own orders that are known now."""
    return known(papers.orders, now, case.lead, case.rules.margins)


def condition_of(case: Case, watch: Watch, papers: Papers, now: datetime, present: Present) -> Condition:
    """What is known of the machine now, and how sure that is."""
    ends = (order.span.end for order in papers.orders if order.span.end <= now)
    present = replace(present, freed_at=max(ends, default=None))
    trust = papers.trust(now)
    view = View(
        trust=trust or Confidence.VERY_LOW,
        outlook=papers.outlook if case.foretell is not Foretell.OFF else None,
        planned_until=planned_until(case, papers, now),
        least=case.least,
        kept=present.sold,
    )
    stale = papers.stale(now)
    return Condition(now, watch.track.latest, case.habits, watch.blind_since, present, view, ", ".join(stale))


def planned_until(case: Case, papers: Papers, now: datetime) -> datetime | None:
    """Up to where the plan tells everything: as far as it is complete beforehand, else to its last order's end.

    A full hour, so that it moves with the hour only.
    """
    if not papers.planned or case.foretell is Foretell.ALWAYS:
        return None
    reach = now + case.reach if case.reach is not None else papers.ends or now
    return max(reach.replace(minute=0, second=0, microsecond=0), now)


def wakes(case: Case, watch: Watch) -> datetime | None:
    """When `look` has something to do, if no event comes before."""
    moments = [due(watch.track, case.profile.debounce)]
    shown = watch.track.shown
    if watch.silent_since is not None and (shown is None or shown.picture.quality is Quality.GOOD):
        moments.append(watch.silent_since + case.habits.staleness)
    return min((moment for moment in moments if moment is not None), default=None)


def hopeful(case: Case, watch: Watch, now: datetime) -> bool:
    """Whether the machine was never seen, but may be any moment: too early to say anything about it."""
    never, since = watch.track.latest is None, watch.silent_since
    return never and (since is None or now - since < case.habits.staleness)


def _read(case: Case, watch: Watch, readings: Sequence[Reading]) -> tuple[Watch, list[Told]]:
    if not readings:
        return watch, []
    own: Sequence[Reading] = [reading for reading in readings if not reading.signal.startswith(SECOND)]
    seen, own = shape(case.profile, watch.seen, own)
    seen, facts = apply(case.profile, seen, own, case.bounds)
    watch, told = _step(case, replace(watch, seen=seen), facts, second=False)
    told += _named(case, own)
    other: Sequence[Reading] = [
        replace(reading, signal=reading.signal.removeprefix(SECOND))
        for reading in readings
        if reading.signal.startswith(SECOND)
    ]
    if case.second is None or not other:
        return watch, told
    seen, other = shape(case.second, watch.second_seen, other)
    seen, facts = apply(case.second, seen, other, case.bounds)
    watch, more = _step(case, replace(watch, second_seen=seen), facts, second=True)
    return watch, [*told, *more]


def _named(case: Case, readings: Sequence[Reading]) -> list[Named]:
    named = [reading for reading in readings if reading.signal in case.open_signals] if case.open_signals else []
    return [Named(case.machine, named, case.bounds)] if named else []


def _step(case: Case, watch: Watch, facts: Iterable[Fact], *, second: bool) -> tuple[Watch, list[Told]]:
    told: list[Told] = []
    track, unknown = watch.track, dict(watch.unknown)
    for fact in facts:
        track, changes = step(track, fact, case.profile.debounce, second=second)
        told += changes
        if fact.unknown:
            name = "=".join(fact.unknown)
            name = name if name in unknown or len(unknown) < MOST_UNKNOWN else f"{fact.unknown[0]}=…"
            unknown[name] = unknown.get(name, 0) + 1
    return replace(watch, track=track, unknown=unknown), told


def _notice(case: Case, watch: Watch, event: Gap | LinkNotice | Cursor) -> tuple[Watch, list[Told]]:
    match event:
        case Gap():
            return watch, _gap(case, event)
        case LinkNotice(up=True):
            return replace(watch, silent_since=None, silence=""), []
        case LinkNotice():
            since = watch.silent_since or utc(event.at)
            return replace(watch, silent_since=since, silence=event.reason), []
        case _:
            return watch, []


def _gap(case: Case, gap: Gap) -> list[Told]:
    """Only a gap in what the state is made of is worth telling."""
    wanted = case.profile.rule_signals | case.open_signals
    if gap.signals and not wanted.intersection(gap.signals):
        return []
    if gap.start >= gap.end:
        return []
    return [GapNotice(machine=case.machine, start=gap.start, end=gap.end, reason=gap.reason[:500])]
