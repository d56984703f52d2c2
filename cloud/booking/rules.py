"""The rules of admission as a pure model: who may take which hours, why not, what would do, and who is at risk.

The SQL functions decide; this says what they must decide, and a property test holds them to it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby, pairwise
from typing import Any

from cloud.booking.model import Refused
from gateway.capacity import CapacitySpan, CapacityType, Confidence
from gateway.span import Span

NEAR = timedelta(days=7)
"""How far before and after the wish the nearest span that would do is looked for."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a provider asks for: notice before the start, bounds of the length, least confidence of what is sold."""

    notice: timedelta = timedelta()
    min_duration: timedelta = timedelta()
    max_duration: timedelta | None = None
    min_confidence: Confidence = Confidence.VERY_LOW


@dataclass(frozen=True, slots=True)
class Taking:
    """A live claim, as far as admission looks at it; one with an expiry takes nothing from then on."""

    id: str
    span: Span
    quantity: int
    expires_at: datetime | None = None

    def lives(self, now: datetime) -> bool:
        return self.expires_at is None or self.expires_at > now


@dataclass(frozen=True, slots=True)
class Stair:
    """A stretch of time on which neither the offer nor what is free of it changes; `free` may be negative."""

    span: Span
    offered: int
    free: int


@dataclass(frozen=True, slots=True)
class Admitted:
    """There is room on this machine."""

    machine_id: str


@dataclass(frozen=True, slots=True)
class Resource:
    """A machine, how many units it has, its offer in force, and the claims on it, oldest first."""

    machine_id: str
    quantity: int
    ledger: Sequence[CapacitySpan]
    claims: Sequence[Taking]


def stairs(
    machine: Resource, takings: Iterable[Taking], within: Span, least: Confidence = Confidence.VERY_LOW
) -> list[Stair]:
    """What is offered with at least that confidence, and what the takings leave of it, over the whole of `within`.

    No more counts as offered than the machine has.
    """
    offers = [(part.span, part.quantity, 0) for part in machine.ledger if _counts(part, least)]
    pieces = [*offers, *((taking.span, 0, taking.quantity) for taking in takings)]
    steps: dict[datetime, tuple[int, int]] = {within.start: (0, 0), within.end: (0, 0)}
    for span, offered, taken in pieces:
        inside = span.intersection(within)
        for moment, sign in ((inside.start, 1), (inside.end, -1)) if inside else ():
            before = steps.get(moment, (0, 0))
            steps[moment] = (before[0] + sign * offered, before[1] + sign * taken)
    found, offered, taken = [], 0, 0
    for moment, following in pairwise(sorted(steps)):
        offered, taken = offered + steps[moment][0], taken + steps[moment][1]
        real = min(offered, machine.quantity)
        found.append(Stair(Span(moment, following), real, real - taken))
    return _joined(found)


def admit(terms: Terms, machines: Sequence[Resource], wish: Span, quantity: int, now: datetime) -> Admitted | Refused:
    """The first machine that has room for the wish, or the refusal that explains."""
    return against_terms(terms, wish, now) or room(terms, machines, wish, quantity, now)


def room(terms: Terms, machines: Sequence[Resource], wish: Span, quantity: int, now: datetime) -> Admitted | Refused:
    """The same for a wish that need not keep the terms any more, because it is held already."""
    for machine in machines:
        if _fits(_free(machine, wish, terms.min_confidence, now), quantity):
            return Admitted(machine.machine_id)
    return explain(terms, machines, wish, quantity, now)


def against_terms(terms: Terms, wish: Span, now: datetime) -> Refused | None:
    """The commercial term that the wish does not keep."""
    if wish.start < now + terms.notice:
        return Refused("notice.too_short", 409, {"earliest": text(now + terms.notice)})
    if wish.duration < terms.min_duration:
        return Refused("duration.too_short", 409, {"minimum_s": terms.min_duration.total_seconds()})
    if terms.max_duration is not None and wish.duration > terms.max_duration:
        return Refused("duration.too_long", 409, {"maximum_s": terms.max_duration.total_seconds()})
    return None


def explain(terms: Terms, machines: Sequence[Resource], wish: Span, quantity: int, now: datetime) -> Refused:
    """Why the first machine has no room: the tightest stretch, and the nearest span that would do on any of them.

    Whether the plant does not offer it, or somebody else has it, is nothing to the caller.
    """
    first = machines[0]
    worst = min(_left(_free(first, wish, terms.min_confidence, now)), key=lambda stair: (stair.free, stair.span.start))
    if terms.min_confidence > 1 and _fits(_free(first, wish, Confidence.VERY_LOW, now), quantity):
        code = "confidence.too_low"
    else:
        code = "capacity.insufficient"
    facts = {
        "span": {"start": text(worst.span.start), "end": text(worst.span.end)},
        "left": worst.free,
        "asked": quantity,
        "nearest": nearest(terms, machines, wish, quantity, now),
    }
    return Refused(code, 409, facts)


