"""Decides what of the spare hours does, ranks it and explains it; says of the rest which one constraint it missed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from cloud.market.quote import Part, PriceBand, Tariff, chance, per_hour, price
from gateway.capacity import Confidence
from gateway.money import Money
from gateway.odds import Odds
from gateway.span import Span

UTC = ZoneInfo("UTC")
_PROMISED = Odds(Confidence.FIRM.floor)


@dataclass(frozen=True, slots=True)
class Step:
    """What is left over a span: `left[c - 1]` units that are offered with confidence c or better.

    `odds`: of what is offered there, at the highest confidence at which there is as much as was asked for.
    """

    span: Span
    left: tuple[int, int, int, int, int]
    odds: Odds = _PROMISED


@dataclass(frozen=True, slots=True)
class Candidate:
    """A service on one of its machines, its terms, and what is left of the machine, in order of time."""

    service_id: str
    service_name: str
    provider_id: str
    provider_name: str
    machine_id: str
    instant: bool
    rate: Money
    setup_fee: Money
    notice: timedelta
    min_duration: timedelta
    max_duration: timedelta | None
    min_confidence: Confidence
    valid_until: datetime | None
    last_receipt_at: datetime | None
    km: float | None
    steps: tuple[Step, ...]
    bands: tuple[PriceBand, ...] = ()
    zone: ZoneInfo = UTC
    latitude: float | None = None
    longitude: float | None = None

    @property
    def tariff(self) -> Tariff:
        return Tariff(self.rate, self.setup_fee, self.bands, self.zone)


@dataclass(frozen=True, slots=True)
class Need:
    """What is looked for: `quantity` units for `duration` somewhere within `window`."""

    window: Span
    duration: timedelta
    quantity: int
    min_confidence: Confidence
    max_price: Money | None
    now: datetime
    fresh_after: datetime

    def earliest(self, candidate: Candidate) -> datetime:
        """The first start that leaves the service its notice time."""
        return max(self.window.start, self.now + candidate.notice)


@dataclass(frozen=True, slots=True)
class Match:
    """A span that does, and why."""

    candidate: Candidate
    span: Span
    quantity: int
    confidence: Confidence
    chance: float
    price: Money
    instant: bool
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Miss:
    """The one constraint that was missed, by how much, and a span that would do (None where none is in sight)."""

    candidate: Candidate
    constraint: str
    detail: str
    would_do: Span | None = None


def search(need: Need, candidates: Iterable[Candidate], limit: int) -> tuple[list[Match], list[Miss]]:
    """The best `limit` matches, and for each service without any the least of its misses.

    Best is: cheapest per hour and unit (currencies apart, in alphabetical order), then earliest, then surest.
    """
    matches: list[Match] = []
    misses: dict[str, Miss] = {}
    for candidate in candidates:
        found = judge(need, candidate)
        if isinstance(found, Match):
            matches.append(found)
        else:
            misses[candidate.service_id] = min(misses.get(candidate.service_id, found), found, key=_distance)
    matches.sort(key=_rank)
    served = {match.candidate.service_id for match in matches}
    return matches[:limit], [miss for service_id, miss in misses.items() if service_id not in served][:limit]


def judge(need: Need, candidate: Candidate) -> Match | Miss:
    """The earliest span of this candidate that does, or the first constraint whose loosening would help."""
    for rule in _RULES:
        verdict = rule(need, candidate)
        if verdict:
            return verdict
    return _capacity(need, candidate)


def openings(need: Need, candidate: Candidate) -> Iterator[Span]:
    """The stretches of the window that hold the asked duration, with enough left and the notice kept."""
    return (run for run in _runs_within(need, candidate) if run.duration >= need.duration)


def parts_of(candidate: Candidate, span: Span, quantity: int) -> list[Part]:
    """The span by what is left of the machine, as a hold of it will be quoted."""
    return [
        Part(part, next(band for band in reversed(Confidence) if step.left[band - 1] >= quantity), step.odds)
        for step in candidate.steps
        if (part := step.span.intersection(span)) and step.left[0] >= quantity
    ]


def _duration(need: Need, candidate: Candidate) -> Match | Miss | None:
    shortest, longest = candidate.min_duration, candidate.max_duration
    if need.duration < shortest:
        detail = f"{_text(need.duration)} is asked for, {_text(shortest)} is the shortest"
        return Miss(
            candidate, "duration.too_short", detail, _sooner_or_later(replace(need, duration=shortest), candidate)
        )
    if longest is not None and need.duration > longest:
        detail = f"{_text(need.duration)} is asked for, {_text(longest)} is the longest"
        return Miss(
            candidate, "duration.too_long", detail, _sooner_or_later(replace(need, duration=longest), candidate)
        )
    return None


def _match(need: Need, candidate: Candidate) -> Match | Miss | None:
    span = _first(need, candidate, need.earliest(candidate), need.window.end)
    if span is None:
        return None
    parts = parts_of(candidate, span, need.quantity)
    cost = price(candidate.tariff, parts, need.quantity)
    limit = need.max_price
    if limit and limit.currency != cost.currency:
        return Miss(candidate, "price.currency", f"priced in {cost.currency}, asked in {limit.currency}", span)
    if limit and cost.amount > limit.amount:
        more = Money(amount=cost.amount - limit.amount, currency=cost.currency)
        return Miss(candidate, "price.too_high", f"{_money(cost)}, {_money(more)} more than asked", span)
    return _explained(need, candidate, span, parts, cost)


def _notice(need: Need, candidate: Candidate) -> Match | Miss | None:
    if _first(need, candidate, max(need.window.start, need.now), need.window.end) is None:
        return None
    detail = f"{_text(candidate.notice)} of notice is asked for"
    return Miss(candidate, "notice.too_short", detail, _sooner_or_later(need, candidate))


def _confidence(need: Need, candidate: Candidate) -> Match | Miss | None:
    for band in range(need.min_confidence - 1, candidate.min_confidence - 1, -1):
        lower = replace(need, min_confidence=Confidence(band))
        span = _first(lower, candidate, need.earliest(candidate), need.window.end)
        if span:
            detail = f"offered with confidence {band}, {int(need.min_confidence)} is asked for"
            return Miss(candidate, "confidence.too_low", detail, span)
    return None


def _capacity(need: Need, candidate: Candidate) -> Miss:
    """Whether the plant does not offer it or somebody else has it is not told apart: that is between those two."""
    later = _sooner_or_later(need, candidate)
    for quantity in sorted(
        {left for step in candidate.steps for left in step.left if left < need.quantity}, reverse=True
    ):
        if quantity and _first(replace(need, quantity=quantity), candidate, need.earliest(candidate), need.window.end):
            return Miss(candidate, "capacity.insufficient", f"{quantity} of {need.quantity} is left", later)
    longest = max((run.duration for run in _runs_within(need, candidate)), default=None)
    if longest:
        detail = f"{_text(longest)} at a stretch is left, {_text(need.duration)} is asked for"
        return Miss(candidate, "capacity.insufficient", detail, later)
    return Miss(candidate, "capacity.insufficient", "nothing is left between start and end", later)


_RULES: tuple[Callable[[Need, Candidate], Match | Miss | None], ...] = (
    _duration,
    _match,
    _notice,
    _confidence,
)


def _runs(need: Need, candidate: Candidate) -> Iterator[Span]:
    """The unbroken stretches over which enough is left, at the confidence that both sides ask for."""
    band = max(need.min_confidence, candidate.min_confidence)
    run: Span | None = None
    for step in candidate.steps:
        if step.left[band - 1] < need.quantity:
            continue
        if run and run.end == step.span.start:
            run = Span(run.start, step.span.end)
            continue
        if run:
            yield run
        run = step.span
    if run:
        yield run


def _runs_within(need: Need, candidate: Candidate) -> Iterator[Span]:
    whole = Span.between(need.earliest(candidate), need.window.end)
    yield from (part for run in _runs(need, candidate) if whole and (part := run.intersection(whole)))


def _first(need: Need, candidate: Candidate, start: datetime, end: datetime) -> Span | None:
    """The earliest span of the asked duration in [start, end) over which enough is left."""
    whole = Span.between(start, end)
    for run in _runs(need, candidate) if whole else ():
        part = run.intersection(whole) if whole else None
        if part and part.duration >= need.duration:
            return Span(part.start, part.start + need.duration)
    return None


def _sooner_or_later(need: Need, candidate: Candidate) -> Span | None:
    """The earliest span that would do, in the window or as far beyond as the steps reach."""
    if not candidate.steps:
        return None
    return _first(need, candidate, need.earliest(candidate), candidate.steps[-1].span.end)


def _explained(need: Need, candidate: Candidate, span: Span, parts: Sequence[Part], cost: Money) -> Match:
    confidence, likely = min(part.confidence for part in parts), chance(parts)
    leased = candidate.valid_until is not None and candidate.valid_until > need.now
    fresh = candidate.last_receipt_at is not None and candidate.last_receipt_at > need.fresh_after
    instant = candidate.instant and leased and fresh
    fee = candidate.setup_fee
    why = (
        f"{need.quantity} free over {_text(need.duration)}",
        f"confidence {int(confidence)}: all of it is idle with {likely:.0%}",
        f"{_hourly(candidate, cost, need)} per hour" + (f" and {_money(fee)} for set-up" if fee.amount else ""),
        _manner(candidate, instant=instant, leased=leased),
    )
    return Match(candidate, span, need.quantity, confidence, likely, cost, instant, why)


def _manner(candidate: Candidate, *, instant: bool, leased: bool) -> str:
    if instant:
        return "booked at once"
    if not candidate.instant:
        return "the provider confirms each booking"
    return f"to be confirmed: the plant's {'data are stale' if leased else 'word has run out'}"


def _hourly(candidate: Candidate, cost: Money, need: Need) -> str:
    """The rate; where it changes with the hours, its mean."""
    if not candidate.bands:
        return _money(candidate.rate)
    mean = per_hour(candidate.tariff, cost, need.duration, need.quantity)
    return f"{_money(Money(amount=mean.quantize(Decimal('0.01')), currency=cost.currency))} on average"


def _rank(match: Match) -> tuple[str, Decimal, datetime, float, str, str]:
    one = match.candidate
    rate = per_hour(one.tariff, match.price, match.span.duration, match.quantity) if one.bands else one.rate.amount
    return (one.rate.currency, rate, match.span.start, -match.chance, one.service_id, one.machine_id)


_ORDER = ("price", "notice", "duration", "confidence", "capacity")


def _distance(miss: Miss) -> tuple[bool, int, datetime | None]:
    """Near first: what has a remedy, then the constraint that is easiest to give way on, then the earliest remedy."""
    order = _ORDER.index(miss.constraint.partition(".")[0])
    return (miss.would_do is None, order, miss.would_do.start if miss.would_do else None)


def _money(money: Money) -> str:
    return f"{money.amount:.2f} {money.currency}"


def _text(duration: timedelta) -> str:
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "", f"{seconds} s" if seconds else "")
    return " ".join(filter(None, parts)) or "0 s"
