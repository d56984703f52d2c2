"""Agreements as HTML: between whom, on which terms, and how much of the quota is used."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from html import escape

from cloud.cooperation.model import Agreement, Usage
from cloud.cooperation.states import AgreementState
from cloud.dashboard.cooperation import told
from cloud.dashboard.cooperation.view import View, agreements_in_order, answerable, shown
from cloud.dashboard.when import DASH, When, zone_named

MOMENT = timedelta(microseconds=1)
"""An end is no part of its span: the last day is the one before midnight."""


def theirs(one: Agreement, when: When) -> When:
    """Time on the agreement's own calendar, on which its weeks and months begin."""
    return replace(when, zone=zone_named(one.zone))


def days(start: datetime, end: datetime, when: When) -> str:
    """From the first day to the last."""
    return f"{when.date(start)} {DASH} {when.date(end - MOMENT)}"


def agreements_html(view: View, when: When) -> str:
    """The inside of an `<ul>`."""
    found, left = shown(agreements_in_order(view.agreements, view.me), _over)
    return "".join(_agreement(one, view, when) for one in found) + told.older(left, when.words)


def _over(one: Agreement) -> bool:
    return one.state not in {AgreementState.PROPOSED, AgreementState.ACTIVE}


def _agreement(one: Agreement, view: View, when: When) -> str:
    words = when.words
    over = _over(one)
    partner = one.booker_name if one.role == "provider" else one.provider_name
    with_whom = words(f"cooperation.as_{one.role}", partner=partner)
    return (
        f'<li class="deal{" over" if over else ""}" id="{escape(one.id)}">'
        f'<div class="what"><h3>{escape(one.name)} {told.badge("agreement", one.state, words)}</h3>'
        f'<p class="by">{escape(with_whom)}</p>{_quota(one, when)}<dl>{_terms(one, when)}</dl>{_notes(one, when)}</div>'
        f'<div class="do">{_deeds(one, view, when)}</div></li>'
    )


def _quota(one: Agreement, when: When) -> str:
    words = when.words
    if one.current is None:
        return ""
    text = words(
        "cooperation.quota_used",
        used=f"{one.current.used_hours:,.1f}",
        quota=f"{one.current.quota_hours:,.1f}",
        left=f"{one.current.left_hours:,.1f}",
    )
    until = words(f"cooperation.until_{one.period}", end=theirs(one, when).moment(one.current.end))
    return f'<div class="quota">{bar(one.current)}<span><b>{escape(text)}</b> · {escape(until)}</span></div>'


def bar(usage: Usage) -> str:
    """How much of a period's quota is used, as a bar; the figures stand beside it."""
    part = min(1.0, usage.used_hours / usage.quota_hours) * 100
    full = " full" if usage.left_hours <= 0 else ""
    return f'<span class="bar-used{full}" aria-hidden="true"><i style="width:{part:.1f}%"></i></span>'


def _terms(one: Agreement, when: When) -> str:
    words = when.words
    services = "、" if words.language == "zh" else ", "
    names = services.join(_service(service.name, when, active=service.active) for service in one.services)
    quota = words(f"cooperation.quota_{one.period}", hours=f"{one.quota_hours:,.1f}", zone=one.zone)
    facts = [
        told.fact(words("cooperation.services"), names),
        told.fact(words("cooperation.rate"), escape(words("cooperation.rate_per", rate=told.money(one.rate)))),
        told.fact(words("cooperation.quota"), escape(quota)),
        told.fact(words("cooperation.valid"), escape(days(one.start, one.end, theirs(one, when)))),
    ]
    if one.notice is not None:
        facts.append(told.fact(words("cooperation.notice"), escape(when.long(one.notice))))
    if one.priority:
        facts.append(told.fact(words("cooperation.priority"), str(one.priority)))
    return "".join(facts)


def _service(name: str, when: When, *, active: bool) -> str:
    return escape(name) if active else f"<s>{escape(name)}</s> ({escape(when.words('cooperation.withdrawn'))})"


def _notes(one: Agreement, when: When) -> str:
    words = when.words
    lines = [("cooperation.note", one.note), ("cooperation.reason", one.reason)]
    return "".join(f'<p class="note">{escape(words(key))} {escape(text)}</p>' for key, text in lines if text)


def _deeds(one: Agreement, view: View, when: When) -> str:
    words = when.words
    found = []
    if view.may(one):
        if answerable(one, view.me):
            found += [("accept", "cooperation.accept", "go"), ("decline", "cooperation.decline", "quiet")]
        elif one.state is AgreementState.PROPOSED:
            found += [("end", "cooperation.take_back", "quiet")]
        elif one.state is AgreementState.ACTIVE:
            found += [("call", "cooperation.call_off", "go")] if one.role == "booker" else []
            found += [("end", "cooperation.end", "quiet")]
    if one.state is not AgreementState.PROPOSED:
        found += [("usage", "cooperation.usage", "quiet")]
    return "".join(told.act(do, one.id, words(key), look) for do, key, look in found)


def usage_html(usages: Iterable[Usage], when: When) -> str:
    """The rows of a table: each period with what was used of its quota; `when` is on the agreement's calendar."""
    words = when.words
    rows = []
    for usage in usages:
        now = ' aria-current="true"' if usage.start <= when.now < usage.end else ""
        cells = (
            ("cooperation.period", escape(days(usage.start, usage.end, when))),
            ("cooperation.used", f"{bar(usage)}{escape(told.hours(usage.used_hours, words))}"),
            ("cooperation.of", escape(told.hours(usage.quota_hours, words))),
            ("cooperation.left", escape(told.hours(usage.left_hours, words))),
        )
        rows.append(f"<tr{now}>{''.join(_cell(words(key), value) for key, value in cells)}</tr>")
    return "".join(rows)


def _cell(label: str, value: str) -> str:
    return f'<td data-label="{escape(label)}">{value}</td>'
