"""Why an hour of a machine is or is not for sale: every layer of its ledger asked by itself, and what came of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from edge.condition import Condition, Present
from edge.outlook import Chances
from edge.papers import Papers
from edge.plan import PlannedOrder, remaining
from edge.reserve import TOO_SHORT, reserved
from edge.watch import Case, Foretell, Watch, capacity, condition_of, orders, planned_until
from gateway.capacity import CapacitySpan, CapacityType, Confidence, Reason
from gateway.coarse import Detail
from gateway.crossing import MachineDisclosure
from gateway.span import Span

PROMISE = timedelta(hours=2)
"""A band's promise is kept by any stretch of this length, which an explanation gives the probability of."""


FIRST_DAYS = 7
"""Up to so many days of evidence an explanation says how few there are."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one layer says of the instant. `takes`: it would keep the hour from being sold, if nothing else did."""

    layer: str
    takes: bool
    text: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """`found`: whose the machine's units are at `at`; `told`: as much of that as leaves the plant; `steps`: why."""

    machine: str
    at: datetime
    now: datetime
    found: tuple[CapacitySpan, ...]
    told: tuple[CapacitySpan, ...]
    steps: tuple[Step, ...]

    @property
    def free(self) -> int:
        """Units for sale, as the registry knows it."""
        return sum(piece.quantity for piece in self.told if piece.type is CapacityType.AVAILABLE)


@dataclass(frozen=True, slots=True)
class Scene:
    """All that the ledger of one machine follows from, at `now`."""

    case: Case
    watch: Watch
    papers: Papers
    present: Present
    disclosure: MachineDisclosure
    now: datetime

    @property
    def condition(self) -> Condition:
        return condition_of(self.case, self.watch, self.papers, self.now, self.present)


def explain(scene: Scene, at: datetime) -> Explanation:
    """The verdict on the instant `at`, and the layers that lead to it, in the order in which they count."""
    within, ledger, _ = capacity(scene.case, scene.watch, scene.papers, scene.now, scene.present)
    shown = scene.disclosure.shown(ledger, within) if scene.disclosure.capacity is not Detail.NONE else []
    if at not in within:
        steps: tuple[Step, ...] = (Step("horizon", True, f"only {within} is spoken of"),)
    else:
        steps = tuple(_steps(scene, ledger, within, at))
    return Explanation(scene.case.machine, at, scene.now, _at(ledger, at), _at(shown, at), steps)


def _at(ledger: list[CapacitySpan], at: datetime) -> tuple[CapacitySpan, ...]:
    return tuple(piece for piece in ledger if at in piece.span)


def _steps(scene: Scene, ledger: list[CapacitySpan], within: Span, at: datetime) -> Iterator[Step]:
    yield from _machine(scene, within, at)
    yield _calendar(scene, at)
    yield from _plan(scene, at)
    kept = reserved(scene.case.rules.reserve, scene.case.calendar, scene.case.rules.zone, within)
    in_reserve = any(at in span for span in kept)
    yield Step("reserve", in_reserve, _reserve(scene, in_reserve))
    yield from _beliefs(scene)
    yield _forecast(scene, at)
    yield _shortest(scene, ledger, at)
    yield _crossing(scene, ledger, within, at)


def _blind(watch: Watch) -> str:
    if watch.silent_since is None and watch.seen.strange:
        return f"a guess (the profile does not know {', '.join(watch.unknown)[:200]})"
    return "nobody sees it"


def _machine(scene: Scene, within: Span, at: datetime) -> Iterator[Step]:
    """What the machine's present takes of its future, as far as it reaches `at`."""
    condition, sight = scene.condition, scene.watch.track.latest
    seen = f"{sight.picture.state}, {sight.picture.mode} since {_time(sight.at)}" if sight else "never seen"
    if scene.watch.blind_since:
        seen += f"; {_blind(scene.watch)} since {_time(scene.watch.blind_since)}"
    staffed = scene.case.calendar.staffed(within)
    claims = [layer for layer in condition.layers(within, staffed) if at in layer.span and not layer.detail]
    if any(scene.now in order.span for order in orders(scene.case, scene.papers, scene.now)):
        claims = [layer for layer in claims if layer.reason is not Reason.RUNNING]
    yield Step("pause", scene.present.paused, "the sale is stopped by hand" if scene.present.paused else "not paused")
    reach = [f"{layer.reason} until {_time(layer.span.end)}" for layer in claims if layer.reason is not Reason.PAUSED]
    yield Step("machine", bool(reach), f"{seen}: {'; '.join(reach) or 'takes nothing of this hour'}")


def _calendar(scene: Scene, at: datetime) -> Step:
    instant = Span(at, at + timedelta(microseconds=1))
    why, rules = scene.case.calendar.why(at), scene.case.rules
    if scene.case.calendar.maintenance(instant):
        return Step("calendar", True, why)
    if scene.case.calendar.staffed(instant):
        return Step("calendar", False, f"staffed: {why}")
    if rules.sell_off_shift:
        return Step("calendar", False, f"dark: {why}; the plant sells its dark hours")
    return Step("calendar", True, f"not staffed: {why}")


