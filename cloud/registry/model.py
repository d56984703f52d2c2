"""Enterprises, sites, agents, machines and services as they cross the API's border."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from cloud.registry.capability import Certificate, Envelope, Tolerance
from cloud.registry.prices import PriceBand
from cloud.registry.processes import ProcessCode
from gateway.capacity import CapacityKind, Confidence
from gateway.machine import ItemState, OperationMode
from gateway.money import Money


class Wire(BaseModel):
    """What every model of the API has: frozen, and refusing what it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        msg = "not an IANA time zone; write one like Europe/Vienna"
        raise ValueError(msg) from error
    return name


END_OF_TIME = datetime(2200, 1, 1, tzinfo=UTC)
Moment = Annotated[AwareDatetime, Field(ge=datetime(1970, 1, 2, tzinfo=UTC), lt=END_OF_TIME)]
"""A time with an offset, RFC 3339."""
Label = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z]+_[A-Za-z0-9_.-]+$")]
Zone = Annotated[str, Field(max_length=64), AfterValidator(_zone)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Duration = Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=366))]
Material = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class Enterprise(Wire):
    """The caller's own enterprise, and what its key may do."""

    id: str
    name: str
    scopes: tuple[str, ...]


class SiteRequest(Wire):
    """A plant: its name is unique within the enterprise; `zone` is its IANA time zone."""

    name: Label
    zone: Zone
    latitude: Latitude | None = None
    longitude: Longitude | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> "SiteRequest":
        if (self.latitude is None) != (self.longitude is None):
            msg = "give latitude and longitude, or neither"
            raise ValueError(msg)
        return self


class Site(Wire):
    """A plant as the registry keeps it."""

    id: str
    name: str
    zone: str
    latitude: float | None
    longitude: float | None
    created_at: datetime


class AgentRequest(Wire):
    """An edge agent to be let in; its name is unique within the enterprise."""

    name: Label
    site_id: Id


class Agent(Wire):
    """An edge agent. `last_receipt_at` is business time; `clock_offset_s` is its clock minus ours, in seconds, as
    far as the post's delay leaves that certain; it is measured when messages go down to the agent.
    """

    id: str
    name: str
    site_id: str
    key_id: str
    created_at: datetime
    last_receipt_at: datetime | None = None
    clock_offset_s: float | None = None


class NewAgent(Agent):
    """An agent just made, with its link key (base64) in `key`: the only time that it is shown."""

    key: str


class Machine(Wire):
    """A machine that an agent announced. `fresh`: heard of within the configured limit, worked out when asked."""

    id: str
    name: str
    site_id: str
    agent_id: str
    profile: str
    manufacturer: str | None
    model: str | None
    serial: str | None
    quantity: int
    state: ItemState | None
    mode: OperationMode | None
    origin: str | None
    state_since: datetime | None
    last_receipt_at: datetime | None
    fresh: bool
    created_at: datetime


class StateBand(Wire):
    """From `start` to `end` (None: until now) the machine was in this state.

    Where a band stands for several `changes`, it is in the state that lasted longest, and `shares` says for how many
    seconds it was in each; then the origin is "plant" or "booking", and there is no quality.
    """

    start: datetime
    end: datetime | None
    state: ItemState
    mode: OperationMode
    origin: str
    quality: str | None
    changes: int = 1
    shares: Mapping[ItemState, float] | None = None


class Gap(Wire):
    """Between these times changes may have happened that nobody could see."""

    start: datetime
    end: datetime
    reason: str


class States(Wire):
    """A machine's states over a window. Where `next_start` is given there is more: ask again from there.

    `step_s`: the seconds that a band stands for at least, where they are told in fewer pieces; None where each is told.
    """

    items: tuple[StateBand, ...]
    gaps: tuple[Gap, ...]
    next_start: datetime | None = None
    step_s: int | None = None


class CapacityPiece(Wire):
    """One piece of the offer in force, gross; `detail` is for the machine's owner alone.

    `chance`: that it is idle at an instant, by the plant's forecast; of that, each hour more keeps exp(-`fading`).
    `said_at`: since when the plant has not said it anew; the oldest where it was said in parts.
    """

    start: datetime
    end: datetime
    type: str
    quantity: int
    reason: str
    confidence: Confidence
    detail: str | None = None
    chance: float | None = None
    fading: float | None = None
    said_at: datetime | None = None


