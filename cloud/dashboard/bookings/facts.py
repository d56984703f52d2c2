"""What is known of one booking, as HTML: what comes from outside is escaped, and links lead only to the web."""

from collections.abc import Iterable
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import urlsplit

from cloud.booking.bundle import Bundle
from cloud.booking.model import State
from cloud.booking.wire import Booking, Document
from cloud.dashboard.bookings.choose import OPEN, Names
from cloud.dashboard.bookings.gantt import look
from cloud.dashboard.bookings.table import TONES
from cloud.dashboard.figures import hours, share_html
from cloud.dashboard.market.told import money, percent
from cloud.dashboard.model import span_of
from cloud.dashboard.when import When
from cloud.dashboard.words import Words
from cloud.registry.model import States
from gateway.machine import ItemState
from gateway.span import Span

Pairs = Iterable[tuple[str, str]]
"""A name and, as HTML, what it is."""

_ANSWERED = frozenset({State.DISPATCHED, State.RUNNING, State.COMPLETED, State.ABORTED, State.NO_SHOW})
_TURNED_DOWN = frozenset({State.DECLINED, State.UNDELIVERABLE, State.DISPLACED})


def head_html(one: Booking, names: Names, when: When) -> str:
    """What it is, in two lines."""
    words = when.words
    work = f"{one.work.work_master} × {one.work.quantity}"  # noqa: RUF001 - a multiplication sign is meant
    side = words("bookings.for" if one.role == "provider" else "bookings.at", partner=names.partner(one))
    risk = ""
    if one.at_risk and one.state in OPEN:
        why = words.term("reason", one.at_risk_reason or "")
        told = escape(words("bookings.risk") + (f": {why}" if why else ""))
        what = escape(words(f"bookings.risk_do.{one.role}"))
        risk = f'<p class="risky"><strong>! {told}</strong> {what}</p>'
    changed = words("bookings.as_of", time=when.moment(one.updated_at), zone=str(when.zone))
    asked = ""
    if one.state is State.REQUESTED and one.expires_at:
        until = words(f"bookings.asked.{one.role}", until=when.moment(one.expires_at))
        asked = f"<p>{escape(until)}</p>"
    stopping = f'<p class="risky">{escape(words("bookings.stopping"))}</p>' if one.cancel_asked_at else ""
    badge = f'<span class="badge {TONES[look(one)]}">{escape(words.term("booking", one.state))}</span>'
    facts = (when.span(span_of(one)), names.machine(one), side, money(one.price))
    return (
        f"<h1>{escape(work)} {badge}</h1><p>{' · '.join(escape(each) for each in facts)}</p>{asked}{risk}{stopping}"
        f'<p class="id">{escape(one.id)} · {escape(changed)}</p>'
    )


def _list(pairs: Pairs) -> str:
    return "".join(f"<dt>{escape(name)}</dt><dd>{value}</dd>" for name, value in pairs if value)


def order_html(one: Booking, when: When) -> str:
    """What the plant is to make, and what it said to that."""
    words, work = when.words, one.work
    parameters = ", ".join(f"{name} = {value}" for name, value in work.parameters.items())
    documents = "".join(f"<li>{_document(each)}</li>" for each in work.documents)
    return _list(
        (
            (words("bookings.work_master"), escape(work.work_master)),
            (words("bookings.pieces"), str(work.quantity)),
            (words("bookings.material"), escape(work.material or "")),
            (words("bookings.parameters"), escape(parameters)),
            (words("bookings.documents"), f"<ul>{documents}</ul>" if documents else ""),
            (words("bookings.units"), str(one.quantity)),
            (words("bookings.revision"), str(one.revision)),
            (words("bookings.answer"), escape(_answer(one, when))),
        )
    )


def _document(each: Document) -> str:
    name = escape(each.name)
    if urlsplit(each.href).scheme in {"http", "https"}:
        name = f'<a href="{escape(each.href)}" rel="noopener noreferrer" target="_blank">{name}</a>'
    else:
        name = f"{name} <small>{escape(each.href)}</small>"
    return f'{name} <small class="hash" title="{each.sha256}">SHA-256 {each.sha256[:12]}…</small>'


