"""What stands beside the chart as text: a machine's line, the totals' tiles, a booking's row in the table."""

from dataclasses import dataclass
from datetime import datetime

from cloud.booking.wire import Booking
from cloud.dashboard.figures import hours, short
from cloud.dashboard.model import Meter, Plant, span_of
from cloud.dashboard.plant.totals import Totals
from cloud.dashboard.when import When
from cloud.dashboard.words import Words
from cloud.registry.model import Enterprise, Machine
from gateway.machine import PLANT


@dataclass(frozen=True, slots=True)
class MachineLine:
    """A machine at a glance."""

    name: str
    state: str
    state_class: str
    since: str
    origin: str
    heard: str
    fresh: bool


@dataclass(frozen=True, slots=True)
class Tile:
    """One total: a large figure with its unit, and a sentence below."""

    label: str
    figure: str
    unit: str
    note: str


@dataclass(frozen=True, slots=True)
class BookingLine:
    """A row of the table, as text. `tone` is the row's class: live, done, risk or void."""

    id: str
    state: str
    tone: str
    risk: str
    span: str
    machine: str
    partner: str
    partner_id: str
    booked: str
    run: str
    share: float | None
    price: str


def machine_line(machine: Machine, when: When, seen: datetime) -> MachineLine:
    """What the machine does now, since when, for whom, and whether it was heard of when that was `seen`."""
    words = when.words
    state = words.term("state", machine.state or "unknown")
    mode = words.term("mode", machine.mode or "None")
    since = words("row.never")
    if machine.state_since:
        lasting = when.long(when.now - machine.state_since)
        since = words("row.since", moment=when.moment(machine.state_since), length=lasting)
    return MachineLine(
        machine.name,
        f"{state} · {mode}" if mode else state,
        css_name(machine.state),
        since,
        _origin(machine, words),
        heard(machine, When(seen, when.zone, words)),
        machine.fresh,
    )


def css_name(state: str | None) -> str:
    """`NotExecuting` → `not-executing`: the class that colours it."""
    text = state or "unknown"
    return "".join(f"-{letter.lower()}" if letter.isupper() and n else letter.lower() for n, letter in enumerate(text))


def heard(machine: Machine, when: When) -> str:
    """How long ago the machine was heard of."""
    if machine.last_receipt_at is None:
        return when.words("row.unheard")
    ago = when.now - machine.last_receipt_at
    if not machine.fresh:
        return when.words("row.silent", length=when.long(ago))
    if ago.total_seconds() < 60:
        return when.words("row.fresh_now")
    return when.words("row.fresh", length=when.long(ago))


def _origin(machine: Machine, words: Words) -> str:
    if machine.origin is None:
        return ""
    return words("row.plant" if machine.origin == PLANT else "row.sold")


def tiles(total: Totals, words: Words) -> tuple[Tile, ...]:
    """The four totals."""
    unit = words("total.hours")
    executing = words("total.executing", count=total.states.get("Executing", 0))
    silent = f" · {words('total.silent', count=total.silent)}" if total.silent else ""
    return (
        Tile(words("total.machines"), str(total.machines), "", executing + silent),
        Tile(words("total.offered"), hours(total.offered), unit, words("total.free", hours=hours(total.free))),
        Tile(words("total.booked"), hours(total.booked), unit, _ahead(total, words)),
        Tile(words("total.run"), hours(total.run), unit, _delivered(total, words)),
    )


def _ahead(total: Totals, words: Words) -> str:
    if not total.bookings_ahead:
        return words("total.none_ahead")
    key = "total.ahead_one" if total.bookings_ahead == 1 else "total.ahead"
    return words(key, hours=hours(total.ahead), count=total.bookings_ahead)


def _delivered(total: Totals, words: Words) -> str:
    if not total.metered:
        return words("total.not_metered")
    return words("total.delivered", share=round(100 * total.run / total.metered))


def booking_line(booking: Booking, plant: Plant, when: When, tone: str) -> BookingLine:
    """A booking as a row, from the side of the key's enterprise."""
    words, meter = when.words, Meter.of(booking)
    state = words.term("booking", booking.state)
    if meter and meter.outcome and meter.outcome != "COMPLETED":
        state = words("bookings.outcome", state=state, outcome=words.term("booking", meter.outcome))
    partner, partner_id = partner_of(booking, plant.enterprise, words)
    ran = meter.run_hours if meter else None
    names = {machine.id: machine.name for machine in plant.machines}
    return BookingLine(
        booking.id,
        state,
        tone,
        (booking.at_risk_reason or words("bookings.risk")) if booking.at_risk else "",
        when.span(span_of(booking)),
        names.get(booking.machine_id, short(booking.machine_id)),
        partner,
        partner_id,
        words("bookings.hours", hours=hours(span_of(booking).hours * booking.quantity)),
        "" if ran is None else words("bookings.hours", hours=hours(ran)),
        meter.share if meter else None,
        f"{booking.price.amount:,.2f} {booking.price.currency}",
    )


def partner_of(booking: Booking, own: Enterprise, words: Words) -> tuple[str, str]:
    """The other side as text (`for …` where it books here, `at …` where we book there), and its id."""
    here = booking.role == "provider"
    name = booking.booker_name if here else booking.provider_name
    identity = booking.booker_id if here else booking.provider_id
    if identity == own.id:
        return words("bookings.self"), identity
    return words("bookings.for" if here else "bookings.at", partner=name or short(identity)), identity
