"""Turns what the API says of a machine into bars on a time axis: what it did, what it can spare, what is booked.

Bars that reach into the window are kept whole: the chart cuts them, so that they stay the same while time goes on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from cloud.booking.model import LIVE
from cloud.booking.wire import Booking
from cloud.dashboard.model import NO_STATEMENT, NOTHING_SEEN, Meter, Plant, span_of
from cloud.registry.model import Capacity, CapacityPiece, Machine, States, Taken
from gateway.span import Span, difference

STACK = ("Unattainable", "Committed", "Available")
"""From the bottom of a pool's lane to its top."""


@dataclass(frozen=True, slots=True)
class StateBar:
    """The machine was in one state. `sure` is False where nothing was heard since, or the quality was not good.

    `changes` above 1: so many states within a time too short to draw; the one that lasted longest is shown.
    """

    span: Span
    state: str
    mode: str
    origin: str
    sure: bool = True
    changes: int = 1


@dataclass(frozen=True, slots=True)
class OfferBar:
    """A piece of the capacity ledger, drawn from `low` to `high` of its lane (0 to 1; a pool stacks its parts)."""

    span: Span
    offer: CapacityPiece
    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True, slots=True)
class BookingBar:
    """A booking or a foreign hold over its span; `ran` is the part of time that was really run."""

    span: Span
    id: str
    state: str
    live: bool
    at_risk: bool = False
    share: float | None = None
    ran: Span | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """Everything that is drawn for one machine."""

    machine: Machine
    states: tuple[StateBar, ...]
    gaps: tuple[Span, ...]
    offers: tuple[OfferBar, ...]
    bookings: tuple[BookingBar, ...]


@dataclass(frozen=True, slots=True)
class View:
    """What is looked at: a `window` around `now`, as told until `known`; states shorter than `least` are joined."""

    window: Span
    now: datetime
    known: datetime
    least: timedelta = timedelta(0)


def row(plant: Plant, machine: Machine, view: View) -> Row:
    """The machine's row: left of now what was, right of it what is offered; bookings on both sides."""
    window, now = view.window, view.now
    states = plant.states.get(machine.id, NOTHING_SEEN)
    capacity = plant.capacity.get(machine.id, NO_STATEMENT)
    past, future = Span.between(window.start, now), Span.between(now, window.end)
    mine = [booking for booking in plant.bookings if booking.machine_id == machine.id]
    return Row(
        machine,
        thinned(state_bars(machine, states, past, view.known), view.least) if past else (),
        tuple(span for gap in states.gaps if past and (span := _reaching(gap.start, gap.end, past))),
        offer_bars(capacity.spans, machine.quantity, future) if future else (),
        booking_bars(mine, capacity.claims, window, now),
    )


def state_bars(machine: Machine, states: States, past: Span, known: datetime) -> tuple[StateBar, ...]:
    """The states of `past`. The last one goes on until its end, as an assumption from when the machine is silent."""
    heard = known if machine.fresh or machine.last_receipt_at is None else machine.last_receipt_at
    bands: list[StateBar] = []
    for piece in states.items:
        good = piece.quality == "good"
        for start, end, sure in _told_and_assumed(piece.start, piece.end, heard, past.end):
            if span := _reaching(start, end, past):
                bands.append(StateBar(span, piece.state, piece.mode, piece.origin, sure=sure and good))
    return tuple(sorted(bands, key=lambda band: band.span.start))


def _told_and_assumed(
    start: datetime, end: datetime | None, heard: datetime, now: datetime
) -> Iterable[tuple[datetime, datetime, bool]]:
    if end is not None:
        return [(start, end, True)]
    edge = min(max(start, heard), now)
    return [(start, edge, True), (edge, now, False)]


def thinned(bands: Sequence[StateBar], least: timedelta) -> tuple[StateBar, ...]:
    """The same time in bands of at least `least`: runs of shorter ones become one, in the state that lasted longest."""
    shown: list[StateBar] = []
    short: list[StateBar] = []
    for band in bands:
        if short and (band.span.start != short[-1].span.end or _length(short) >= least):
            shown.append(_merged(short))
            short = []
        if band.span.duration >= least and not short:
            shown.append(band)
        else:
            short.append(band)
    return (*shown, _merged(short)) if short else tuple(shown)


