"""Results, near misses and places in line as HTML; everything that comes from outside is escaped."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape

from cloud.dashboard.market import told
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
    """How the list stands: results that are held, and those that a mark on the map was clicked for."""

    held: Collection[int] = ()
    marked: Collection[int] = ()
    may_book: bool = True


def results_html(found: Sequence[Found], when: When, shown: Shown) -> str:
    """The inside of an `<ol>`, best first."""
    return "".join(_result(number, one, found[0], when, shown) for number, one in enumerate(found))


def _result(number: int, one: Found, best: Found, when: When, shown: Shown) -> str:
    words = when.words
    manner = "market.instant" if one.instant else "market.on_request"
    reasons = "".join(f"<li>{escape(line)}</li>" for line in told.why(one, when))
    marked = " marked" if number in shown.marked else ""
    return (
        f'<li class="result{marked}" id="result-{number}">'
        f'<div class="rank" aria-hidden="true">{number + 1}</div>'
        f'<div class="what"><strong>{escape(one.service_name)}</strong> '
        f'<span class="by">{escape(one.provider_name)}</span>'
        f'<div class="span">{escape(when.span(Span(one.start, one.end)))}</div>'
        f"{_pieces(one, when)}<ul class='why'>{reasons}</ul></div>"
        f'<div class="offer"><div class="price">{escape(told.money(one.price))}</div>'
        f"{_chance(one, words)}"
        f'<span class="badge {"done" if one.instant else ""}">{escape(words(manner))}</span></div>'
        f'<div class="do">{_buttons(number, one, words, shown)}'
        f'<small class="rank-why">{escape(told.compared(one, best, when))}</small></div></li>'
    )


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


def _buttons(number: int, one: Found, words: Words, shown: Shown) -> str:
    only = button_html("only", number, "quiet", words("market.only"))
    if one.pieces[1:]:
        return (button_html("bundle", number, "go", words("market.bundle")) if shown.may_book else "") + only
    if number in shown.held:
        return f'<span class="badge live">{escape(words("market.held"))}</span>{only}'
    return (button_html("hold", number, "go", words("market.hold")) if shown.may_book else "") + only


def button_html(do: str, number: int, look: str, text: str) -> str:
    """What can be done with the item of that number; the page's list hears `data-do`."""
    return f'<button type="button" class="{look}" data-do="{do}" data-item="{number}">{escape(text)}</button>'


def misses_html(misses: Sequence[NearMiss], values: Values, when: When, *, may_book: bool) -> str:
    """The inside of a `<ul>`: what nearly does, by what it misses, and the change that would help."""
    return "".join(_miss(number, one, values, when, may_book=may_book) for number, one in enumerate(misses))


def _miss(number: int, one: NearMiss, values: Values, when: When, *, may_book: bool) -> str:
    words = when.words
    do = ""
    if remedy(one, values):
        span = one.would_do and when.span(Span(one.would_do.start, one.would_do.end))
        text = words("market.apply_span", span=span) if span else words("market.apply")
        do += button_html("apply", number, "quiet", text)
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
