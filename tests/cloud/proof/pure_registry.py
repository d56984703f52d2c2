"""The registry in plain values: every move of a hold and a booking, decided by the pure rules of admission.

Nothing is shared with the SQL but `cloud.booking.rules` and the table of transitions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from pure_claims import MACHINES, QUARTER, SERVICES, START, Claim, Service

from cloud.booking import rules
from cloud.booking.model import LIVE, TRANSITIONS, Refused, State
from cloud.booking.rules import Resource, Taking
from gateway.capacity import CapacitySpan
from gateway.span import Span, difference


def wrong_state(claim: Claim) -> Refused:
    return Refused("claim.state", 409, {"state": str(claim.state)})


@dataclass
class Registry:
    """What is offered and claimed. Every move answers None, or the refusal, which changes nothing but what expired."""

    now: datetime = START
    claims: dict[str, Claim] = field(default_factory=dict)
    offers: dict[str, Sequence[CapacitySpan]] = field(default_factory=lambda: dict.fromkeys(MACHINES, ()))

    # What the booker asks for.

    def hold(self, id: str, service: str, wish: Span, quantity: int, quarters: int) -> Refused | None:  # noqa: A002
        offered = SERVICES[service]
        machine = self._room(offered, wish, quantity)
        if isinstance(machine, Refused):
            return machine
        self.claims[id] = Claim(
            id, service, machine, wish, quantity, State.HELD, self.now + quarters * QUARTER, pooled=True
        )
        return None

    def book(self, id: str, service: str, wish: Span, quantity: int, *, consent: bool = False) -> Refused | None:  # noqa: A002
        offered = SERVICES[service]
        machine = self._room(offered, wish, quantity)
        if isinstance(machine, Refused):
            return machine
        return self._booked(Claim(id, service, machine, wish, quantity, State.CONFIRMED, consent=consent, pooled=True))

    def redeem(self, id: str, hold: str, *, consent: bool = False) -> Refused | None:  # noqa: A002
        refusal = self._opened(hold)
        if refusal:
            return refusal
        held = self.claims[hold]
        what = (held.service, held.machine, held.span, held.quantity)
        new = Claim(id, *what, State.CONFIRMED, consent=consent, pooled=held.pooled)
        return self._booked(new, held)

    def extend(self, hold: str, quarters: int) -> Refused | None:
        refusal = self._opened(hold)
        held = self.claims[hold]
        if refusal is None and held.extended:
            refusal = Refused("hold.extended", 409, {"expires_at": rules.text(held.expires_at or self.now)})
        if refusal is None:
            until = max(held.expires_at or self.now, self.now + quarters * QUARTER)
            self.claims[hold] = replace(held, expires_at=until, extended=True)
        return refusal

    def release(self, hold: str) -> Refused | None:
        held = self.claims[hold]
        if held.state is State.CONSUMED:
            return wrong_state(held)
        if held.state is State.HELD:
            self.move(held, State.EXPIRED if held.expired(self.now) else State.CANCELLED)
            self.reassess(held.machine)
        return None

    def amend(self, booking: str, start: datetime | None, end: datetime | None, quantity: int) -> Refused | None:
        was = self.claims[booking]
        if was.expired(self.now) or was.stopping or not was.id.startswith("bkg_") or was.state not in LIVE:
            return wrong_state(was)
        service, started = SERVICES[was.service], was.state is State.RUNNING or was.span.start <= self.now
        begins = start or was.span.start
        span = Span.between(begins, end or was.span.end)
        if span is None:
            least = service.terms.min_duration.total_seconds()
            return Refused("duration.too_short", 409, {"minimum_s": least})
        if started and (span.start, quantity) != (was.span.start, was.quantity):
            return Refused("booking.started", 409, {"state": str(was.state)})
        refusal = self._against(service, was, span, quantity)
        if refusal:
            return refusal
        self.expire_dead(was.machine, span)
        revision = was.revision + (0 if started or was.state is State.REQUESTED else 1)
        new = replace(self.claims[booking], span=span, quantity=quantity, revision=revision)
        if new.state is not State.REQUESTED:
            off = was.calling_off.amended(span.start - was.span.start, Decimal(str(new.price)), self.now)
            new = replace(new, off=off)
        self.claims[booking] = replace(new, expires_at=span.start if new.state is State.REQUESTED else None)
        if new.state is State.DISPATCHED and not started:
            self.move(self.claims[booking], State.CONFIRMED)
        self.reassess(new.machine)
        return None

    def decide(self, booking: str, to: State) -> Refused | None:
        """Confirm, decline or cancel."""
        claim = self.claims[booking]
        if claim.expired(self.now):
            self.move(claim, State.EXPIRED)
            self.reassess(claim.machine)
            claim = self.claims[booking]
        if to is State.CANCELLED and claim.state is State.RUNNING:
            more = 0 if claim.stopping else 1
            self.claims[booking] = replace(claim, stopping=True, revision=claim.revision + more)
            return None
        if to not in TRANSITIONS[claim.state] or (to is State.DECLINED and claim.state is not State.REQUESTED):
            return wrong_state(claim)
        if to is State.CANCELLED and claim.state in {State.CONFIRMED, State.DISPATCHED}:
            fee = claim.calling_off.fee(SERVICES[claim.service].share, self.now)
            claim = replace(claim, revision=claim.revision + 1, fee=fee)
        self.move(claim, to)
        if to is not State.CONFIRMED:
            self.reassess(claim.machine)
        return None

    # What the plant says, and what time does.

    def state(self, machine: str, window: Span, said: Iterable[CapacitySpan]) -> list[CapacitySpan]:
        """The plant's statement replaces what it said before in the window; the pieces as they were cut to it."""
        inside = [replace(part, span=cut) for part in said if (cut := part.span.intersection(window))]
        left = [replace(part, span=rest) for part in self.offers[machine] for rest in difference([part.span], [window])]
        self.offers[machine] = [*left, *inside]
        self.reassess(machine)
        return inside

    def sweep(self) -> None:
        dead = [claim for claim in self.claims.values() if claim.expired(self.now)]
        for claim in dead:
            self.move(self.claims[claim.id], State.EXPIRED)
            self.reassess(claim.machine)

    def plant(self, booking: str, to: State) -> str:
        """What the edge answers or reports about the claim's last order; what became of the word."""
        claim = self.claims[booking]
        late = to is State.DISPATCHED and claim.state in {State.RUNNING, State.COMPLETED, State.ABORTED, State.NO_SHOW}
        if claim.state is to or late or claim.state in {State.CANCELLED, State.METERED, State.SETTLED, State.DISPUTED}:
            return "ignored"
        if claim.state is State.CONFIRMED and to in {State.RUNNING, State.COMPLETED}:
            claim = self.move(claim, State.DISPATCHED)
        if to not in TRANSITIONS[claim.state]:
            if claim.state not in LIVE and to in {State.DISPATCHED, State.RUNNING}:
                self.claims[booking] = replace(claim, revision=claim.revision + 1)
            return "refused"
        claim = self.move(claim, to)
        if to not in LIVE:
            self.reassess(claim.machine)
        if to is State.DISPLACED and claim.span.start > self.now:
            self.claims[booking] = replace(claim, heal_at=self.now)
        return "applied"

    # What all of these rest on.

    def resource(self, machine: str, without: str = "") -> Resource:
        takings = [
            Taking(claim.id, claim.span, claim.quantity, claim.expires_at if claim.waits else None)
            for claim in self.claims.values()
            if claim.machine == machine and claim.state in LIVE and claim.id != without
        ]
        return Resource(machine, MACHINES[machine], self.offers[machine], takings)

    def move(self, claim: Claim, to: State) -> Claim:
        assert to in TRANSITIONS[claim.state], f"{claim.state} to {to}"
        ordered = to in {State.CONFIRMED, State.DISPATCHED}
        moved = self.claims[claim.id] = replace(
            claim,
            state=to,
            at_risk=claim.at_risk and to in LIVE,
            heal_at=claim.heal_at if ordered else None,
            proposal=claim.proposal if ordered else None,
            dispatched=claim.dispatched or to is State.DISPATCHED,
        )
        return moved

    def reassess(self, machine: str) -> None:
        """Flags exactly what the offer does not cover any more of what is still to come, and clears the others."""
        risky = rules.at_risk(self.resource(machine), self.now)
        for claim in [each for each in self.claims.values() if each.machine == machine and each.state in LIVE]:
            if claim.span.end <= self.now or claim.expired(self.now) or claim.at_risk == (claim.id in risky):
                continue
            ill = claim.id in risky and claim.state in {State.CONFIRMED, State.DISPATCHED}
            heal_at = self.now if ill else None
            self.claims[claim.id] = replace(claim, at_risk=claim.id in risky, heal_at=heal_at, proposal=None)

    def expire_dead(self, machine: str, span: Span) -> None:
        dead = [
            claim
            for claim in self.claims.values()
            if claim.machine == machine and claim.expired(self.now) and claim.span.overlaps(span)
        ]
        for claim in dead:
            self.move(claim, State.EXPIRED)
        if dead:
            self.reassess(machine)

    def _room(self, service: Service, wish: Span, quantity: int) -> str | Refused:
        """The machine that gets the wish, with dead holds out of the way."""
        machines = [self.resource(machine) for machine in service.machines]
        told = rules.admit(service.terms, machines, wish, quantity, self.now)
        if isinstance(told, Refused):
            return told
        self.expire_dead(told.machine_id, wish)
        return told.machine_id

    def _opened(self, hold: str) -> Refused | None:
        held = self.claims[hold]
        if held.expired(self.now):
            held = self.move(held, State.EXPIRED)
            self.reassess(held.machine)
        if held.state is not State.HELD:
            code = "hold.expired" if held.state is State.EXPIRED else "claim.state"
            return Refused(code, 409, {"state": str(held.state)})
        terms, others = SERVICES[held.service].terms, [self.resource(held.machine, held.id)]
        told = rules.room(terms, others, held.span, held.quantity, self.now)
        return told if isinstance(told, Refused) else None

    def _booked(self, new: Claim, held: Claim | None = None) -> Refused | None:
        instant = SERVICES[new.service].instant
        if not instant and new.span.start <= self.now:
            return Refused("notice.too_short", 409, {"earliest": rules.text(self.now)})
        if held:
            self.move(held, State.CONSUMED)
        self.claims[new.id] = new if instant else replace(new, state=State.REQUESTED, expires_at=new.span.start)
        return None

    def _against(self, service: Service, was: Claim, span: Span, quantity: int) -> Refused | None:
        refusal = rules.against_terms(service.terms, span, self.now)
        if refusal and (span.start != was.span.start or refusal.code != "notice.too_short"):
            return refusal
        if span.end <= self.now:
            return Refused("notice.too_short", 409, {"earliest": rules.text(self.now)})
        if was.span.covers(span) and quantity <= was.quantity:
            return None
        if was.span.end <= self.now:
            return wrong_state(was)
        if not service.instant and was.state is not State.REQUESTED:
            why = "the provider confirms each booking of this service"
            return Refused("booking.needs_provider", 409, {"why": why})
        rest = Span(max(span.start, self.now), span.end)
        told = rules.room(service.terms, [self.resource(was.machine, was.id)], rest, quantity, self.now)
        return told if isinstance(told, Refused) else None
