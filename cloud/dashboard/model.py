"""What the dashboard reads from the API, as far as it shows it: tolerant of fields that it does not know yet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from gateway.capacity import CapacitySpan, CapacityType, Confidence, Reason
from gateway.machine import PLANT
from gateway.span import Span


class Read(BaseModel):
    """An answer of the API. A client ignores what a later registry adds; vocabulary stays text for the same reason."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Enterprise(Read):
    """Whose key it is."""

    id: str
    name: str


class Site(Read):
    """A plant; `zone` is its IANA time zone."""

    id: str
    name: str
    zone: str = "UTC"


class Service(Read):
    """A service of one's own, by name."""

    id: str
    name: str


class Machine(Read):
    """A machine as the registry sees it now."""

    id: str
    name: str
    site_id: str | None = None
    profile: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    serial: str | None = None
    quantity: int = 1
    state: str | None = None
    mode: str | None = None
    origin: str | None = None
    state_since: AwareDatetime | None = None
    last_receipt_at: AwareDatetime | None = None
    fresh: bool = False


class Piece(Read):
    """From `start` to `end` (None: until now) the machine was in one state."""

    start: AwareDatetime
    end: AwareDatetime | None = None
    state: str
    mode: str = "None"
    origin: str = PLANT
    quality: str = "good"


class Gap(Read):
    """Between these times changes may have happened that nobody could see."""

    start: AwareDatetime
    end: AwareDatetime
    reason: str = ""


class States(Read):
    """One answer about a machine's past; `next_start` says where to ask on."""

    items: tuple[Piece, ...] = ()
    gaps: tuple[Gap, ...] = ()
    next_start: AwareDatetime | None = None


class Offer(Read):
    """One piece of the capacity ledger, gross."""

    start: AwareDatetime
    end: AwareDatetime
    type: str
    quantity: int = 1
    reason: str = ""
    confidence: int = 5
    detail: str | None = None

    def capacity(self) -> CapacitySpan | None:
        """The same in the vocabulary of the ledger, or None where a later registry says what we do not know."""
        try:
            kind, band = CapacityType(self.type), Confidence(self.confidence)
        except ValueError:
            return None
        return CapacitySpan(Span(self.start, self.end), kind, self.quantity, Reason.IDLE, band)


class Claim(Read):
    """A live claim on a machine: somebody's hold, or a booking."""

    id: str
    start: AwareDatetime
    end: AwareDatetime
    quantity: int = 1
    state: str


class Capacity(Read):
    """A machine's offer in force, and what is claimed of it."""

    version: int = 0
    issued_at: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None
    fresh: bool = False
    spans: tuple[Offer, ...] = ()
    claims: tuple[Claim, ...] = ()


class Price(Read):
    """What a booking costs in all."""

    amount: Decimal
    currency: str


class Meter(Read):
    """What of a booking was really run. `share` is good over ordered quantity (0 to 1)."""

    outcome: str | None = None
    share: float | None = None
    booked_hours: float | None = None
    run_hours: float | None = None
    started: AwareDatetime | None = None
    ended: AwareDatetime | None = None


class Booking(Read):
    """A booking, seen by either side of it."""

    id: str
    state: str
    role: str = "provider"
    service_id: str | None = None
    machine_id: str
    provider_id: str | None = None
    booker_id: str | None = None
    provider_name: str | None = None
    booker_name: str | None = None
    start: AwareDatetime
    end: AwareDatetime
    quantity: int = 1
    price: Price | None = None
    at_risk: bool = False
    at_risk_reason: str | None = None
    meter: Meter | None = None

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


class Health(Read):
    """Business time at the registry, which runs `speed` times as fast as the wall clock."""

    status: str = "ok"
    now: AwareDatetime
    speed: float = Field(default=1.0, gt=0)


@dataclass(frozen=True, slots=True)
class Plant:
    """All that a key may see at one moment; every refresh makes a new one. Maps are by machine id."""

    enterprise: Enterprise
    seen: datetime
    speed: float = 1.0
    sites: tuple[Site, ...] = ()
    services: tuple[Service, ...] = ()
    machines: tuple[Machine, ...] = ()
    states: Mapping[str, States] = field(default_factory=dict)
    capacity: Mapping[str, Capacity] = field(default_factory=dict)
    bookings: tuple[Booking, ...] = ()
    parked: int = 0

    @property
    def zone(self) -> str:
        """The time zone to show times in: the plant's own, where all plants share one, else UTC."""
        zones = {site.zone for site in self.sites}
        return zones.pop() if len(zones) == 1 else "UTC"
