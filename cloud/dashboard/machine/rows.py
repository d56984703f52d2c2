"""What the chart shows as rows of a table: for the CSV file, and for those who do not see the chart."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape

from cloud.dashboard.machine import lanes
from cloud.dashboard.machine.seen import Seen
from cloud.dashboard.when import When
from gateway.span import Span

SHOWN = 300
"""Rows of the table on the page; the file has all."""

HEAD = (
    "lane",
    "start (UTC)",
    "end (UTC)",
    "what",
    "mode or reason",
    "for whom",
    "quality or confidence (1-5)",
    "quantity",
    "changes",
    "value",
    "least",
    "most",
    "unit",
)


def csv_rows(seen: Seen) -> Iterable[Sequence[object]]:
    """All that is in the chart, as it is: a row each, codes as the API has them."""
    yield HEAD
    for band in seen.states.items:
        end = min(band.end or seen.now, seen.now)
        yield ("state", band.start, end, band.state, band.mode, band.origin, band.quality, "", band.changes)
    for gap in seen.states.gaps:
        yield ("gap", gap.start, gap.end, "not seen", gap.reason)
    for row in lanes.ledger(seen):
        start, end, kind, confidence, _, _, quantity, reason, _ = row
        yield ("ledger", _at(start), _at(end), lanes.LEDGER[kind], reason, "", confidence or "", quantity)
    for each in seen.bookings:
        yield ("booking", each.start, each.end, each.state, each.id, each.booker_id, "", each.quantity)
    for samples in seen.samples.values():
        for point in samples.items:
            told = ("signal", point.at, "", samples.signal, "", "", point.quality or "", "", point.samples)
            yield (*told, point.value, point.least, point.most, samples.unit or "")


def table(seen: Seen, when: When) -> str:
    """The inside of a `<table>`: states newest first, what is ahead soonest first, bookings."""
    words = when.words
    told = [*_states(seen, when), *_ledger(seen, when), *_bookings(seen, when)]
    names = ("lane", "start", "end", "length", "what", "more")
    head = "".join(f'<th scope="col">{escape(words(f"machine.text.{name}"))}</th>' for name in names)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in told[:SHOWN])
    rest = len(told) - SHOWN
    foot = words("machine.text.rest", count=rest) if rest > 0 else "" if told else words("machine.text.none")
    return f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>" + (
        f'<tfoot><tr><td colspan="6">{escape(foot)}</td></tr></tfoot>' if foot else ""
    )


Cells = tuple[str, ...]


def _states(seen: Seen, when: When) -> Iterable[Cells]:
    words = when.words
    for start, end, code, _, changes, mode, origin, _ in reversed(lanes.states(seen)[-SHOWN // 2 :]):
        state, said = lanes.STATES[code], words.term("mode", mode)
        what = " · ".join(part for part in (words.term("state", state), said) if part)
        more = words("row.plant" if origin == "plant" else "row.sold")
        if changes > 1:
            more += f" · {words('machine.tip.changes', count=changes)}"
        yield _row("states", start, end, what, more, when)


def _ledger(seen: Seen, when: When) -> Iterable[Cells]:
    words = when.words
    for start, end, kind, confidence, _, _, _, reason, detail in lanes.ledger(seen):
        name = lanes.LEDGER[kind]
        what = words("machine.legend.booked") if name == "Booked" else words.term("type", name)
        known = reason not in {"booked", "day"}
        sure = words("tip.confidence", band=confidence, word=words.term("confidence", str(confidence))) if known else ""
        more = " · ".join(part for part in (words.term("reason", reason) if known else "", sure, detail) if part)
        yield _row("ledger", start, end, what, more, when)


def _bookings(seen: Seen, when: When) -> Iterable[Cells]:
    for row in lanes.bookings(seen):
        more = when.words("tip.share", share=round(row[11] * 100)) if row[11] is not None else ""
        yield _row("bookings", row[0], row[1], f"{row[9]} · {when.words.term('booking', row[10])}", more, when)


def _row(lane: str, start: int, end: int, what: str, more: str, when: When) -> Cells:  # noqa: PLR0913, PLR0917
    span = Span(_at(start), _at(end))
    edges = (when.moment(span.start), when.moment(span.end), when.long(span.duration))
    return (when.words(f"machine.lane.name.{lane}"), *edges, what, more)


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
