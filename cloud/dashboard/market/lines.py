"""Results, near misses and places in line as HTML; everything that comes from outside is escaped."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from cloud.dashboard.market import told
from cloud.dashboard.market.agreed import Cover, terms
from cloud.dashboard.market.alike import Row, rows, to_take
from cloud.dashboard.market.form import Values
from cloud.dashboard.market.remedy import remedy
from cloud.dashboard.when import When
from cloud.dashboard.words import Words
from cloud.market.model import Found, NearMiss
from cloud.waiting.model import Waiting, WaitingState
from gateway.span import Span

_WAITABLE = ("capacity.", "confidence.")


@dataclass(frozen=True, slots=True)
class Shown:
    """How the list stands: results that are held, that a mark on the map was clicked for, that are no longer free.

    `covers`: by the result's number, the agreements by which it can be called off. `own`: the enterprise that looks.
    """

    held: Collection[int] = ()
    marked: Collection[int] = ()
    may_book: bool = True
    gone: frozenset[int] = frozenset()
    covers: Mapping[int, tuple[Cover, ...]] = field(default_factory=dict)
    own: str = ""


def results_html(found: Sequence[Found], when: When, shown: Shown) -> str:
    """The inside of an `<ol>`, best first; results that differ in nothing but the machine are one row."""
    return "".join(_result(place, row, found, when, shown) for place, row in enumerate(rows(found), 1))


def _result(place: int, row: Row, found: Sequence[Found], when: When, shown: Shown) -> str:
    words, one = when.words, found[row[0]]
    manner = "market.instant" if one.instant else "market.on_request"
    reasons = "".join(f"<li>{escape(line)}</li>" for line in told.why(one, when))
    marked = " marked" if set(row) & set(shown.marked) else ""
    gone = " gone" if set(row) <= shown.gone else ""
    by = words("market.own", name=one.provider_name) if one.provider_id == shown.own else one.provider_name
    return (
        f'<li class="result{marked}{gone}" id="result-{row[0]}">'
        f'<div class="rank" aria-hidden="true">{place}</div>'
        f'<div class="what"><strong>{escape(one.service_name)}</strong> '
        f'<span class="by">{escape(by)}</span>'
        f'<div class="span">{escape(when.span(Span(one.start, one.end)))}</div>'
        f"{_pieces(one, when)}<ul class='why'>{reasons}</ul>"
        f'<div class="alike">{escape(alike(row, shown, words))}</div></div>'
        f'<div class="offer"><div class="price">{escape(told.money(one.price))}</div>'
        f"{_chance(one, words)}"
        f'<span class="badge {"done" if one.instant else ""}">{escape(words(manner))}</span></div>'
        f'<div class="do">{_buttons(row, one, words, shown)}'
        f'<small class="rank-why">{escape(told.compared(one, found[0], when))}</small></div>'
        f"{_agreed(row, one, words, shown)}</li>"
    )


def alike(row: Row, shown: Shown, words: Words) -> str:
    """That more machines can be had just so; or that the row is no longer free."""
    if set(row) <= shown.gone:
        return words("market.gone")
    more = len(set(row) - shown.gone - set(shown.held)) - 1
    return "" if more < 1 else words("market.alike_one" if more == 1 else "market.alike", count=more)


def _agreed(row: Row, one: Found, words: Words, shown: Shown) -> str:
    """The agreements by which it can be called off, each with its rate, its quota and a button."""
    number = to_take(row, {*shown.held, *shown.gone})
    if number is None or not (found := shown.covers.get(row[0])):
        return ""
    lines = ""
    for nth, cover in enumerate(found):
        text = words("market.call_off", price=told.money(cover.price))
        able = shown.may_book and cover.enough and not one.pieces[1:]
        do = button_html(f"call-{nth}", number, "go", text) if able else ""
        lines += f"<li><span>{escape(terms(cover, words))}</span>{do}</li>"
    return f'<ul class="agreed">{lines}</ul>'


def _pieces(one: Found, when: When) -> str:
    if not one.pieces[1:]:
        return ""
    spans = "".join(
        f"<li>{escape(when.span(Span(piece.start, piece.end)))} · {escape(told.money(piece.price))}</li>"
        for piece in one.pieces
    )
    return f"<ol class='pieces'>{spans}</ol>"


def _chance(one: Found, words: Words) -> str:
    width = round(one.chance * 100)
    text = words(
        "market.chance", chance=told.percent(one.chance), word=words.term("confidence", str(int(one.confidence)))
    )
    return (
        f'<div class="chance"><span class="meter sure" aria-hidden="true"><i style="width:{width}%"></i></span>'
        f"{escape(text)}</div>"
    )


def _buttons(row: Row, one: Found, words: Words, shown: Shown) -> str:
    number = to_take(row, {*shown.held, *shown.gone})
    only = button_html("only", row[0], "quiet", words("market.only"))
    held = f'<span class="badge live">{escape(words("market.held"))}</span>' if set(row) & set(shown.held) else ""
    if number is None or not shown.may_book:
        return held + only
    do = "bundle" if one.pieces[1:] else "hold"
    return held + button_html(do, number, "go", words(f"market.{do}")) + only


def button_html(do: str, number: int, look: str, text: str) -> str:
    """What can be done with the item of that number; the page's list hears `data-do`."""
    return f'<button type="button" class="{look}" data-do="{do}" data-item="{number}">{escape(text)}</button>'


def misses_html(
    misses: Sequence[NearMiss], values: Values, when: When, *, may_book: bool, asked: Span | None = None
) -> str:
    """The inside of a `<ul>`: what nearly does, by what it misses, and the change that would help.

    `asked` is the window that was searched: a remedy says by how much it leaves it.
    """
    remedies = [told.remedied(one, asked, when) if remedy(one, values) else "" for one in misses]
    return "".join(_miss(number, one, remedies[number], when, may_book=may_book) for number, one in enumerate(misses))


def _miss(number: int, one: NearMiss, change: str, when: When, *, may_book: bool) -> str:
    words = when.words
    do = button_html("apply", number, "quiet", change) if change else ""
    if may_book and one.constraint.startswith(_WAITABLE):
        do += button_html("wait", number, "quiet", words("market.wait"))
    kind = words.term("market.constraint", one.constraint)
    return (
        f'<li class="miss"><div class="what"><strong>{escape(one.service_name)}</strong> '
        f'<span class="badge">{escape(kind)}</span><div class="reason">{escape(told.missed(one, when))}</div></div>'
        f'<div class="do">{do}</div></li>'
    )


def waiting_html(places: Sequence[Waiting], when: When) -> str:
    """The inside of a `<ul>`: who waits for what."""
    return "".join(_place(number, one, when) for number, one in enumerate(places))


def _place(number: int, one: Waiting, when: When) -> str:
    words = when.words
    key = "market.waits_for" if one.quantity == 1 else "market.waits_for_some"
    said = words(key, length=when.long(one.duration), span=when.span(Span(one.start, one.end)), count=one.quantity)
    offered = one.state is WaitingState.OFFERED
    return (
        f'<li class="miss"><div class="what"><span class="badge {"live" if offered else ""}">'
        f"{escape(words.term('market.waiting', one.state))}</span> {escape(said)} "
        f'<small class="id">{escape(one.service_id)}</small></div>'
        f'<div class="do">{button_html("leave", number, "quiet", words("market.leave"))}</div></li>'
    )