class Taken(Wire):
    """A live claim on the machine."""

    id: str
    start: datetime
    end: datetime
    quantity: int
    state: str


class Capacity(Wire):
    """A machine's offer over a window, and the claims on it. Without a statement yet, `version` is 0."""

    machine_id: str
    version: int
    issued_at: datetime | None
    valid_until: datetime | None
    fresh: bool
    spans: tuple[CapacityPiece, ...]
    claims: tuple[Taken, ...]


class Visibility(StrEnum):
    """Who may find and book a service: everybody, the provider's partners, one of them, or its own sister sites."""

    OPEN = "open"
    PARTNERS = "partners"
    PARTNER = "partner"
    INTERNAL = "internal"


class ServiceRequest(Wire):
    """What is offered, on which machines and terms. `price` is per hour; without `instant`, bookings are confirmed.

    Of `price_bands` the first that an hour is in gives its price, on the clock of the machine's plant; where none does,
    `price` counts. A booking costs the sum over its quarter hours, `unit_price` for each unit that its work makes, and
    `setup_fee` once. Several machines are a pool: a booking that names none gets one that is free all through.
    """

    name: Label
    kind: CapacityKind = CapacityKind.PROCESSING
    process: ProcessCode | None = None
    materials: Annotated[tuple[Material, ...], Field(max_length=100, description="empty: any")] = ()
    envelope: Envelope | None = None
    tolerance: Tolerance | None = None
    machine_ids: Annotated[tuple[Id, ...], Field(min_length=1, max_length=500)]
    instant: bool = True
    visibility: Visibility = Visibility.OPEN
    partner_id: Annotated[Id | None, Field(description="whose, of your partners, where visibility is `partner`")] = None
    price: Money
    price_bands: Annotated[tuple[PriceBand, ...], Field(max_length=50)] = ()
    unit_price: Annotated[Money | None, Field(description="per unit made, in the price's currency")] = None
    setup_fee: Annotated[Money | None, Field(description="in the price's currency")] = None
    notice: Duration = timedelta(0)
    min_duration: Duration = timedelta(0)
    max_duration: Duration | None = None
    min_confidence: Confidence = Confidence.VERY_LOW
    work_masters: Annotated[tuple[Label, ...], Field(max_length=500)] = ()
    free_cancellation: Annotated[Duration, Field(description="so long before its start; later for the share")] = (
        timedelta()
    )
    cancellation_share: Annotated[float, Field(ge=0, le=1, description="of the price; by thousandths")] = 0.0
    certificates: Annotated[tuple[Certificate, ...], Field(max_length=50)] = ()

    @model_validator(mode="after")
    def _consistent(self) -> "ServiceRequest":
        more = {"setup_fee": self.setup_fee, "unit_price": self.unit_price}
        prices = [("price", self.price), *((name, price) for name, price in more.items() if price)]
        for name, price in (*prices, *(("price_bands", band.price) for band in self.price_bands)):
            if price.amount < 0:
                msg = f"{name} may not be negative"
                raise ValueError(msg)
            if price.currency != self.price.currency:
                msg = f"{name} must be in {self.price.currency}, as the price is"
                raise ValueError(msg)
        if (self.visibility is Visibility.PARTNER) != (self.partner_id is not None):
            msg = "partner_id says which partner may see it, with the visibility `partner` and with no other"
            raise ValueError(msg)
        if len(set(self.machine_ids)) < len(self.machine_ids):
            msg = "machine_ids names a machine twice"
            raise ValueError(msg)
        if self.max_duration is not None and self.max_duration < self.min_duration:
            msg = "max_duration is shorter than min_duration"
            raise ValueError(msg)
        return self


class Service(ServiceRequest):
    """A service as the registry keeps it."""

    id: str
    created_at: datetime
    active: bool


class Parked(Wire):
    """A message that the contract or the registry refused: what it was, and why."""

    id: int
    at: datetime
    agent_id: str
    stream: str
    epoch: int
    seq: int
    code: str
    reason: str
    payload: str