def _plan(scene: Scene, at: datetime) -> Iterator[Step]:
    if not scene.papers.planned:
        yield Step("plan", False, "there is no plan of this machine")
        return
    known = orders(scene.case, scene.papers, scene.now)
    taking = [order for order in known if at in order.span]
    until = planned_until(scene.case, scene.papers, scene.now)
    reach = f"the plan reaches to {_time(until)}" if until else "no forecast replaces the plan"
    text = "; ".join(_order(order) for order in taking) or f"no order is known ({reach})"
    lead = scene.case.lead
    own = (order for order in scene.papers.orders if at in order.span and not order.serves_a_booking)
    if not taking and any(order.span.start - lead > scene.now for order in own):
        text += f"; an order becomes known {_hours(lead)} before its start"
    yield Step("plan", bool(taking), text)
    margins = [
        f"{name} of order {order.order}: {span}"
        for order in known
        for span, name in scene.case.rules.margins.around(order.span)
        if at in span
    ]
    if scene.case.rules.margins.set_up or scene.case.rules.margins.clean_up:
        yield Step("margin", bool(margins), "; ".join(margins) or "no set-up or cleaning")


def _order(order: PlannedOrder) -> str:
    text = f"order {order.order}: {order.span}"
    if order.progress and remaining(order, order.span.start) == order:
        text += f" ({max(0.0, order.progress.left):g} pieces left, {order.progress.cycle} each)"
    return text


def _reserve(scene: Scene, taken: bool) -> str:
    rule = scene.case.rules.reserve
    if not rule.per_day and not rule.share:
        return "the plant keeps no reserve"
    size = f"{rule.share:.0%} of the day's" if rule.share else _hours(rule.per_day)
    return f"{'among' if taken else 'not among'} the last {size} staffed hours of its day, which the plant keeps back"


def _beliefs(scene: Scene) -> Iterator[Step]:
    """How old the papers are, and how far they are still believed."""
    for belief in scene.papers.beliefs:
        sure = belief.confidence(scene.now)
        age = f"last good {_time(belief.as_of)}" if belief.as_of else "never read yet"
        takes = sure is None or sure < scene.case.least
        yield Step("freshness", takes, f"{belief.name}: {age}: {'too old to sell on' if sure is None else _sure(sure)}")


def _forecast(scene: Scene, at: datetime) -> Step:
    view = scene.condition.view
    if scene.case.foretell is Foretell.OFF:
        return Step("forecast", False, "the plant does not use it")
    if view.planned_until is not None and at < view.planned_until:
        return Step("forecast", False, f"the plan tells everything until {_time(view.planned_until)}")
    band = next((each for each in view.outlook.bands if at in each.span), None) if view.outlook else None
    if view.outlook is None or band is None:
        return Step("forecast", False, "nothing is foretold of this hour")
    promised = any(at in span for span in view.kept)
    text = f"{_sure(band.confidence)} over {band.span}; the plant offers from {_sure(scene.case.least)}"
    if view.outlook.chances is not None:
        text = f"{_numbers(view.outlook.chances, band.span, at)}: {text}"
    if view.outlook.days is not None and view.outlook.days < FIRST_DAYS:
        text += f"; it knows {view.outlook.days:.1f} days of the machine's ways, and grows surer with each"
    return Step("forecast", band.confidence < scene.case.least and not promised, text)


def _numbers(chances: Chances, span: Span, at: datetime) -> str:
    stretch = Span(at, at + PROMISE).intersection(span) or span
    return f"idle with {chances.at(at):.1%}, for all of {stretch} with {chances.span(stretch):.1%}"


def _shortest(scene: Scene, ledger: list[CapacitySpan], at: datetime) -> Step:
    short = any(piece.detail == TOO_SHORT for piece in _at(ledger, at))
    least = _hours(scene.case.rules.shortest)
    return Step("shortest", short, f"the free piece around it is {'shorter' if short else 'no shorter'} than {least}")


def _crossing(scene: Scene, ledger: list[CapacitySpan], within: Span, at: datetime) -> Step:
    detail = scene.disclosure.capacity
    inside = sum(piece.quantity for piece in _at(ledger, at) if piece.type is CapacityType.AVAILABLE)
    shown = scene.disclosure.shown(ledger, within) if detail is not Detail.NONE else []
    told = sum(piece.quantity for piece in _at(shown, at) if piece.type is CapacityType.AVAILABLE)
    text = {
        Detail.SPANS: "spans leave the plant as they are",
        Detail.HOURS: "only whole free hours leave the plant",
        Detail.BAND: "only whole free blocks of four hours leave the plant",
        Detail.NONE: "nothing of this machine's capacity leaves the plant",
    }[detail]
    return Step("crossing", told < inside, text)


def _sure(band: Confidence) -> str:
    return f"{band.name.lower()} (at least {band.floor:.0%})"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _hours(length: timedelta) -> str:
    return f"{length / timedelta(hours=1):g} h"
