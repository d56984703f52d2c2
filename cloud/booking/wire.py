"""Holds and bookings as they cross the API's border."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from cloud.booking.model import State
from cloud.registry.model import Id, Moment, Wire
from cloud.settlement.wire import Settlement
from gateway.messages import Name
from gateway.money import Money
from gateway.span import Span

Text = Annotated[str, Field(max_length=500)]
Quantity = Annotated[int, Field(ge=1, le=1_000_000)]

MOST = 10**15
"""The largest number that a parameter may be, either way: JSON readers everywhere keep it exactly."""

Parameter = (
    Annotated[float, Field(ge=-MOST, le=MOST, allow_inf_nan=False)] | Annotated[int, Field(ge=-MOST, le=MOST)] | Text
)


Chance = Annotated[
    float | None, Field(description="that the machine is idle all through, as it was quoted when the hours were taken")
]


ByAgreement = Annotated[
    Id | None, Field(description="call the hours off by this agreement: at its rate, against its quota")
]


class Document(Wire):
    """A document that the work needs, by reference; the hash says which version."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    href: Annotated[str, Field(min_length=1, max_length=2000)]


class Work(Wire):
    """What is to be made: the work master as the plant names it, how many, of what."""

    work_master: Name
    quantity: Quantity
    material: Text | None = None
    parameters: Annotated[Mapping[Name, Parameter], Field(max_length=100)] = Field(default_factory=dict)
    documents: Annotated[tuple[Document, ...], Field(max_length=50)] = ()


class HoldRequest(Wire):
    """Capacity to be held for a while. Without `machine_id` it is the first free machine of the service.

    Then it is one of a pool: until its plant has the order of the booking, another machine of the service may take its
    place where hours are taken back, at the same price.
    """

    service_id: Id
    machine_id: Id | None = None
    start: Moment
    end: Moment
    quantity: Quantity = 1
    agreement_id: ByAgreement = None
    work_quantity: Annotated[
        int | None, Field(ge=1, le=1_000_000, description="how many the work will make, for a price per unit")
    ] = None

    @model_validator(mode="after")
    def _ends_after_start(self) -> "HoldRequest":
        Span(self.start, self.end)
        return self


class Hold(Wire):
    """Held capacity: nobody else can have it until `expires_at`. It ends CONSUMED when it is booked.

    Of `price`, each unit that the work makes is `unit_price`: for `work_quantity` of them, and once it is booked for
    those that the work names.
    """

    id: str
    state: State
    service_id: str
    machine_id: str
    start: datetime
    end: datetime
    quantity: int
    price: Money
    unit_price: Money | None = None
    work_quantity: int | None = None
    chance: Chance = None
    agreement_id: str | None = None
    expires_at: datetime


class Healing(Wire):
    """Consent, given beforehand, to go on elsewhere should the plant take its hours back or its machine fail.

    The registry then moves the booking at once to equal capacity over the same hours, for at most `max_price`; without
    one, for at most what was agreed. It is moved once; without consent equal capacity is only proposed.
    """

    consent: bool
    max_price: Annotated[Money | None, Field(description="for all of it, in the booking's currency")] = None


class Proposal(Wire):
    """Equal capacity elsewhere over the same hours; `POST /v1/bookings/{id}/accept` takes it."""

    service_id: str
    provider_id: str
    machine_id: str
    price: Money


class Cancellation(Wire):
    """What calling the booking off costs its booker: nothing until `free_until`, later `fee`; `charged` once it was."""

    free_until: datetime
    fee: Money
    charged: Money | None = None


class BookingRequest(Wire):
    """A booking: of a hold (`hold_id` alone), or of a service's span directly. Always with the work to be done."""

    hold_id: Id | None = None
    service_id: Id | None = None
    machine_id: Id | None = None
    start: Moment | None = None
    end: Moment | None = None
    quantity: Quantity = 1
    work: Work
    healing: Healing | None = None
    agreement_id: ByAgreement = None

    @model_validator(mode="after")
    def _one_way(self) -> "BookingRequest":
        direct = (self.service_id, self.start, self.end)
        if self.hold_id and any((*direct, self.machine_id, self.agreement_id, "quantity" in self.model_fields_set)):
            rest = "service_id, machine_id, start, end, quantity and agreement_id"
            msg = f"a hold_id says everything but the work; leave {rest} out"
            raise ValueError(msg)
        if not self.hold_id and not all(direct):
            msg = "give a hold_id, or service_id with start and end"
            raise ValueError(msg)
        if self.start and self.end:
            Span(self.start, self.end)
        return self


class Amendment(Wire):
    """What is to be different about a booking; what is left out stays. Once it has started, only its end may change."""

    start: Moment | None = None
    end: Moment | None = None
    quantity: Quantity | None = None
    work: Work | None = None

    @model_validator(mode="after")
    def _changes(self) -> "Amendment":
        if not self.model_fields_set:
            msg = "name what is to change: start, end, quantity or work"
            raise ValueError(msg)
        if self.start and self.end:
            Span(self.start, self.end)
        return self


class CancelRequest(Wire):
    """Why, in words that both sides will read."""

    reason: Text | None = None


class Entered(Wire):
    """A state that the booking entered, when, and why."""

    state: State
    at: datetime
    reason: str | None = None


class Booking(Wire):
    """A booking, as its booker or its provider sees it. `price` is for all of it; `meter` comes with METERED."""

    id: str
    state: State
    role: Literal["booker", "provider"]
    service_id: str
    machine_id: str
    provider_id: str
    booker_id: str
    provider_name: Annotated[str | None, Field(description="when read; not in the answer to POST")] = None
    booker_name: Annotated[str | None, Field(description="when read; not in the answer to POST")] = None
    hold_id: str | None = None
    agreement_id: Annotated[str | None, Field(description="by which agreement it was called off")] = None
    quote_id: Annotated[str | None, Field(description="the quote that it was taken from")] = None
    bundle_id: Annotated[str | None, Field(description="the bundle that it is a leg of; for its booker alone")] = None
    start: datetime
    end: datetime
    quantity: int
    work: Work
    price: Money
    unit_price: Annotated[Money | None, Field(description="of the price, what each unit of the work costs")] = None
    chance: Chance = None
    at_risk: bool
    at_risk_reason: str | None = None
    cancellation: Cancellation | None = None
    healing: Annotated[Healing | None, Field(description="for its booker alone")] = None
    proposal: Annotated[Proposal | None, Field(description="for its booker alone")] = None
    heals: Annotated[str | None, Field(description="the booking whose place it takes; for its booker alone")] = None
    healed_by: Annotated[str | None, Field(description="the booking that took its place; for its booker alone")] = None
    meter: Mapping[str, Any] | None = None
    settlement: Annotated[Settlement | None, Field(description="what is owed, from METERED on")] = None
    revision: int
    cancel_asked_at: Annotated[
        datetime | None, Field(description="somebody called the running job off; it ends once the plant reports")
    ] = None
    expires_at: Annotated[
        datetime | None, Field(description="when read: until when a REQUESTED one waits for its provider")
    ] = None
    created_at: datetime
    updated_at: datetime
    history: tuple[Entered, ...] = ()
