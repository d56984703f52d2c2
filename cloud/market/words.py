"""How search speaks: amounts, lengths and differences, in short sentences."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from cloud.market.candidate import Candidate, Match, Need, Piece, Quoted
from cloud.market.quote import per_hour
from cloud.registry.capability import fold, grade_of
from gateway.money import Money
from gateway.span import Span


def money(price: Money) -> str:
    return f"{price.amount:.2f} {price.currency}"


@lru_cache(maxsize=1024)
def length(duration: timedelta) -> str:
    """To the second, from days to seconds left out where they are nothing."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "", f"{seconds} s" if seconds else "")
    return " ".join(filter(None, parts)) or "0 s"


def moment(at: datetime) -> str:
    """RFC 3339 in UTC, to the minute."""
    return f"{at:%Y-%m-%dT%H:%MZ}"


def millimetres(size: float) -> str:
    return f"{size:g} mm"


def kilograms(mass: float) -> str:
    return f"{mass:g} kg"


def grade(rank: int) -> str:
    return grade_of(rank)


def instead(offered: str, asked: str) -> str:
    return f"{offered} instead of {asked}"


def shifted(window: Span, span: Span) -> str | None:
    """By how much the window would have to begin earlier or end later to hold the span; None where it does."""
    if span.start < window.start:
        return f"{length(window.start - span.start)} earlier"
    return f"{length(span.end - window.end)} later" if span.end > window.end else None


def why(need: Need, candidate: Candidate, match: Quoted, *, leased: bool) -> tuple[str, ...]:
    """What it is, how sure, what it costs, and how it is booked."""
    over = f"{length(need.duration)} in {len(match.pieces)} pieces" if match.pieces[1:] else length(need.duration)
    return (
        f"{need.quantity} free over {over}",
        f"confidence {int(match.confidence)}: all of it is idle with {match.chance:.0%}",
        _cost(need, candidate, match),
        *_can(need, candidate),
        _manner(candidate, instant=match.instant, leased=leased, pieces=match.pieces),
    )


def compared(match: Match, first: Match) -> str:
    """Why it ranks where it does, beside the first."""
    if match is first:
        return "cheapest"
    one, other = match.price, first.price
    if one.currency != other.currency:
        return f"in {one.currency}, not compared with {other.currency}"
    hours = sum((piece.span.duration for piece in match.pieces), timedelta()) / timedelta(hours=1)
    more = (one.amount - other.amount) / Decimal(str(round(hours * match.quantity, 6)))
    dearer = (
        f"{more:.2f} {one.currency}/h more than the first" if one.amount > other.amount else "as cheap as the first"
    )
    return ", ".join(filter(None, (dearer, _later(match.span, first.span), _surer(match.chance, first.chance))))


def _cost(need: Need, candidate: Candidate, match: Quoted) -> str:
    fee, unit = candidate.setup_fee, candidate.unit_price
    each = f"{unit.normalize():f} {fee.currency} per unit" if unit else ""
    start = f"{money(fee)} for set-up" if fee.amount else ""
    if start and match.pieces[1:]:
        start += " of each piece"
    return " and ".join(filter(None, (f"{_hourly(need, candidate, match)} per hour", each, start)))


def _hourly(need: Need, candidate: Candidate, match: Quoted) -> str:
    """The rate; where it changes with the hours, its mean."""
    if not candidate.bands:
        return money(candidate.rate)
    fees = candidate.setup_fee.amount * (len(match.pieces) - 1)
    cost = Money(amount=match.price.amount - fees - candidate.unit_price * need.units, currency=match.price.currency)
    mean = per_hour(candidate.tariff, cost, need.duration, need.quantity)
    return f"{money(Money(amount=mean.quantize(Decimal('0.01')), currency=cost.currency))} on average"


def _can(need: Need, candidate: Candidate) -> list[str]:
    """Of what was asked for, what the service has."""
    task, skill = need.task, candidate.skill
    found = []
    if task.materials:
        found.append(f"works {', '.join(task.materials)}" if skill.materials else "works any material")
    if task.edges and skill.edges:
        found.append(f"room for {' x '.join(f'{edge:g}' for edge in skill.edges)} mm")
    if task.grade is not None and skill.grade is not None:
        found.append(f"as fine as {grade(skill.grade)}")
    if task.fine_mm is not None and skill.fine_mm is not None:
        found.append(f"as fine as {millimetres(skill.fine_mm)}")
    ends = {fold(name): (name, end) for name, end in skill.certificates}
    asked = (ends[fold(name)] for name in task.certificates if fold(name) in ends)
    return [*found, *(f"{name} until {moment(end)}" for name, end in asked)]


def _manner(candidate: Candidate, *, instant: bool, leased: bool, pieces: Sequence[Piece]) -> str:
    if instant:
        return f"booked at once, as one bundle of {len(pieces)} legs" if pieces[1:] else "booked at once"
    if not candidate.instant:
        return "the provider confirms each booking"
    return f"to be confirmed: the plant's {'data are stale' if leased else 'word has run out'}"


def _later(span: Span, first: Span) -> str:
    gap = span.start - first.start
    if not gap:
        return ""
    return f"{length(gap)} later" if gap > timedelta(0) else f"{length(-gap)} earlier"


def _surer(chance: float, first: float) -> str:
    points = round(100 * (chance - first))
    return f"{abs(points)} % {'surer' if points > 0 else 'less sure'}" if points else ""
