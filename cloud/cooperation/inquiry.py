"""Inquiries and quotes as they cross the API's border."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from cloud.booking.wire import Quantity, Text, Work
from cloud.cooperation.states import InquiryState, QuoteState
from cloud.market.model import Near
from cloud.registry.model import Duration, Id, Moment, Wire
from cloud.registry.processes import ProcessCode
from gateway.capacity import CapacityKind
from gateway.money import Money
from gateway.span import Span

LONGEST_WINDOW = timedelta(days=366)
MOST_ASKED = 50


class InquiryRequest(Wire):
    """Capacity that is wanted somewhere in [start, end), with the work to be done.

    Asked of `partner_ids`, or of every provider of such services (`kind`, `process`) that the asker may see. Whoever is
    asked sees all of this and who asks, and answers until `expires_at`; none sees who else was asked.
    """

    partner_ids: Annotated[tuple[Id, ...], Field(max_length=MOST_ASKED)] = ()
    kind: CapacityKind | None = None
    process: ProcessCode | None = None
    start: Moment
    end: Moment
    duration: Annotated[Duration | None, Field(gt=timedelta(0))] = None
    quantity: Quantity = 1
    max_price: Annotated[Money | None, Field(description="for all of it; whoever is asked sees it")] = None
    near: Near | None = None
    work: Work
    note: Text | None = None
    expires_at: Moment

    @model_validator(mode="after")
    def _room_for_it(self) -> Self:
        window = Span(self.start, self.end)
        if window.duration > LONGEST_WINDOW:
            msg = f"the window is longer than {LONGEST_WINDOW.days} days"
            raise ValueError(msg)
        if self.duration and self.duration > window.duration:
            msg = "the duration does not fit between start and end"
            raise ValueError(msg)
        if len(set(self.partner_ids)) < len(self.partner_ids):
            msg = "partner_ids names an enterprise twice"
            raise ValueError(msg)
        return self

    def ask(self) -> dict[str, Any]:
        """As the registry's function takes it."""
        need = self.model_dump(mode="json", include={"kind", "process", "quantity", "max_price", "near"})
        need["duration_s"] = self.duration.total_seconds() if self.duration else None
        rest = self.model_dump(mode="json", include={"partner_ids", "start", "end", "work", "note", "expires_at"})
        return {**rest, "need": need}


class QuoteRequest(Wire):
    """What a provider would do it for: these hours of its service, all of them for `price`, until `valid_until`.

    It reserves nothing: whoever takes it gets the hours if they are still there.
    """

    service_id: Id
    machine_id: Id | None = None
    start: Moment
    end: Moment
    quantity: Quantity = 1
    price: Money
    valid_until: Moment
    note: Text | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        Span(self.start, self.end)
        if self.price.amount < 0:
            msg = "the price may not be negative"
            raise ValueError(msg)
        return self


class Quote(Wire):
    """A quote, as the asker and its provider see it. TAKEN: `booking_id` is the booking that it became."""

    id: str
    inquiry_id: str
    state: QuoteState
    provider_id: str
    provider_name: str
    service_id: str
    service_name: str
    machine_id: str | None
    start: datetime
    end: datetime
    quantity: int
    price: Money
    valid_until: datetime
    note: str | None
    booking_id: str | None
    created_at: datetime
    updated_at: datetime


class Asked(Wire):
    """An enterprise that was asked."""

    id: str
    name: str


class Inquiry(Wire):
    """An inquiry. Its asker sees all quotes and whom it named; a provider sees its own quotes alone."""

    id: str
    state: InquiryState
    role: Literal["asker", "provider"]
    asker_id: str
    asker_name: str
    everyone: Annotated[bool, Field(description="not of named ones: of all such providers that the asker may see")]
    asked: tuple[Asked, ...] = ()
    kind: CapacityKind | None = None
    process: str | None = None
    start: datetime
    end: datetime
    duration: timedelta | None = None
    quantity: int
    max_price: Money | None = None
    near: Near | None = None
    work: Work
    note: str | None
    expires_at: datetime
    quotes: tuple[Quote, ...] = ()
    booking_id: Annotated[str | None, Field(description="what the taken quote became; for its asker alone")] = None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Inquiry":
        """The inquiry that the JSON of ts_inquiry_json describes."""
        value = dict(told)
        seconds = value.pop("duration_s")
        return cls.model_validate({**value, "duration": timedelta(seconds=seconds) if seconds else None})
