"""The small world of the proofs: a day in quarters, three machines, four services; and a claim as a plain value."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from cloud.booking.model import State
from cloud.booking.rules import CallingOff, Terms
from gateway.capacity import CapacitySpan, CapacityType, Confidence, Reason
from gateway.span import Span

ANY_TERMS = Terms()
START = datetime(2026, 3, 2, 6, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
QUARTERS = 24


def at(quarters: int) -> datetime:
    return START + quarters * QUARTER


def span_of(start: int, length: int) -> Span:
    return Span(at(start), at(start + length))


WHOLE = span_of(0, QUARTERS)
MACHINES = {"mch_0": 1, "mch_1": 2, "mch_2": 1}
"""How many units each has."""


@dataclass(frozen=True, slots=True)
class Service:
    id: str
    provider: str
    machines: tuple[str, ...]
    rate: int = 60
    instant: bool = True
    terms: Terms = ANY_TERMS
    free: timedelta = timedelta()
    share: float = 0
    """So long before its start it is called off for nothing, later for that share of its price."""


SERVICES = {
    service.id: service
    for service in (
        Service("svc_a", "ent_p", ("mch_0", "mch_1"), free=4 * QUARTER, share=0.5),
        Service("svc_b", "ent_p", ("mch_1",), 60, False, Terms(max_duration=6 * QUARTER), QUARTER, 0.25),
        Service("svc_c", "ent_q", ("mch_2",), rate=61),
        Service("svc_d", "ent_p", ("mch_0",), terms=Terms(QUARTER, 2 * QUARTER, None, Confidence.HIGH)),
    )
}


@dataclass(frozen=True, slots=True)
class Claim:
    """A hold or a booking. `proposal`: (service, machine, price) of equal capacity elsewhere; `pooled`: its booker
    named no machine; `dispatched`: its plant had the order once; `off`: what calling it off costs, where that is not
    what its service says of its span (`calling_off`); `fee`: what it did cost.
    """

    id: str
    service: str
    machine: str
    span: Span
    quantity: int
    state: State
    expires_at: datetime | None = None
    extended: bool = False
    consent: bool = False
    at_risk: bool = False
    revision: int = 1
    stopping: bool = False
    heal_at: datetime | None = None
    proposal: tuple[str, str, float] | None = None
    heals: str | None = None
    healed_by: str | None = None
    pooled: bool = False
    dispatched: bool = False
    off: CallingOff | None = None
    fee: Decimal | None = None

    @property
    def waits(self) -> bool:
        return self.state in {State.HELD, State.REQUESTED}

    def expired(self, now: datetime) -> bool:
        return self.waits and self.expires_at is not None and self.expires_at <= now

    @property
    def price(self) -> float:
        return price(SERVICES[self.service], self.span, self.quantity)

    @property
    def calling_off(self) -> CallingOff:
        free_until = self.span.start - SERVICES[self.service].free
        return self.off or CallingOff(free_until, Decimal(str(self.price)))


def price(service: Service, span: Span, quantity: int) -> float:
    return service.rate * quantity * span.hours


def piece(window: Span, quantity: int, *, offered: bool = True, firm: bool = True) -> CapacitySpan:
    kind = CapacityType.AVAILABLE if offered else CapacityType.COMMITTED
    return CapacitySpan(window, kind, quantity, Reason.IDLE, Confidence.FIRM if firm else Confidence.MEDIUM)