def _answer(one: Booking, when: When) -> str:
    words = when.words
    for entered in reversed(one.history):
        if entered.state in _TURNED_DOWN:
            return words("bookings.answer.no", moment=when.moment(entered.at), reason=entered.reason or "")
        if entered.state in _ANSWERED:
            return words("bookings.answer.yes", moment=when.moment(entered.at))
        if entered.state is State.CONFIRMED:
            break
    return words("bookings.answer.waits") if one.state is State.CONFIRMED else ""


def terms_html(one: Booking, when: When) -> str:
    """What it costs, and what it may cost to call it off."""
    words, off, healing = when.words, one.cancellation, one.healing
    called_off = words("bookings.cost.free")
    if off:
        called_off = words("bookings.terms_off", until=when.moment(off.free_until), fee=money(off.fee))
    consent = words("bookings.healing_no")
    if healing and healing.consent:
        limit = money(healing.max_price) if healing.max_price else words("bookings.healing_agreed")
        consent = words("bookings.healing_yes", limit=limit)
    return _list(
        (
            (words("bookings.price"), f"<b>{escape(money(one.price))}</b>"),
            (words("bookings.unit_price"), escape(money(one.unit_price)) if one.unit_price else ""),
            (words("bookings.sure"), escape(percent(one.chance)) if one.chance is not None else ""),
            (words("bookings.off"), escape(called_off)),
            (words("bookings.charged"), escape(money(off.charged)) if off and off.charged else ""),
            (words("bookings.healing"), escape(consent) if one.role == "booker" else ""),
            (words("bookings.heals"), _link(one.heals)),
            (words("bookings.healed_by"), _link(one.healed_by)),
            (words("bookings.proposal"), escape(money(one.proposal.price)) if one.proposal else ""),
            (words("bookings.agreement"), _where("/cooperation", one.agreement_id)),
            (words("bookings.quote"), _where("/cooperation", one.quote_id)),
        )
    )


def _link(identity: str | None) -> str:
    return _where(f"/bookings/{escape(identity)}", identity) if identity else ""


def _where(page: str, identity: str | None) -> str:
    return f'<a href="{page}">{escape(identity)}</a>' if identity else ""


def meter_html(one: Booking, when: When) -> str:
    """Metered against booked: hours, pieces, share; and whether all that is known agrees."""
    words, meter = when.words, one.meter
    if not meter:
        return ""
    booked, ran = float(meter.get("booked_hours") or 0), float(meter.get("run_hours") or 0)
    ordered, good = int(meter.get("ordered_quantity") or 0), int(meter.get("good_quantity") or 0)
    bars = (
        _bar(words("bookings.hours_run"), ran, booked, words("bookings.hours", hours=hours(ran)), _of(words, booked)),
        _bar(words("bookings.good"), good, ordered, str(good), words("bookings.of", much=ordered)),
    )
    share = meter.get("share")
    doubts = "".join(
        f"<li>{escape(words.term('bookings.doubt', str(each)))}</li>" for each in meter.get("disagreements", ())
    )
    agreed = words("bookings.agrees" if meter.get("agrees", True) else "bookings.disagrees")
    ran_at = _ran(meter, when)
    return (
        f'{"".join(bars)}<p class="share">{escape(words("bookings.share"))} {share_html(share)}</p>'
        f'<p>{escape(ran_at)}</p><p class="{"good" if meter.get("agrees", True) else "risky"}">{escape(agreed)}</p>'
        f"{f'<ul>{doubts}</ul>' if doubts else ''}"
    )


def _of(words: Words, booked: float) -> str:
    return words("bookings.of", much=words("bookings.hours", hours=hours(booked)))


def _bar(name: str, much: float, whole: float, told: str, of: str) -> str:
    width = round(100 * min(1.0, much / whole)) if whole else 0
    return (
        f'<div class="against"><span>{escape(name)}</span><span class="meter wide-meter" aria-hidden="true">'
        f'<i style="width:{width}%"></i></span><span><b>{escape(told)}</b> {escape(of)}</span></div>'
    )


def _ran(meter: Any, when: When) -> str:
    started, ended = meter.get("started"), meter.get("ended")
    if not started or not ended:
        return when.words("bookings.never_ran")
    span = Span.between(datetime.fromisoformat(started), datetime.fromisoformat(ended))
    return when.words("bookings.ran", span=when.span(span)) if span else ""


