"""The list of bookings, fifty a page: the same as the chart, for reading, keyboards and files."""

from collections.abc import Sequence
from html import escape

from cloud.booking.wire import Booking
from cloud.dashboard.bookings.choose import OPEN, Names
from cloud.dashboard.bookings.gantt import look
from cloud.dashboard.figures import hours, share_html
from cloud.dashboard.model import Meter, span_of
from cloud.dashboard.when import DASH, When

PAGE = 50
COLUMNS = ("span", "state", "work", "machine", "side", "booked", "run", "share", "price")
TONES = ("live", "live asked", "live", "done", "risk", "void")


def table_html(shown: Sequence[Booking], names: Names, when: When) -> str:
    """The inside of a `<table>`; cells carry their column's name, which narrow screens show before them."""
    words = when.words
    head = "".join(f'<th scope="col" class="c-{name}">{escape(words(f"bookings.{name}"))}</th>' for name in COLUMNS)
    body = "".join(_row(one, names, when) for one in shown)
    caption = f'<caption class="unseen">{escape(words("bookings.list"))}</caption>'
    return f"{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"


def _row(one: Booking, names: Names, when: When) -> str:
    words, meter = when.words, Meter.of(one)
    tone = TONES[look(one)]
    risk = (
        f' <span class="badge risk">! {escape(words("bookings.risk"))}</span>'
        if one.at_risk and one.state in OPEN
        else ""
    )
    side = words("bookings.for" if one.role == "provider" else "bookings.at", partner=names.partner(one))
    ran = meter.run_hours if meter else None
    cells = {
        "span": f'<a href="/bookings/{escape(one.id)}">{escape(when.span(span_of(one)))}</a>',
        "state": f'<span><span class="badge {tone}">{escape(words.term("booking", one.state))}</span>{risk}</span>',
        "work": f"{escape(one.work.work_master)} × {one.work.quantity}",  # noqa: RUF001 - a multiplication sign
        "machine": escape(names.machine(one)),
        "side": escape(side),
        "booked": escape(words("bookings.hours", hours=hours(span_of(one).hours * one.quantity))),
        "run": DASH if ran is None else escape(words("bookings.hours", hours=hours(ran))),
        "share": share_html(meter.share if meter else None),
        "price": escape(f"{one.price.amount:,.2f} {one.price.currency}"),
    }
    inside = "".join(_cell(name, cell, words(f"bookings.{name}")) for name, cell in cells.items())
    return f'<tr class="{tone}">{inside}</tr>'


def _cell(name: str, inside: str, label: str) -> str:
    none = " none" if inside == DASH else ""
    return f'<td class="c-{name}{none}" data-label="{escape(label)}">{inside}</td>'


def rows(shown: Sequence[Booking], names: Names) -> list[list[object]]:
    """For a file: the first row names the columns and their units."""
    head: list[object] = [
        *(
            "id",
            "state",
            "role",
            "partner",
            "machine_id",
            "machine",
            "start",
            "end",
            "quantity",
            "work_master",
            "pieces",
        ),
        *("booked_h", "run_h", "good_pieces", "share", "price", "currency", "at_risk", "bundle_id"),
    ]
    return [head, *(_cells(one, names) for one in shown)]


def _cells(one: Booking, names: Names) -> list[object]:
    meter = one.meter or {}
    who = [one.id, one.state.value, one.role, names.partner(one), one.machine_id, names.machine(one)]
    what = [one.start, one.end, one.quantity, one.work.work_master, one.work.quantity]
    ran = [meter.get("booked_hours"), meter.get("run_hours"), meter.get("good_quantity"), meter.get("share")]
    return [*who, *what, *ran, one.price.amount, one.price.currency, one.at_risk, one.bundle_id]
