"""Requests and their quotes as HTML: what is wanted of whom, who would do it for what, and which was taken."""

from html import escape

from cloud.cooperation.inquiry import Inquiry, Quote
from cloud.cooperation.states import InquiryState, QuoteState
from cloud.dashboard.cooperation import told
from cloud.dashboard.cooperation.view import View, inquiries_in_order, shown
from cloud.dashboard.market.told import process
from cloud.dashboard.when import When
from gateway.span import Span


def inquiries_html(view: View, when: When) -> str:
    """The inside of an `<ul>`."""
    found, left = shown(inquiries_in_order(view.inquiries), lambda one: one.state is not InquiryState.OPEN)
    return "".join(_inquiry(one, view, when) for one in found) + told.older(left, when.words)


def _inquiry(one: Inquiry, view: View, when: When) -> str:
    words = when.words
    over = one.state is not InquiryState.OPEN
    whom = (
        words("cooperation.asked_by", partner=one.asker_name)
        if one.role == "provider"
        else words("cooperation.asked_all")
        if one.everyone
        else words("cooperation.asked_of", partners=", ".join(each.name for each in one.asked))
    )
    work = words("cooperation.work_of", quantity=f"{one.work.quantity:,}", work=one.work.work_master)
    quotes = "".join(_quote(quote, one, view, when) for quote in one.quotes)
    return (
        f'<li class="deal{" over" if over else ""}" id="{escape(one.id)}">'
        f'<div class="what"><h3>{escape(work)} {told.badge("inquiry", one.state, words)}</h3>'
        f'<p class="by">{escape(whom)}</p><dl>{_need(one, when)}</dl>{_note(one, when)}'
        f'<ul class="quotes">{quotes or _none(one, when)}</ul></div>'
        f'<div class="do">{_deeds(one, view, when)}</div></li>'
    )


def _need(one: Inquiry, when: When) -> str:
    words = when.words
    facts = [told.fact(words("cooperation.window"), escape(when.span(Span(one.start, one.end))))]
    if one.duration:
        facts.append(told.fact(words("cooperation.duration"), escape(when.long(one.duration))))
    if one.process:
        facts.append(told.fact(words("cooperation.process"), escape(process(one.process, words))))
    elif one.kind:
        facts.append(told.fact(words("cooperation.kind"), escape(words.term("market.kind", one.kind))))
    if one.work.material:
        facts.append(told.fact(words("cooperation.material"), escape(one.work.material)))
    if one.quantity > 1:
        facts.append(told.fact(words("cooperation.units"), f"{one.quantity:,}"))
    if one.max_price:
        facts.append(told.fact(words("cooperation.max_price"), escape(told.money(one.max_price))))
    facts.append(told.fact(words("cooperation.answer_by"), escape(when.moment(one.expires_at))))
    return "".join(facts)


def _note(one: Inquiry, when: When) -> str:
    return f'<p class="note">{escape(when.words("cooperation.note"))} {escape(one.note)}</p>' if one.note else ""


def _none(one: Inquiry, when: When) -> str:
    if one.state is not InquiryState.OPEN:
        return ""
    key = "cooperation.no_quote_yet" if one.role == "asker" else "cooperation.not_quoted"
    return f'<li class="none">{escape(when.words(key))}</li>'


def _quote(quote: Quote, one: Inquiry, view: View, when: When) -> str:
    words = when.words
    standing = quote.state is QuoteState.OFFERED and one.state is InquiryState.OPEN
    deeds = ""
    if standing and one.role == "asker" and view.may_book:
        deeds = told.act("take", quote.id, words("cooperation.take"), "go")
    elif standing and one.role == "provider" and view.may_provide:
        deeds = told.act("unquote", quote.id, words("cooperation.take_back"))
    elif quote.booking_id:
        text = escape(words("cooperation.to_booking"))
        deeds = f'<a class="to" href="/bookings/{escape(quote.booking_id)}">{text}</a>'
    until = words("cooperation.stands_until", until=when.moment(quote.valid_until)) if standing else ""
    return (
        f'<li class="quote"><div><strong>{escape(told.money(quote.price))}</strong> '
        f"{escape(words('cooperation.for_span', span=when.span(Span(quote.start, quote.end))))} "
        f"{told.badge('quote', quote.state, words)}"
        f'<p class="by">{escape(quote.provider_name)} · {escape(quote.service_name)}'
        f"{f' · {escape(until)}' if until else ''}</p>"
        f"{f'<p class=note>{escape(quote.note)}</p>' if quote.note else ''}</div>"
        f'<div class="do">{deeds}</div></li>'
    )


def _deeds(one: Inquiry, view: View, when: When) -> str:
    words = when.words
    if one.state is not InquiryState.OPEN:
        return ""
    if one.role == "asker" and view.may_book:
        return told.act("withdraw", one.id, words("cooperation.withdraw"))
    if one.role == "provider" and view.may_provide and view.services:
        return told.act("quote", one.id, words("cooperation.quote"), "quiet" if one.quotes else "go")
    return ""
