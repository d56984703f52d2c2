"""Alliances as HTML: members with their shares, the pool with what each shows of it, and what it earned."""

from html import escape

from cloud.cooperation.alliance import Alliance, Part, PooledService
from cloud.cooperation.states import AllianceState, MemberState
from cloud.dashboard.cooperation import told
from cloud.dashboard.cooperation.view import View, alliances_in_order, shown
from cloud.dashboard.when import DASH, When


def alliances_html(view: View, when: When) -> str:
    """The inside of an `<ul>`."""
    found, left = shown(alliances_in_order(view.alliances), lambda one: one.state is AllianceState.ENDED)
    return "".join(_alliance(one, view, when) for one in found) + told.older(left, when.words)


def _alliance(one: Alliance, view: View, when: When) -> str:
    words = when.words
    over = " over" if one.state is AllianceState.ENDED else ""
    reason = f'<p class="note">{escape(words("cooperation.reason"))} {escape(one.reason)}</p>' if one.reason else ""
    note = f'<p class="note">{escape(words("cooperation.note"))} {escape(one.note)}</p>' if one.note else ""
    return (
        f'<li class="deal{over}" id="{escape(one.id)}"><div class="what">'
        f"<h3>{escape(one.name)} {told.badge('alliance', one.state, words)}</h3>"
        f"{_members(one, view, when)}{note}{reason}{_pool(one, view, when)}</div>"
        f'<div class="do">{_deeds(one, view, when)}</div></li>'
    )


def _members(one: Alliance, view: View, when: When) -> str:
    """Each member's share; once something was earned, what it earned, is due, and the balance between members."""
    words = when.words
    revenue = view.revenue.get(one.id)
    parts = {(part.enterprise_id, part.earned.currency): part for part in (revenue.items if revenue else ())}
    currencies = sorted({currency for _, currency in parts}) or [""]
    heads = ["member", "share", "shows", *(("bookings", "earned", "due", "balance") if parts else ())]
    rows = []
    for member in one.members:
        you = f" ({words('cooperation.you')})" if member.id == view.me else ""
        standing = "" if member.state is MemberState.JOINED else f" {told.badge('member', member.state, words)}"
        for currency in currencies:
            cells = [
                f"{escape(member.name + you)}{standing}",
                f"{member.share * 100:g} %",
                escape(words.term("cooperation.shows", member.shows)),
            ]
            if parts:
                cells += _part(parts.get((member.id, currency)), when)
            row = zip(heads, cells, strict=True)
            rows.append(f"<tr>{''.join(_cell(words(f'cooperation.{head}'), cell, head) for head, cell in row)}</tr>")
    head = "".join(f'<th scope="col" class="c-{name}">{escape(words(f"cooperation.{name}"))}</th>' for name in heads)
    told_of = ""
    if revenue and parts:
        days = f"{when.date(revenue.start)} {DASH} {when.date(revenue.end)}"
        told_of = f'<p class="source">{escape(words("cooperation.earned_about", days=days))}</p>'
    table = f'<table class="bookings"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    return f'<div class="wide">{table}</div>{told_of}'


def _part(part: Part | None, when: When) -> list[str]:
    if part is None:
        return [DASH] * 4
    unsettled = f" ({when.words('cooperation.unsettled', count=part.open)})" if part.open else ""
    amounts = (told.money(amount) for amount in (part.earned, part.due, part.balance))
    return [escape(f"{part.bookings}{unsettled}"), *map(escape, amounts)]


def _pool(one: Alliance, view: View, when: When) -> str:
    words = when.words
    pool = view.pools.get(one.id)
    if pool is None or one.mine is not MemberState.JOINED:
        return ""
    items = "".join(_service(service, one, view, when) for service in pool.items)
    nothing = f'<li class="none">{escape(words("cooperation.pool_empty"))}</li>'
    return f'<h4>{escape(words("cooperation.pool"))}</h4><ul class="quotes">{items or nothing}</ul>'


def _service(service: PooledService, one: Alliance, view: View, when: When) -> str:
    words = when.words
    facts = [service.provider_name, words("cooperation.price_per", price=told.money(service.price))]
    if service.free_hours is not None:
        facts.append(words("cooperation.free_hours", hours=f"{service.free_hours:,.1f}"))
    machines = "".join(
        f"<li>{escape(machine.name)}: {escape(words.term('state', machine.state) if machine.state else DASH)}</li>"
        for machine in service.machines or ()
    )
    deeds = ""
    if service.provider_id == view.me and view.may_provide and one.state is not AllianceState.ENDED:
        deeds = told.act("unpool", f"{one.id} {service.service_id}", words("cooperation.unpool"))
    elif view.may_book and one.state is AllianceState.ACTIVE:
        link, text = f"/market?service={escape(service.service_id)}", escape(words("cooperation.find_hours"))
        deeds = f'<a class="to" href="{link}">{text}</a>'
    return (
        f'<li class="quote"><div><strong>{escape(service.service_name)}</strong>'
        f'<p class="by">{escape(" · ".join(facts))}</p>'
        f"{f'<ul class=machines>{machines}</ul>' if machines else ''}</div><div class='do'>{deeds}</div></li>"
    )


def _deeds(one: Alliance, view: View, when: When) -> str:
    words = when.words
    if not view.may_provide or one.state is AllianceState.ENDED:
        return ""
    found = []
    if one.mine is MemberState.INVITED:
        found = [("join", "cooperation.join", "go"), ("disjoin", "cooperation.decline", "quiet")]
    elif one.mine is MemberState.JOINED:
        found = [("pool", "cooperation.pool_one", "go")] if view.services else []
        found += [("join", "cooperation.show_more", "quiet"), ("leave", "cooperation.leave", "quiet")]
    return "".join(told.act(do, one.id, words(key), look) for do, key, look in found)


def _cell(label: str, value: str, head: str) -> str:
    return f'<td data-label="{escape(label)}" class="c-{head}">{value}</td>'