def _length(bands: Sequence[StateBar]) -> timedelta:
    return bands[-1].span.end - bands[0].span.start


def _merged(bands: Sequence[StateBar]) -> StateBar:
    lasted: dict[str, timedelta] = {}
    for band in bands:
        lasted[band.state] = lasted.get(band.state, timedelta(0)) + band.span.duration
    longest = max(lasted, key=lambda state: lasted[state])
    chosen = max((band for band in bands if band.state == longest), key=lambda band: band.span.duration)
    whole = Span(bands[0].span.start, bands[-1].span.end)
    return replace(chosen, span=whole, sure=all(band.sure for band in bands), changes=len(bands))


def offer_bars(offers: Iterable[CapacityPiece], quantity: int, future: Span) -> tuple[OfferBar, ...]:
    """The ledger of `future`; a pool's parts are stacked, each as high as its share of `quantity`."""
    bands = [
        OfferBar(span, offer)
        for offer in offers
        if offer.quantity > 0 and (span := _reaching(offer.start, offer.end, future))
    ]
    if quantity == 1:
        return tuple(sorted(bands, key=lambda band: band.span))
    edges = sorted({edge for band in bands for edge in (band.span.start, band.span.end)})
    return tuple(part for pair in pairwise(edges) for part in _stacked(bands, Span(*pair), quantity))


def _stacked(bands: Sequence[OfferBar], span: Span, quantity: int) -> Iterable[OfferBar]:
    here = [band for band in bands if band.span.covers(span)]
    low = 0.0
    for band in sorted(here, key=lambda band: STACK.index(band.offer.type) if band.offer.type in STACK else -1):
        high = min(1.0, low + band.offer.quantity / quantity)
        yield OfferBar(span, band.offer, low, high)
        low = high


def booking_bars(
    bookings: Iterable[Booking], claims: Iterable[Taken], window: Span, now: datetime
) -> tuple[BookingBar, ...]:
    """Bookings, and claims that are nobody's booking yet (holds), as far as they reach into `window`.

    What came to nothing before it began is not drawn.
    """
    bars = [_bar(booking, now) for booking in bookings if booking.state in _DRAWN]
    known = {bar.id for bar in bars}
    bars += [
        BookingBar(Span(claim.start, claim.end), claim.id, claim.state, live=True)
        for claim in claims
        if claim.id not in known
    ]
    return tuple(sorted((bar for bar in bars if bar.span.overlaps(window)), key=lambda bar: bar.span))


_DRAWN = LIVE | {"COMPLETED", "ABORTED", "NO_SHOW", "METERED", "SETTLED", "DISPUTED"}


def _bar(booking: Booking, now: datetime) -> BookingBar:
    meter = Meter.of(booking)
    ran = None
    if meter and meter.started:
        ran = Span.between(meter.started, meter.ended or now)
    elif booking.state == "RUNNING":
        ran = Span.between(booking.start, min(now, booking.end))
    live = booking.state in LIVE
    share = meter.share if meter else None
    return BookingBar(span_of(booking), booking.id, booking.state, live, booking.at_risk, share, ran)


def free_spans(capacity: Capacity, after: datetime) -> list[tuple[Span, CapacityPiece]]:
    """What of the Available pieces is still to be had after `after`, for a machine of quantity 1, with its piece."""
    taken = [Span(claim.start, claim.end) for claim in capacity.claims]
    open_ended = [
        (Span(max(piece.start, after), piece.end), piece)
        for piece in capacity.spans
        if piece.type == "Available" and piece.quantity > 0 and piece.end > after
    ]
    return [(span, piece) for whole, piece in open_ended for span in difference([whole], taken)]


def _reaching(start: datetime, end: datetime, within: Span) -> Span | None:
    span = Span.between(start, end)
    return span if span and span.overlaps(within) else None
