"""What the registry says of results, near misses and refusals, in the language of the page, from the facts."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from cloud.dashboard.when import When
from cloud.dashboard.words import Words
from cloud.market.model import Found, NearMiss
from cloud.registry.processes import PROCESSES
from gateway.money import Money
from gateway.span import Span

Facts = Mapping[str, Any]

HOUR = timedelta(hours=1)
_LONG = re.compile(r"(?=\d)(?:\d+ h)? ?(?:\d+ min)? ?(?:\d+ s)?")
_PROCESS = re.compile(r"(\d(?:\.\d+)*) .+")
_PIECES = re.compile(r"(.+) in (\d+) pieces")

_SKILLS: tuple[tuple[str, str], ...] = (
    ("market.can.any_material", r"works any material"),
    ("market.can.materials", r"works (.+)"),
    ("market.can.room", r"room for (.+) mm"),
    ("market.can.fine", r"as fine as (.+)"),
    ("market.can.certificate", r"(.+) until (\d{4}-\d\d-\d\dT\d\d:\d\dZ)"),
)
"""How cloud/market/words.py words what a service can; the rest of `why` is said anew, from the figures."""

_MANNERS = {
    "the provider confirms each booking": "market.why.confirmed",
    "to be confirmed: the plant's data are stale": "market.why.stale",
    "to be confirmed: the plant's word has run out": "market.why.lapsed",
}


def money(amount: Money) -> str:
    """`1,240.00 EUR`."""
    return f"{amount.amount:,.2f} {amount.currency}"


def percent(chance: float) -> str:
    """`97 %`; what is not certain is never said to be."""
    if chance < 1 and round(chance * 100) == 100:
        return "> 99 %"
    return f"{round(chance * 100)} %"


def process(code: str, words: Words) -> str:
    """`3.2.3 milling`, in the page's language."""
    known = PROCESSES.get(code)
    return f"{code} {known.zh if words.language == 'zh' else known.en}" if known else code


def worked(found: Found) -> timedelta:
    """How long is worked for it: of several pieces, all of them together."""
    return sum((piece.end - piece.start for piece in found.pieces), timedelta()) or found.end - found.start


def why(found: Found, when: When) -> list[str]:
    """Why this is offered, and on which terms."""
    words = when.words
    mean = Money(amount=_hourly(found).quantize(Decimal("0.01")), currency=found.price.currency)
    key = "market.why.pieces" if found.pieces[1:] else "market.why.free"
    lines = [
        words(key, count=found.quantity, length=when.long(worked(found)), pieces=len(found.pieces)),
        words("market.why.sure", chance=percent(found.chance), band=int(found.confidence)),
        words("market.why.mean", rate=money(mean)),
    ]
    if found.unit_price:
        unit = f"{found.unit_price.amount.normalize():f} {found.unit_price.currency}"
        lines.append(words("market.why.unit", price=unit))
    if found.km is not None:
        lines.append(words("market.why.km", km=f"{found.km:g}"))
    return [*lines, *_skills(found, when), words(_manner(found))]


def _hourly(found: Found) -> Decimal:
    return found.price.amount / Decimal(str(worked(found) / HOUR * found.quantity))


def _skills(found: Found, when: When) -> list[str]:
    return [said for line in found.why if (said := _skill(line, when))]


def _skill(line: str, when: When) -> str:
    for key, pattern in _SKILLS:
        if match := re.fullmatch(pattern, line):
            given = [_moment(part, when) for part in match.groups()]
            return when.words(key, **dict(zip(("what", "until"), given, strict=False)))
    return ""


def _moment(text: str, when: When) -> str:
    return when.moment(datetime.fromisoformat(text)) if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", text) else text


def _manner(found: Found) -> str:
    if found.instant:
        return "market.why.bundle" if found.pieces[1:] else "market.why.instant"
    return next((_MANNERS[line] for line in found.why if line in _MANNERS), "market.why.confirmed")


