"""Bookings that are made together, as they cross the API's border: bundles of legs, and series over the weeks."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from cloud.booking.wire import Booking, BookingRequest, ByAgreement, Quantity, Work
from cloud.registry.model import END_OF_TIME, Id, Moment, Wire, Zone
from gateway.span import Span

MOST_LEGS = 20
MOST_TIMES = 60


class BundleRequest(Wire):
    """Bookings that are only worth something together: all of them are made, or none."""

    legs: Annotated[tuple[BookingRequest, ...], Field(min_length=1, max_length=MOST_LEGS)]


class SeriesRequest(Wire):
    """The same booking again and again: `times` in all, `every_days` apart on the clock of `zone`.

    Unless `whole`, those are booked that fit, at least one; the answer's `missed` says why not the others.
    """

    service_id: Id
    machine_id: Id | None = None
    start: Moment
    end: Moment
    quantity: Quantity = 1
    work: Work
    agreement_id: ByAgreement = None
    every_days: Annotated[int, Field(ge=1, le=28)] = 7
    times: Annotated[int, Field(ge=2, le=MOST_TIMES)]
    zone: Zone = "UTC"
    whole: bool = True

    @model_validator(mode="after")
    def _in_time(self) -> Self:
        last = Span(self.start, self.end).end + timedelta(days=self.every_days * self.times)
        if last >= END_OF_TIME:
            msg = f"the last of them must end before {END_OF_TIME:%Y}"
            raise ValueError(msg)
        return self

    def occasions(self) -> tuple[BookingRequest, ...]:
        """One booking for each time."""
        same = self.model_dump(include={"service_id", "machine_id", "quantity", "work", "agreement_id"})
        spans = occurrences(Span(self.start, self.end), self.every_days, self.times, ZoneInfo(self.zone))
        return tuple(BookingRequest(start=span.start, end=span.end, **same) for span in spans)


def occurrences(first: Span, every_days: int, times: int, zone: ZoneInfo) -> list[Span]:
    """Spans as long as the first, at its hour on the wall; one that daylight saving skips begins as much later."""
    wall, length = first.start.astimezone(zone), first.end - first.start
    starts = ((wall + timedelta(days=every_days * n)).astimezone(UTC) for n in range(times))
    return [Span(start, start + length) for start in starts]


class Missed(Wire):
    """A leg that was not booked, and why: the refusal that booking it alone would have met."""

    leg: Annotated[int, Field(description="its place in the request, from 0")]
    code: str
    detail: str
    facts: dict[str, Any] = Field(default_factory=dict)


class Bundle(Wire):
    """Bookings that were made together. Each leg goes on as a booking of its own."""

    id: str
    whole: bool
    created_at: datetime
    bookings: tuple[Booking, ...]
    missed: Annotated[tuple[Missed, ...], Field(description="told once, in the answer to POST")] = ()


def legs_json(legs: Sequence[BookingRequest], ids: Sequence[str]) -> list[dict[str, Any]]:
    """The legs as ts_book_all takes them, each with the id that its booking gets."""
    return [{"claim_id": id, **leg.model_dump(mode="json")} for id, leg in zip(ids, legs, strict=True)]  # noqa: A001
