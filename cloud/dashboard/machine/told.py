"""What the page says of a machine in words: its facts, the lanes' captions, and the explanation of an hour."""

from datetime import datetime, timedelta
from html import escape
from typing import Any

from cloud.dashboard.figures import short
from cloud.dashboard.machine.seen import FINE, Seen
from cloud.dashboard.machine.why import Answer, Cause
from cloud.dashboard.model import NO_STATEMENT, Plant
from cloud.dashboard.plant.say import css_name, heard
from cloud.dashboard.when import DASH, When
from cloud.registry.model import Capacity, Machine
from gateway.machine import PLANT
from gateway.span import Span


def facts(machine: Machine, plant: Plant, when: When) -> list[tuple[str, str, str]]:
    """Label, text, and the class of its swatch where it has one."""
    words = when.words
    mode = words.term("mode", machine.mode or "None")
    state = " · ".join(part for part in (words.term("state", machine.state or "unknown"), mode) if part)
    since = words("row.never")
    if machine.state_since:
        lasting = when.long(when.now - machine.state_since)
        since = words("row.since", moment=when.moment(machine.state_since), length=lasting)
    site = next((site.name for site in plant.sites if site.id == machine.site_id), machine.site_id)
    units = words("row.quantity", count=machine.quantity) if machine.quantity > 1 else ""
    kind = " ".join(part for part in (machine.manufacturer, machine.model, machine.serial) if part)
    capacity = plant.capacity.get(machine.id, NO_STATEMENT)
    return [
        (words("machine.state"), f"{state} {since}", css_name(machine.state)),
        (words("machine.why_state"), origin(machine, when), ""),
        (words("machine.heard"), heard(machine, when), "fresh" if machine.fresh else "silent"),
        (words("machine.what"), " · ".join(part for part in (kind, machine.profile, units) if part) or DASH, ""),
        (words("machine.where"), site, ""),
        (words("machine.offer"), words("link.loading") if plant.outlined else statement(capacity, when), ""),
    ]


def facts_html(told: list[tuple[str, str, str]]) -> str:
    """The inside of a `<dl>`."""
    marks = [f'<i class="swatch {kind}"></i>' if kind else "" for _, _, kind in told]
    return "".join(
        f"<div><dt>{escape(label)}</dt><dd>{mark}{escape(text)}</dd></div>"
        for mark, (label, text, _) in zip(marks, told, strict=True)
    )


def origin(machine: Machine, when: When) -> str:
    """For whom it does what it does."""
    if machine.origin is None:
        return DASH
    if machine.origin == PLANT:
        return when.words("machine.origin_plant")
    return when.words("machine.origin_booking", id=short(machine.origin))


def statement(capacity: Capacity, when: When) -> str:
    """Which word of the plant holds, and until when."""
    if not capacity.version or capacity.issued_at is None or capacity.valid_until is None:
        return when.words("machine.statement_none")
    key = "machine.statement" if capacity.valid_until > when.now else "machine.statement_lapsed"
    issued, until = when.moment(capacity.issued_at), when.moment(capacity.valid_until)
    return when.words(key, version=capacity.version, issued=issued, until=until)


def captions(seen: Seen, offer: Capacity, when: When) -> dict[str, str]:
    """What stands above each lane: unit, source, freshness, and how coarse it is."""
    words = when.words
    read = words("machine.read", at=when.moment(seen.now))
    told = {
        "states": words("machine.lane.states", heard=heard(seen.machine, when)),
        "ledger": words("machine.lane.ledger", quantity=seen.machine.quantity, statement=statement(offer, when)),
        "bookings": words("machine.lane.bookings", count=len(seen.bookings), read=read),
    }
    if seen.states.step_s:
        step = length(timedelta(seconds=seen.states.step_s), when)
        told["states"] += f" · {words('machine.lane.pieces', step=step)}"
    if seen.window.duration > FINE:
        told["ledger"] += f" · {words('machine.lane.days')}"
    if seen.many:
        told["bookings"] = words("machine.lane.many", count=seen.many)
    for lane, part in {"states": "states", "ledger": "capacity", "bookings": "bookings"}.items():
        if why := seen.failed.get(part):
            told[lane] = failed(words(f"machine.lane.name.{lane}"), why, when)
    return told


def failed(lane: str, why: str, when: When) -> str:
    return when.words("machine.lane.failed", lane=lane, why=why)


def signal_caption(signal: dict[str, Any], when: When) -> str:
    """Of a signal as signals.drawn has it."""
    words = when.words
    if signal["last"] is None:
        fresh = words("machine.lane.none")
    else:
        fresh = words("machine.lane.last", at=when.moment(datetime.fromtimestamp(signal["last"], when.zone)))
    unit = words("machine.lane.unit", unit=signal["unit"]) if signal["unit"] else words("machine.lane.no_unit")
    told = words("machine.lane.signal", signal=signal["signal"], unit=unit, store=signal["store"], fresh=fresh)
    if signal["step"]:
        return f"{told} · {words('machine.lane.buckets', step=length(timedelta(seconds=signal['step']), when))}"
    shown = sum(row[1] is not None for row in signal["line"]) or len(signal["texts"])
    if shown < signal["total"]:
        total = f"{signal['total']:,}"
        return f"{told} · {words('machine.lane.thinned', shown=shown, total=total)}"
    return told


def length(duration: timedelta, when: When) -> str:
    """As When says it, without a rest of nought: `6 h` instead of `6 h 00 min`."""
    if duration and not duration % timedelta(days=1):
        return when.words("when.days", d=duration.days, h=0)
    return when.long(duration)


def verdict(answer: Answer, when: When) -> str:
    """Whether the hour is for sale, in a sentence."""
    doubtful = any(cause.code in {"silent", "lapsed"} for cause in answer.causes)
    code = ("request" if doubtful else "sold") if answer.services else "not"
    return when.words(f"machine.why.{code}", at=when.moment(answer.at))


def causes(answer: Answer, when: When) -> list[str]:
    """A sentence for each service that sells it, and each cause."""
    sold = [
        when.words("machine.why.by", service=each.name, price=f"{each.price.amount:,.2f} {each.price.currency}")
        for each in answer.services
    ]
    return [*sold, *(cause(each, when) for each in answer.causes)]


def cause(told: Cause, when: When) -> str:
    """The sentence of a cause: its moments, lengths and codes as people say them."""
    words, values = when.words, dict(told.values)
    start, end = values.get("start"), values.get("end")
    if isinstance(start, datetime) and isinstance(end, datetime):
        values["span"] = when.span(Span(start, end))
    for name, value in values.items():
        if isinstance(value, datetime):
            values[name] = when.moment(value)
        elif isinstance(value, timedelta):
            values[name] = length(value, when)
        elif value is None:
            values[name] = DASH
    if "reason" in values:
        values["reason"] = words.term("reason", str(values["reason"]))
    if "state" in values:
        values["state"] = words.term("booking", str(values["state"]))
    return words(f"machine.why.{told.code}", **values).strip()