def settlement_html(one: Booking, when: When) -> str:
    """What is owed, who said yes, and what one of them says instead."""
    words, told = when.words, one.settlement
    if told is None:
        return ""
    accepted = ", ".join(words(f"bookings.side.{side}") for side in told.accepted) or words("bookings.nobody")
    how = words(f"bookings.how.{told.how}") if told.how else ""
    settled = f"{money(told.settled)} · {how}" if told.settled else ""
    dispute = told.dispute
    said = words("bookings.says", side=words(f"bookings.side.{dispute.by}"), reason=dispute.reason) if dispute else ""
    return _list(
        (
            (words("bookings.due"), f"<b>{escape(money(told.due))}</b> {escape(_of_price(one, words))}"),
            (
                words("bookings.settle_by"),
                escape(when.moment(told.settle_by)) if told.settle_by else escape(words("bookings.by_both")),
            ),
            (words("bookings.accepted"), escape(accepted)),
            (words("bookings.disputed"), escape(said)),
            (words("bookings.proposes"), escape(money(dispute.due)) if dispute and dispute.due else ""),
            (words("bookings.settled"), escape(settled)),
            (words("bookings.settled_at"), escape(when.moment(told.settled_at)) if told.settled_at else ""),
        )
    )


def _of_price(one: Booking, words: Words) -> str:
    return words("bookings.of_price", price=money(one.price))


def evidence_of(one: Booking) -> Span | None:
    """The time that the meter rests on."""
    told = (one.meter or {}).get("evidence") or {}
    if not told.get("from") or not told.get("to"):
        return None
    return Span.between(datetime.fromisoformat(told["from"]), datetime.fromisoformat(told["to"]))


def evidence_html(one: Booking, states: States | None, when: When, *, mine: bool) -> str:
    """The machine's states that the meter rests on, or who alone sees them."""
    words, span = when.words, evidence_of(one)
    if span is None:
        return ""
    unseen = float(((one.meter or {}).get("evidence") or {}).get("unseen_hours") or 0)
    head = f"<caption>{escape(words('bookings.evidence_span', span=when.span(span), hours=hours(unseen)))}</caption>"
    if not mine:
        return f"{head}<tbody><tr><td>{escape(words('bookings.evidence_theirs'))}</td></tr></tbody>"
    if states is None:
        return f"{head}<tbody><tr><td>{escape(words('bookings.evidence_away'))}</td></tr></tbody>"
    rows = (
        "".join(_state(each, one, span, when) for each in states.items)
        or f"<tr><td>{escape(words('bookings.evidence_none'))}</td></tr>"
    )
    names = ("bookings.e_when", "bookings.e_long", "bookings.e_state", "bookings.e_for", "bookings.e_quality")
    columns = "".join(f'<th scope="col">{escape(words(name))}</th>' for name in names)
    return f"{head}<thead><tr>{columns}</tr></thead><tbody>{rows}</tbody>"


def _state(each: Any, one: Booking, span: Span, when: When) -> str:
    words = when.words
    start, end = max(each.start, span.start), min(each.end or span.end, span.end)
    piece = Span.between(start, end)
    if piece is None:
        return ""
    mode = words.term("mode", each.mode or "None")
    state = words.term("state", each.state or "unknown")
    cells = (
        when.span(piece),
        when.long(piece.duration),
        f"{state} · {mode}" if mode else state,
        _counted(each, one, words),
        words.term("bookings.quality", str(each.quality or "")),
    )
    return f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"


def _counted(each: Any, one: Booking, words: Words) -> str:
    """Only what was executed for the booking itself counts as run for it."""
    if each.origin != one.id:
        return words("bookings.other")
    return words("bookings.this" if each.state == ItemState.EXECUTING else "bookings.this_idle")


def legs_html(bundle: Bundle | None, one: Booking, names: Names, when: When) -> str:
    """The other legs of its bundle."""
    words = when.words
    return "".join(
        f'<li class="miss{" marked" if leg.id == one.id else ""}"><div class="what">'
        f'<a href="/bookings/{escape(leg.id)}">{escape(when.span(span_of(leg)))}</a> '
        f'<span class="badge {TONES[look(leg)]}">{escape(words.term("booking", leg.state))}</span>'
        f'<div class="reason">{escape(f"{leg.work.work_master} · {names.machine(leg)} · {money(leg.price)}")}</div>'
        "</div></li>"
        for leg in (bundle.bookings if bundle else ())
    )
