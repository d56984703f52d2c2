"""A calendar of slots: at which hours of a window what is asked for could begin, and what it would cost then."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from pydantic import model_validator

from cloud.market.candidate import Candidate, Match, Need
from cloud.market.match import judge, openings
from cloud.market.model import SearchRequest
from cloud.registry.model import Wire
from gateway.capacity import Confidence
from gateway.money import Money
from gateway.span import Span

STEP = timedelta(hours=1)
LONGEST = timedelta(days=14)


class SlotsRequest(SearchRequest):
    """A search over at most 14 days. Slots begin at `start` and every hour after it; `limit` is not used."""

    @model_validator(mode="after")
    def _short(self) -> "SlotsRequest":
        if self.window.duration > LONGEST:
            msg = f"the window is longer than {LONGEST.days} days"
            raise ValueError(msg)
        return self


class Slot(Wire):
    """What is asked for could have [start, end): here is the cheapest that does, and how many machines are free."""

    start: datetime
    end: datetime
    service_id: str
    machine_id: str
    price: Money
    confidence: Confidence
    chance: float
    instant: bool
    choices: int


class Slots(Wire):
    """The hours at which it could begin, in order. Where `complete` is false, dearer services were not looked at."""

    items: tuple[Slot, ...]
    complete: bool = True


def slots(need: Need, candidates: Iterable[Candidate]) -> tuple[Slot, ...]:
    """A slot for each hour from the window's start at which any of the candidates does."""
    open_hours = [(_floor(need, one), one, list(openings(need, one))) for one in candidates]
    open_hours.sort(key=lambda each: each[0])
    found = []
    for span in _spans(need):
        able = [(floor, one) for floor, one, runs in open_hours if any(_within(span, run) for run in runs)]
        if able and (best := _best(replace(need, window=span), able)):
            found.append(_slot(best, len(able)))
    return tuple(found)


def _spans(need: Need) -> Iterator[Span]:
    start = need.window.start
    while start + need.duration <= need.window.end:
        yield Span(start, start + need.duration)
        start += STEP


def _within(span: Span, run: Span) -> bool:
    return run.start <= span.start and span.end <= run.end


def _floor(need: Need, candidate: Candidate) -> tuple[str, Decimal]:
    """No span of it costs less, whatever hour it is."""
    least = min((band.price for band in candidate.bands), default=candidate.rate.amount)
    rate = min(least, candidate.rate.amount)
    hours = Decimal(need.duration // timedelta(seconds=1)) / 3600
    return candidate.rate.currency, rate * hours * need.quantity + candidate.setup_fee.amount


def _best(need: Need, able: Sequence[tuple[tuple[str, Decimal], Candidate]]) -> Match | None:
    """The cheapest of those that do, looked for from the lowest floor up; currencies apart, as in a search."""
    best: Match | None = None
    for (currency, floor), candidate in able:
        if best and (currency != best.price.currency or floor >= best.price.amount):
            break
        verdict = judge(need, candidate)
        if isinstance(verdict, Match) and (best is None or verdict.price.amount < best.price.amount):
            best = verdict
    return best


def _slot(match: Match, choices: int) -> Slot:
    return Slot(
        start=match.span.start,
        end=match.span.end,
        service_id=match.candidate.service_id,
        machine_id=match.candidate.machine_id,
        price=match.price,
        confidence=match.confidence,
        chance=match.chance,
        instant=match.instant,
        choices=choices,
    )
