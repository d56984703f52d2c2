"""Adds up what a key may see: machines by state, and the hours offered, free, booked and run."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cloud.booking.model import LIVE
from cloud.booking.wire import Booking
from cloud.dashboard.model import Meter, Plant, span_of
from cloud.registry.model import Capacity, CapacityPiece
from gateway.capacity import CapacitySpan, CapacityType, Reason, available
from gateway.span import Span

AHEAD = timedelta(days=7)

VOID = frozenset({"EXPIRED", "DECLINED", "CANCELLED", "DISPLACED", "UNDELIVERABLE"})
"""Bookings of which nothing was, or will be, delivered; they count as no hours."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Hours are machine hours: one machine of quantity 2 over one hour counts two.

    `offered` and `free` are those of the next seven days; `booked` and `run` those of all bookings that are known.
    `metered` are the booked hours of bookings whose meter has been read: `run` over `metered` is what was delivered.
    """

    machines: int
    states: Mapping[str, int]
    silent: int
    offered: float
    free: float
    booked: float
    ahead: float
    bookings_ahead: int
    run: float
    metered: float


def totals(plant: Plant, now: datetime) -> Totals:
    """All totals at `now`."""
    week = Span(now, now + AHEAD)
    valid = [booking for booking in plant.bookings if booking.state not in VOID]
    live = [booking for booking in valid if booking.state in LIVE and booking.end > now]
    read = {booking.id: ran for booking in valid if (ran := _run(booking)) is not None}
    return Totals(
        machines=len(plant.machines),
        states=Counter(machine.state or "unknown" for machine in plant.machines),
        silent=sum(not machine.fresh for machine in plant.machines),
        offered=sum(offered(capacity, week) for capacity in plant.capacity.values()),
        free=sum(free(capacity, week) for capacity in plant.capacity.values()),
        booked=sum(hours(booking) for booking in valid),
        ahead=sum(hours(booking, now) for booking in live),
        bookings_ahead=len(live),
        run=sum(read.values()),
        metered=sum(hours(booking) for booking in valid if booking.id in read),
    )


def offered(capacity: Capacity, within: Span) -> float:
    """Machine hours that the statement in force offers, before any booking."""
    return sum(
        cut.hours * piece.quantity
        for piece in capacity.spans
        if piece.type == CapacityType.AVAILABLE and (cut := Span(piece.start, piece.end).intersection(within))
    )


def free(capacity: Capacity, within: Span) -> float:
    """Machine hours of the offer that nobody has claimed."""
    ledger = [_entry(piece) for piece in capacity.spans if piece.type == CapacityType.AVAILABLE]
    takings = [(Span(claim.start, claim.end), claim.quantity) for claim in capacity.claims]
    steps = available(ledger, takings)
    return sum(cut.hours * step.quantity for step in steps if (cut := step.span.intersection(within)))


def hours(booking: Booking, after: datetime | None = None) -> float:
    """Machine hours booked, or what of them lies after a moment."""
    span = span_of(booking) if after is None else Span.between(max(booking.start, after), booking.end)
    return span.hours * booking.quantity if span else 0.0


def _entry(piece: CapacityPiece) -> CapacitySpan:
    return CapacitySpan(Span(piece.start, piece.end), CapacityType.AVAILABLE, piece.quantity, Reason.IDLE)


def _run(booking: Booking) -> float | None:
    meter = Meter.of(booking)
    return meter.run_hours if meter else None
