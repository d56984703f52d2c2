"""Waiting for hours to come free, as it crosses the API's border."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from cloud.booking.wire import ByAgreement, Quantity
from cloud.registry.model import Duration, Id, Moment, Wire
from gateway.span import Span


class WaitingState(StrEnum):
    """Where somebody in line stands. TAKEN: the hold was booked; LAPSED: it was not, in time."""

    WAITING = "WAITING"
    OFFERED = "OFFERED"
    TAKEN = "TAKEN"
    LAPSED = "LAPSED"
    EXPIRED = "EXPIRED"
    LEFT = "LEFT"


class WaitingRequest(Wire):
    """A wish to wait with: so long a piece, anywhere between start and end, on one machine or any of the service."""

    service_id: Id
    machine_id: Id | None = None
    agreement_id: ByAgreement = None
    start: Moment
    end: Moment
    duration: Annotated[Duration, Field(gt=timedelta(0))]
    quantity: Quantity = 1

    @model_validator(mode="after")
    def _room_for_it(self) -> Self:
        if Span(self.start, self.end).duration < self.duration:
            msg = "between start and end there is less time than the duration"
            raise ValueError(msg)
        return self


class Waiting(Wire):
    """A place in line. OFFERED: `hold_id` is a hold of the waiter's own, to be booked before it expires."""

    id: str
    state: WaitingState
    service_id: str
    machine_id: str | None
    agreement_id: str | None = None
    start: datetime
    end: datetime
    duration: timedelta
    quantity: int
    hold_id: str | None
    created_at: datetime
