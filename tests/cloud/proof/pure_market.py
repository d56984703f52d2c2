"""The registry in plain values goes on: bundles, the waiting list, healing; and what must hold whatever happened."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from pure_claims import MACHINES, QUARTER, QUARTERS, SERVICES, START, WHOLE, Claim, Service, price
from pure_registry import Registry

from cloud.booking import rules
from cloud.booking.model import LIVE, Refused, State
from gateway.capacity import CapacityType
from gateway.span import Span

PATIENCE = RETRY = QUARTER
HELD_FOR = 2
"""Quarters for which what came free is held."""

Leg = tuple[str, str, Span | None, int]
"""A leg of a bundle: the id of its booking, its service or (without a span) its hold, its span and quantity."""


@dataclass(frozen=True, slots=True)
class Wait:
    id: str
    service: str
    span: Span
    quarters: int
    quantity: int
    state: str = "WAITING"
    hold: str | None = None


@dataclass
class Market(Registry):
    line: dict[str, Wait] = field(default_factory=dict)

    # Together.

    def bundle(self, legs: Sequence[Leg], *, whole: bool) -> list[tuple[int, Refused]] | Refused:
        """All of them or none; unless `whole`, those that fit, at least one: the places and refusals of the others."""
        before, missed = dict(self.claims), []
        for place, (name, what, span, quantity) in enumerate(legs):
            refusal = self.redeem(name, what) if span is None else self.book(name, what, span, quantity)
            if refusal:
                missed.append((place, refusal))
                if whole:
                    break
        if len(missed) == len(legs) or (whole and missed):
            self.claims = before
            told = [
                {"leg": leg, "status": why.status, "refusal": {"code": why.code, **why.facts}} for leg, why in missed
            ]
            return Refused("bundle.refused", 409, {"missed": told})
        return missed

    # In line.

    def wait(self, wish: Wait) -> Refused | None:
        terms = SERVICES[wish.service].terms
        length = wish.quarters * QUARTER
        if length < terms.min_duration:
            return Refused("duration.too_short", 409, {"minimum_s": terms.min_duration.total_seconds()})
        if terms.max_duration is not None and length > terms.max_duration:
            return Refused("duration.too_long", 409, {"maximum_s": terms.max_duration.total_seconds()})
        if wish.span.end - length <= self.now + terms.notice:
            return Refused("notice.too_short", 409, {"earliest": rules.text(self.now + terms.notice)})
        self.line[wish.id] = wish
        return None

    def leave(self, name: str) -> None:
        wait = self.line[name]
        if wait.state == "OFFERED" and wait.hold:
            self.release(wait.hold)
        if wait.state in {"WAITING", "OFFERED"}:
            self.line[name] = replace(wait, state="LEFT")

    def in_line(self) -> list[str]:
        """Whoever waits, and whoever's hold is over, in the order in which they came."""
        return [
            wait.id
            for wait in self.line.values()
            if wait.state == "WAITING" or (wait.state == "OFFERED" and not self._still_held(wait))
        ]

    def serve(self, name: str, hold: str) -> str | None:
        """What became of one in line; what fits is held as `hold`."""
        wait = self.line[name]
        if wait.state not in {"WAITING", "OFFERED"}:
            return None
        if wait.state == "OFFERED":
            taken = self.claims[wait.hold or ""].state is State.CONSUMED
            return self._became(wait, "TAKEN" if taken else "OFFERED" if self._still_held(wait) else "LAPSED")
        service = SERVICES[wait.service]
        earliest, length = self.now + service.terms.notice, wait.quarters * QUARTER
        if wait.span.end - length <= earliest:
            return self._became(wait, "EXPIRED")
        start = max(wait.span.start, earliest)
        while start + length <= wait.span.end:
            span = Span(start, start + length)
            for machine in service.machines:
                if self._fits(service, machine, span, wait.quantity):
                    self.expire_dead(machine, span)
                    until = self.now + HELD_FOR * QUARTER
                    self.claims[hold] = Claim(
                        hold, service.id, machine, span, wait.quantity, State.HELD, until, pooled=True
                    )
                    return self._became(replace(wait, hold=hold), "OFFERED")
            start += QUARTER
        return "WAITING"

    # Healing.

    def ailing(self) -> set[str]:
        return {claim.id for claim in self.claims.values() if claim.heal_at and claim.heal_at <= self.now - PATIENCE}

    def heal(self, booking: str, new: str) -> str:
        claim = self.claims[booking]
        if claim.heal_at is None or claim.heal_at > self.now - PATIENCE:
            return "over"
        if claim.span.start <= self.now:
            self.claims[booking] = replace(claim, heal_at=None, proposal=None)
            return "over"
        pool = self._pool_room(claim)
        if pool:
            off = claim.calling_off
            self._transfer(claim, new, SERVICES[claim.service], pool)
            self.claims[new] = replace(self.claims[new], off=off)
            return "moved"
        equal = self._equal(claim)
        if equal is None:
            self.claims[booking] = replace(claim, heal_at=self.now + RETRY)
            return "nothing"
        service, machine = equal
        cost = price(service, claim.span, claim.quantity)
        if claim.heals is None and claim.consent and cost <= claim.price:
            self._transfer(claim, new, service, machine)
            return "moved"
        self.claims[booking] = replace(claim, heal_at=None, proposal=(service.id, machine, cost))
        return "proposed"

    def accept(self, booking: str, new: str) -> Refused | None:
        claim = self.claims[booking]
        if claim.proposal is None:
            return Refused("proposal.none", 409, {"state": str(claim.state)})
        service, machine, cost = claim.proposal
        equal = self._equal(claim, (service, machine))
        if equal is None or price(equal[0], claim.span, claim.quantity) > cost:
            self.claims[booking] = replace(claim, proposal=None, heal_at=self.now)
            return Refused("proposal.gone", 409, {})
        self._transfer(claim, new, *equal)
        return None

    def _pool_room(self, claim: Claim) -> str | None:
        """Another machine of its service, where none was named and no plant had the order yet; once."""
        if not claim.pooled or claim.heals or claim.dispatched or claim.state not in {State.CONFIRMED, State.DISPLACED}:
            return None
        service = SERVICES[claim.service]
        others = (machine for machine in service.machines if machine != claim.machine)
        return next((each for each in others if self._fits(service, each, claim.span, claim.quantity)), None)

    def _equal(self, claim: Claim, only: tuple[str, str] | None = None) -> tuple[Service, str] | None:
        """Its own provider's first, then the cheapest: a machine that the booking was not on."""
        was = {claim.machine, self.claims[claim.heals].machine if claim.heals else ""}
        provider = SERVICES[claim.service].provider
        alike = sorted(
            (
                (service.provider != provider, service.rate, service.id, place)
                for service in SERVICES.values()
                for place, machine in enumerate(service.machines)
                if service.instant and machine not in was and (only is None or only == (service.id, machine))
                if rules.against_terms(service.terms, claim.span, self.now) is None
            )
        )
        for _, _, name, place in alike:
            service = SERVICES[name]
            if self._fits(service, service.machines[place], claim.span, claim.quantity):
                return service, service.machines[place]
        return None

    def _transfer(self, claim: Claim, new: str, service: Service, machine: str) -> None:
        if claim.state in LIVE:
            claim = self.move(replace(claim, revision=claim.revision + 1), State.DISPLACED)
            self.reassess(claim.machine)
        self.claims[claim.id] = replace(self.claims[claim.id], healed_by=new, heal_at=None, proposal=None)
        self.expire_dead(machine, claim.span)
        self.claims[new] = Claim(
            new, service.id, machine, claim.span, claim.quantity, State.CONFIRMED, consent=claim.consent, heals=claim.id
        )

    def _fits(self, service: Service, machine: str, span: Span, quantity: int) -> bool:
        told = rules.room(service.terms, [self.resource(machine)], span, quantity, self.now)
        return not isinstance(told, Refused)

    def _still_held(self, wait: Wait) -> bool:
        held = self.claims[wait.hold or ""]
        return held.state is State.HELD and not held.expired(self.now)

    def _became(self, wait: Wait, state: str) -> str:
        self.line[wait.id] = replace(wait, state=state)
        return state

    # What must hold after whatever happened; counted quarter by quarter, without the rules.

    def faults(self) -> list[str]:
        found = []
        for machine, has in MACHINES.items():
            live = [c for c in self.claims.values() if c.machine == machine and c.state in LIVE]
            live = [claim for claim in live if not claim.expired(self.now)]
            now = _quarter(self.now)
            offered = self._offered(machine, has)
            if any(taken > has for taken in _taken(live)):
                found.append(f"{machine} sells more than it has")
            safe = _taken([claim for claim in live if not claim.at_risk])
            if any(safe[quarter] > offered[quarter] for quarter in range(max(now, 0), QUARTERS)):
                found.append(f"{machine} sells more than is offered, and nobody is told")
        moved = [claim.heals for claim in self.claims.values() if claim.heals]
        if len(moved) != len({*moved}):
            found.append("a booking goes on in two places")
        if any(
            c.healed_by and (c.state in LIVE or self.claims[c.healed_by].heals != c.id) for c in self.claims.values()
        ):
            found.append("a booking that was moved lives on where it was")
        return found

    def _offered(self, machine: str, has: int) -> list[int]:
        found = [0] * QUARTERS
        for part in self.offers[machine]:
            if part.type is CapacityType.AVAILABLE:
                for quarter in range(_quarter(part.span.start), _quarter(part.span.end)):
                    found[quarter] += part.quantity
        return [min(each, has) for each in found]


def _taken(claims: Sequence[Claim]) -> list[int]:
    found = [0] * QUARTERS
    for claim in claims:
        for quarter in range(_quarter(claim.span.start), min(_quarter(claim.span.end), QUARTERS)):
            found[quarter] += claim.quantity
    return found


def _quarter(moment: datetime) -> int:
    return (min(moment, WHOLE.end) - START) // QUARTER
