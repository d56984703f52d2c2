"""Tables as HTML, with everything that comes from outside escaped: bookings, and a machine's details as text."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape

from cloud.booking.model import LIVE
from cloud.booking.wire import Booking
from cloud.dashboard.figures import share_html
from cloud.dashboard.model import Plant
from cloud.dashboard.plant.say import BookingLine, booking_line
from cloud.dashboard.plant.totals import VOID
from cloud.dashboard.when import DASH, When
from cloud.dashboard.words import Words

MOST = 50
COLUMNS = ("state", "span", "machine", "side", "booked", "run", "share", "price")


def ordered(bookings: Iterable[Booking], now: datetime) -> list[Booking]:
    """What runs or comes first, soonest on top; then what has been, latest on top."""
    live = [booking for booking in bookings if booking.state in LIVE]
    past = [booking for booking in bookings if booking.state not in LIVE]
    return [
        *sorted(live, key=lambda booking: (booking.start, booking.id)),
        *sorted(past, key=lambda booking: (min(booking.end, now), booking.id), reverse=True),
    ]


def tone(booking: Booking) -> str:
    """The row's class."""
    if booking.at_risk and booking.state in LIVE:
        return "risk"
    if booking.state in LIVE:
        return "live"
    return "void" if booking.state in VOID else "done"


def lines(plant: Plant, when: When) -> list[BookingLine]:
    """The rows to show, at most MOST."""
    shown = ordered(plant.bookings, when.now)[:MOST]
    return [booking_line(booking, plant, when, tone(booking)) for booking in shown]


def bookings_html(rows: Sequence[BookingLine], words: Words, hidden: int = 0) -> str:
    """The inside of a `<table>`; cells carry their column's name, which narrow screens show before them."""
    head = "".join(f'<th scope="col" class="c-{name}">{escape(words(f"bookings.{name}"))}</th>' for name in COLUMNS)
    body = "".join(_row(row, words) for row in rows)
    foot = ""
    if hidden:
        note = escape(words("bookings.more", count=hidden))
        foot = f'<tfoot><tr><td colspan="{len(COLUMNS)}">{note}</td></tr></tfoot>'
    caption = f'<caption class="unseen">{escape(words("bookings.head"))}</caption>'
    return f"{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody>{foot}"


def _row(row: BookingLine, words: Words) -> str:
    risk = f' <span class="badge risk" title="{escape(row.risk)}">! {escape(words("bookings.risk"))}</span>'
    cells = {
        "state": f'<span><span class="badge {row.tone}">{escape(row.state)}</span>{risk if row.risk else ""}</span>',
        "span": f'{escape(row.span)}<small title="{escape(row.id)}">{escape(row.id)}</small>',
        "machine": escape(row.machine),
        "side": f'<span title="{escape(row.partner_id)}">{escape(row.partner)}</span>',
        "booked": escape(row.booked),
        "run": escape(row.run) or DASH,
        "share": share_html(row.share),
        "price": escape(row.price),
    }
    inside = "".join(_cell(name, cell, words) for name, cell in cells.items())
    return f'<tr class="{row.tone}">{inside}</tr>'


def _cell(name: str, inside: str, words: Words) -> str:
    none = " none" if inside == DASH else ""
    return f'<td class="c-{name}{none}" data-label="{escape(words(f"bookings.{name}"))}">{inside}</td>'


def facts_html(facts: Iterable[tuple[str, str]]) -> str:
    """Pairs as the inside of a `<dl>`."""
    return "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)


def list_html(rows: Iterable[Sequence[str]], empty: str) -> str:
    """Rows of cells as the inside of a `<table>`, or one cell that says that there are none."""
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<tbody>{body or f'<tr><td>{escape(empty)}</td></tr>'}</tbody>"