def nearest(
    terms: Terms, machines: Sequence[Resource], wish: Span, quantity: int, now: datetime
) -> Mapping[str, Any] | None:
    """The span as long as the wish that lies nearest to it and has room, within a week; of two, the earlier."""
    earliest = now + terms.notice
    within = Span.between(max(earliest, wish.start - NEAR), max(earliest, wish.end + NEAR))
    found = [
        (abs(start - wish.start), start, position, machine.machine_id)
        for position, machine in enumerate(machines)
        for start in _starts(machine, wish, within, quantity, terms.min_confidence, now)
    ]
    if not found:
        return None
    _, start, _, machine_id = min(found)
    return {"machine_id": machine_id, "start": text(start), "end": text(start + wish.duration)}


def at_risk(machine: Resource, now: datetime) -> frozenset[str]:
    """Which claims the offer no longer covers: exactly the excess, newest first.

    The oldest keep what there is; whoever does not fit beside those is at risk, and takes nothing from younger ones.
    Only what is still to come counts.
    """
    kept: list[Taking] = []
    risky = set()
    for claim in machine.claims:
        rest = Span.between(max(now, claim.span.start), claim.span.end)
        if rest is None or not claim.lives(now):
            continue
        if _fits(stairs(machine, kept, rest), claim.quantity):
            kept.append(claim)
        else:
            risky.add(claim.id)
    return frozenset(risky)


@dataclass(frozen=True, slots=True)
class CallingOff:
    """What calling a booking off costs its booker: nothing until `free_until`, later a share of `price`."""

    free_until: datetime
    price: Decimal

    def amended(self, moved: timedelta, price: Decimal, now: datetime) -> "CallingOff":
        """The same after its start moved and its price became another.

        What came too late stays too late, and a share of no less: an amendment is no way round the fee.
        """
        if now > self.free_until:
            return CallingOff(self.free_until, max(self.price, price))
        return CallingOff(self.free_until + moved, price)

    def fee(self, share: float, now: datetime) -> Decimal | None:
        """What is charged to whoever calls it off now, rounded half up to cents, as SQL does; None for nothing."""
        if now <= self.free_until:
            return None
        return (self.price * Decimal(str(share))).quantize(Decimal("0.01"), ROUND_HALF_UP)


def text(moment: datetime) -> str:
    """RFC 3339 in UTC, as the SQL function ts_time writes it."""
    return moment.isoformat().replace("+00:00", "Z")


def _counts(part: CapacitySpan, least: Confidence) -> bool:
    return part.type is CapacityType.AVAILABLE and part.confidence >= least


def _free(machine: Resource, within: Span, least: Confidence, now: datetime) -> list[Stair]:
    return stairs(machine, [claim for claim in machine.claims if claim.lives(now)], within, least)


def _joined(steps: Sequence[Stair]) -> list[Stair]:
    """Neighbours that are alike are one: how many pieces the offer came in says nothing."""
    alike = groupby(steps, lambda stair: (stair.offered, stair.free))
    pairs = ((part[0], part[-1]) for part in (list(group) for _, group in alike))
    return [replace(first, span=Span(first.span.start, last.span.end)) for first, last in pairs]


def _left(steps: Sequence[Stair]) -> list[Stair]:
    """As much of the steps as a stranger may know: what is left over each stretch."""
    return _joined([Stair(step.span, 0, max(step.free, 0)) for step in steps])


def _fits(steps: Sequence[Stair], quantity: int) -> bool:
    return all(stair.free >= quantity for stair in steps)


def _starts(  # noqa: PLR0913, PLR0917 - all of them are facts of one question
    machine: Resource, wish: Span, within: Span | None, quantity: int, least: Confidence, now: datetime
) -> list[datetime]:
    """In each stretch with room, the start nearest to the wish's own."""
    steps = _free(machine, within, least, now) if within else []
    islands: list[Span] = []
    for stair in steps:
        if stair.free < quantity:
            continue
        if islands and islands[-1].end == stair.span.start:
            islands[-1] = Span(islands[-1].start, stair.span.end)
        else:
            islands.append(stair.span)
    rooms = ((island.start, island.end - wish.duration) for island in islands if island.duration >= wish.duration)
    return [min(max(wish.start, opens), last) for opens, last in rooms]
