"""Trust figures as the rows of a table, and as a file to take away."""

from collections.abc import Iterator, Sequence
from html import escape

from cloud.cooperation.trust import Counts, Trust
from cloud.dashboard.cooperation import told
from cloud.dashboard.when import When

COLUMNS = (
    "partner",
    "n",
    "kept",
    "late",
    "partly",
    "failed",
    "called_off",
    "at_risk",
    "metered",
    "answers",
    "disputed",
)
WENT = tuple(Counts.model_fields)


def table_html(items: Sequence[Trust], when: When) -> str:
    """The inside of a `<table>`."""
    words = when.words
    heads = (f'<th scope="col" class="c-{name}">{escape(words(f"cooperation.col.{name}"))}</th>' for name in COLUMNS)
    rows = "".join(_row(one, when) for one in items)
    return f"<thead><tr>{''.join(heads)}</tr></thead><tbody>{rows}</tbody>"


def _row(one: Trust, when: When) -> str:
    words = when.words
    counts = one.counts
    side = words(f"cooperation.side_{one.role}")
    open_ = f"<small>{escape(words('cooperation.open_n', count=counts.open))}</small>" if counts.open else ""
    called_off = {"provider": counts.cancelled_by_provider, "booker": counts.cancelled_by_booker}
    kept = words("cooperation.of_due", kept=counts.kept, due=one.due)
    cells = (
        f"{escape(one.partner_name)}<small>{escape(side)}</small>",
        f"{one.bookings}{open_}",
        f"<b>{told.share(one.kept_share)}</b><small>{escape(kept)}</small>",
        str(counts.late),
        str(counts.partly),
        str(counts.failed + counts.moved),
        escape(words("cooperation.both_sides", **called_off)),
        f"{told.share(one.at_risk_share)}<small>{one.at_risk} / {one.bookings}</small>",
        f"{escape(told.hours(one.metered_hours, words))}<small>"
        f"{escape(words('cooperation.of_booked', hours=f'{one.booked_hours:,.1f}'))}</small>",
        f"{escape(told.waited(one.answer_s, when))}<small>"
        f"{escape(words('cooperation.of_requests', answered=one.answered, requests=one.requests))}</small>",
        str(one.disputed),
    )
    labelled = zip(COLUMNS, cells, strict=True)
    return f"<tr>{''.join(_cell(words(f'cooperation.col.{name}'), cell, name) for name, cell in labelled)}</tr>"


def _cell(label: str, value: str, name: str) -> str:
    return f'<td data-label="{escape(label)}" class="c-{name}"><span>{value}</span></td>'


def rows(items: Sequence[Trust]) -> Iterator[Sequence[object]]:
    """As a spreadsheet takes them: the API's own names and units."""
    same = ("bookings", "due", "kept_share", "at_risk", "at_risk_share", "disputed", "booked_hours", "metered_hours")
    last = ("requests", "answered", "answer_s")
    yield ("partner", "partner_id", "side", *same, *last, *WENT)
    for one in items:
        figures = (getattr(one, name) for name in (*same, *last))
        yield (one.partner_name, one.partner_id, one.role, *figures, *(getattr(one.counts, name) for name in WENT))