def compared(found: Found, best: Found, when: When) -> str:
    """Why it ranks where it does, beside the first."""
    words = when.words
    if found is best:
        return words("market.rank.first")
    if found.price.currency != best.price.currency:
        return words("market.rank.currency", currency=found.price.currency)
    more = _hourly(found) - _hourly(best)
    parts = [words("market.rank.dearer", more=f"{more:,.2f} {found.price.currency}") if more > 0 else ""]
    gap = found.start - best.start
    if gap:
        parts.append(
            words("market.rank.later" if gap > timedelta() else "market.rank.earlier", gap=when.long(abs(gap)))
        )
    points = round(100 * (found.chance - best.chance))
    if points:
        parts.append(words("market.rank.surer" if points > 0 else "market.rank.less_sure", points=abs(points)))
    return words("market.rank.and").join(filter(None, parts)) or words("market.rank.alike")


def missed(miss: NearMiss, when: When) -> str:
    """By what it was missed, in one sentence."""
    words = when.words
    known = words.terms("market.missed")
    for key in (miss.constraint, f"{miss.constraint}.none")[:: -1 if miss.offered is None else 1]:
        if key in known:
            asked, offered = (_local(text or "", when) for text in (miss.asked, miss.offered))
            return words(f"market.missed.{key}", asked=asked, offered=offered)
    return miss.detail


def remedied(miss: NearMiss, asked: Span | None, when: When) -> str:
    """What is to change, and to what: `2 h earlier: 13:00 to 17:00`, `Search with 120.00 EUR`; `asked`: the window."""
    words = when.words
    if miss.would_do is None:
        if miss.offered is None:
            return words("market.apply")
        return words("market.apply_with", offered=_local(miss.offered, when))
    span = Span(miss.would_do.start, miss.would_do.end)
    told = when.span(span)
    if asked and span.start < asked.start:
        return words("market.apply_earlier", gap=when.long(asked.start - span.start), span=told)
    if asked and span.end > asked.end:
        return words("market.apply_later", gap=when.long(span.end - asked.end), span=told)
    return words("market.apply_span", span=told)


def _local(text: str, when: When) -> str:
    """A value with its unit, in the page's language."""
    if match := _PIECES.fullmatch(text):
        return when.words("market.in_pieces", length=_local(match[1], when), count=match[2])
    if text and _LONG.fullmatch(text):
        return when.long(duration(text))
    if match := _PROCESS.fullmatch(text):
        return process(match[1], when.words)
    return text


def duration(text: str) -> timedelta:
    """Of `8 h 30 min`."""
    units = {"h": 3600, "min": 60, "s": 1}
    return timedelta(seconds=sum(int(much) * units[unit] for much, unit in re.findall(r"(\d+) (h|min|s)\b", text)))


def refused(code: str, detail: str, problem: Facts, when: When) -> str:
    """Why the registry did not do it, and what would do."""
    words = when.words
    if code not in words.terms("market.refused"):
        return words("market.refused_other", detail=detail or code, code=code)
    try:
        said = words(f"market.refused.{code}", **_filled(problem, when))
    except (KeyError, TypeError, ValueError):
        return words("market.refused_other", detail=detail or code, code=code)
    return f"{said} {_would_do(problem, when)}" if code in _NEAREST else said


_NEAREST = frozenset({"capacity.insufficient", "capacity.not_offered", "confidence.too_low"})


def _would_do(problem: Facts, when: When) -> str:
    near = problem.get("nearest")
    if not near:
        return when.words("market.nothing_near")
    return when.words("market.would_do", span=when.span(_span(near)))


def _filled(problem: Facts, when: When) -> dict[str, object]:
    """The facts of a problem as text."""
    told: dict[str, object] = {name: value for name, value in problem.items() if isinstance(value, str | int | float)}
    for name in ("earliest", "expires_at", "valid_until"):
        if isinstance(value := problem.get(name), str):
            told[name] = when.moment(datetime.fromisoformat(value))
    for name in ("minimum_s", "maximum_s", "retry_after_s"):
        if name in problem:
            told[name] = when.long(timedelta(seconds=float(problem[name])))
    if "span" in problem:
        told["span"] = when.span(_span(problem["span"]))
    if "state" in problem:
        told["state"] = when.words.term("booking", str(problem["state"]))
    if "work_masters" in problem:
        told["work_masters"] = ", ".join(map(str, problem["work_masters"]))
    if "missed" in problem:
        told["count"] = len(problem["missed"])
    return told


def _span(told: Facts) -> Span:
    return Span(datetime.fromisoformat(str(told["start"])), datetime.fromisoformat(str(told["end"])))
