"""Decides what of the spare hours does, ranks it and explains it; says of the rest which one constraint it missed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from math import prod

from cloud.market.candidate import Candidate, Match, Miss, Need, Piece, Quoted
from cloud.market.capability import lacking
from cloud.market.quote import Part, chance, price
from cloud.market.runs import first, in_pieces, inside, most_in_pieces, nearest, within
from cloud.market.words import instead, length, moment, money, shifted, why
from gateway.capacity import Confidence
from gateway.money import Money
from gateway.span import Span

Verdict = Match | Miss
_SUREST = tuple(reversed(Confidence))

BEYOND = Decimal(10) ** 14
"""What no claim can cost, whatever its currency."""

MORE = 200
"""So many candidates beyond those that are asked for are looked at, as long as a fee less might make them cheaper."""


def search(need: Need, candidates: Iterable[Candidate], limit: int) -> tuple[list[Match], list[Miss]]:
    """The best `limit` matches, and for each service without any the least of its misses by one constraint alone.

    Best is: cheapest for all of it (currencies apart, in alphabetical order), then done first, then surest.
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
    near = [miss for service_id, miss in misses.items() if miss.alone and service_id not in served]
    return matches[:limit], near[:limit]


def settled(need: Need, candidates: Sequence[Candidate], matches: Sequence[Match], limit: int) -> bool:
    """Whether no candidate that comes after these, which come by their cheapest hour, could rank among the matches.

    Without fees and prices per unit that is so once there are enough (bands apart: docs/decisions/0029); with them some
    more are looked at.
    """
    if len(matches) < limit:
        return False
    worst, last = matches[-1], candidates[-1]
    if len(candidates) >= limit + MORE or not any(each.candidate.tariff.extras for each in matches):
        return True
    if last.rate.currency != worst.price.currency:
        return last.rate.currency > worst.price.currency
    hours = Decimal(need.duration // timedelta(microseconds=1)) / 3_600_000_000
    return last.floor * hours * need.quantity >= worst.price.amount


def judge(need: Need, candidate: Candidate) -> Verdict:
    """The best span of this candidate that does, or the constraint whose loosening alone would help.

    Where more than one would have to be loosened, the miss is not `alone`.
    """
    lacks = lacking(need.task, candidate)
    if not lacks:
        return _in_time(need, candidate)
    timely = _in_time(need, candidate) if not lacks[1:] else None
    would_do = timely.span if isinstance(timely, Match) else None
    return replace(lacks[0], would_do=would_do, alone=would_do is not None)


def openings(need: Need, candidate: Candidate) -> Iterator[Span]:
    """The stretches of the window that hold the asked duration, with enough left and the terms kept."""
    return (run for run in within(need, candidate) if run.duration >= need.duration)


def parts_of(candidate: Candidate, span: Span, quantity: int) -> list[Part]:
    """The span by what is left of the machine, as a hold of it will be quoted."""
    found = []
    for step in candidate.steps:
        if step.left[0] >= quantity and (part := step.span.intersection(span)):
            found.append(Part(part, next(band for band in _SUREST if step.left[band - 1] >= quantity), step.odds))
        if step.span.end >= span.end:
            break
    return found


def _in_time(need: Need, candidate: Candidate) -> Verdict:
    for rule in _RULES:
        verdict = rule(need, candidate)
        if verdict:
            return verdict
    return _capacity(need, candidate)


def _duration(need: Need, candidate: Candidate) -> Verdict | None:
    shortest, longest = candidate.min_duration, candidate.max_duration
    most = longest * need.split.pieces if longest and need.split else longest
    if need.duration < shortest:
        limit, word, end = shortest, "duration.too_short", "is the shortest"
    elif most is not None and need.duration > most:
        limit, word, end = most, "duration.too_long", "is the longest"
    else:
        return None
    asked, offered = length(need.duration), length(limit)
    would_do = nearest(replace(need, duration=limit), candidate) if limit != most or most == longest else None
    detail = f"{asked} is asked for, {offered} {end}"
    return Miss(candidate, word, detail, would_do, asked, offered, instead(offered, asked))


def _match(need: Need, candidate: Candidate) -> Verdict | None:
    """In one stretch where there is one, else in as many as may be."""
    one = inside(need, candidate)
    spans = (one,) if one else in_pieces(need, candidate)
    if spans is None:
        return None
    if _is_beyond(need, candidate):
        return Miss(candidate, "price.too_high", "costs more than a booking can keep", alone=False)
    match = _quoted(need, candidate, spans)
    limit, cost = need.max_price, match.price
    if limit and limit.currency != cost.currency:
        detail, asked, offered = f"priced in {cost.currency}, asked in {limit.currency}", limit.currency, cost.currency
        return Miss(candidate, "price.currency", detail, match.span, asked, offered, instead(offered, asked))
    if limit and cost.amount > limit.amount:
        more = Money(amount=cost.amount - limit.amount, currency=cost.currency)
        detail, asked, offered = f"{money(cost)}, {money(more)} more than asked", money(limit), money(cost)
        return Miss(candidate, "price.too_high", detail, match.span, asked, offered, instead(offered, asked))
    return match


def _is_beyond(need: Need, candidate: Candidate) -> bool:
    """Whether its price may be more than anybody could book: one absurd price must not cost others their answer."""
    dearest = max(candidate.rate.amount, candidate.unit_price, candidate.setup_fee.amount)
    dearest = max([dearest, *(band.price for band in candidate.bands)])
    hours, pieces = need.duration // timedelta(hours=1) + 1, need.split.pieces if need.split else 1
    return dearest * (hours * need.quantity + need.units + pieces) > BEYOND


def _notice(need: Need, candidate: Candidate) -> Verdict | None:
    if inside(need, replace(candidate, notice=timedelta(0))) is None:
        return None
    detail = f"{length(candidate.notice)} of notice is asked for"
    return _moved(need, candidate, "notice.too_short", detail)


def _certificate(need: Need, candidate: Candidate) -> Verdict | None:
    """It would do but for a certificate that ends too soon."""
    if not candidate.skill.certificates or first(need, candidate, need.earliest(candidate), need.window.end) is None:
        return None
    name, end = min(candidate.skill.certificates, key=lambda each: each[1])
    return _moved(need, candidate, "certificate.expires", f"{name} ends on {moment(end)}, before the job's end")


def _confidence(need: Need, candidate: Candidate) -> Verdict | None:
    for band in range(need.min_confidence - 1, candidate.min_confidence - 1, -1):
        span = inside(replace(need, min_confidence=Confidence(band)), candidate)
        if span:
            asked, offered = str(int(need.min_confidence)), str(band)
            detail = f"offered with confidence {band}, {asked} is asked for"
            return Miss(candidate, "confidence.too_low", detail, span, asked, offered, instead(offered, asked))
    return None


def _capacity(need: Need, candidate: Candidate) -> Miss:
    """Whether the plant does not offer it or somebody else has it is not told apart: that is between those two."""
    miss = _moved(need, candidate, "capacity.insufficient", "nothing is left between start and end")
    lefts = {left for step in candidate.steps for left in step.left if 0 < left < need.quantity}
    for left in sorted(lefts, reverse=True):
        if inside(replace(need, quantity=left), candidate):
            asked, offered = str(need.quantity), str(left)
            detail = f"{offered} of {asked} is left"
            return replace(
                miss, detail=detail, asked=asked, offered=offered, remedy=miss.remedy or instead(offered, asked)
            )
    asked = length(need.duration)
    total, pieces = most_in_pieces(need, candidate)
    most = candidate.max_duration or need.window.duration
    longest = max((min(run.duration, most) for run in within(need, candidate)), default=None)
    if pieces > 1:
        offered = f"{length(total)} in {pieces} pieces"
        detail = f"{offered} is left, {asked} is asked for"
        return replace(miss, detail=detail, asked=asked, offered=offered, remedy=miss.remedy or instead(offered, asked))
    if longest:
        offered = length(longest)
        detail = f"{offered} at a stretch is left, {asked} is asked for"
        return replace(miss, detail=detail, asked=asked, offered=offered, remedy=miss.remedy or instead(offered, asked))
    return miss


def _moved(need: Need, candidate: Candidate, constraint: str, detail: str) -> Miss:
    """A miss that another time would cure."""
    span = nearest(need, candidate)
    return Miss(candidate, constraint, detail, span, remedy=shifted(need.window, span) if span else None)


_RULES: tuple[Callable[[Need, Candidate], Verdict | None], ...] = (
    *(_duration, _match, _notice, _certificate, _confidence),
)


def _quoted(need: Need, candidate: Candidate, spans: Sequence[Span]) -> Match:
    """With its price, which is that of each booking of it, and how likely all of it is idle."""
    parts = [parts_of(candidate, span, need.quantity) for span in spans]
    made = shares(need.units, spans)
    pieces = tuple(
        Piece(span, price(candidate.tariff, each, need.quantity, units), units)
        for span, each, units in zip(spans, parts, made, strict=True)
    )
    cost = pieces[0].price
    if pieces[1:]:
        cost = Money(amount=sum((piece.price.amount for piece in pieces), Decimal(0)), currency=cost.currency)
    confidence = min(part.confidence for each in parts for part in each)
    likely = round(prod(chance(each) for each in parts), 4)
    leased = candidate.valid_until is not None and candidate.valid_until > need.now
    fresh = candidate.last_receipt_at is not None and candidate.last_receipt_at > need.fresh_after
    whole = Span(spans[0].start, spans[-1].end) if spans[1:] else spans[0]
    quoted = Quoted(cost, confidence, likely, candidate.instant and leased and fresh, pieces)
    told = why(need, candidate, quoted, leased=leased)
    return Match(candidate, whole, need.quantity, confidence, likely, cost, quoted.instant, told, pieces)


def shares(units: int, spans: Sequence[Span]) -> list[int]:
    """How many of the units each span makes, by its length; at least one each where there are as many.

    They add up to `units`; the spans follow each other.
    """
    if len(spans) == 1:
        return [units]
    spare, whole = max(units - len(spans), 0), sum((span.duration for span in spans), timedelta())
    found, past, given = [], timedelta(), 0
    for span in spans:
        past += span.duration
        share = spare * past // whole
        found.append(share - given)
        given = share
    return [each + (place < units) for place, each in enumerate(found)]


def _rank(match: Match) -> tuple[str, Decimal, datetime, float, str, str]:
    one = match.candidate
    return (match.price.currency, match.price.amount, match.span.end, -match.chance, one.service_id, one.machine_id)


_ORDER = ("price", "notice", "duration", "place", "tolerance", "material", "workpiece", "process", "certificate")
_LAST = ("confidence", "capacity")


def _distance(miss: Miss) -> tuple[bool, bool, int, datetime | None]:
    """Near first: what has a remedy, then the constraint that is easiest to give way on, then the earliest remedy."""
    order = (*_ORDER, *_LAST).index(miss.constraint.partition(".")[0])
    return (not miss.alone, miss.would_do is None, order, miss.would_do.start if miss.would_do else None)
