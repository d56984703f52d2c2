"""Search: the pure function decides, ranks and explains; near misses name one constraint and what would do."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.market.candidate import Candidate, Match, Miss, Need, Step
from cloud.market.match import judge, parts_of, search
from cloud.market.quote import PriceBand, price
from gateway.capacity import Confidence
from gateway.money import Money
from gateway.odds import Odds
from gateway.span import Span

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(hours: float) -> datetime:
    return NOW + hours * HOUR


def span(start: float, end: float) -> Span:
    return Span(at(start), at(end))


def step(start: float, end: float, quantity: int = 1, confidence: int = 5) -> Step:
    """So much is left, offered at that confidence."""
    left = tuple(quantity if band <= confidence else 0 for band in Confidence)
    return Step(span(start, end), left, Odds(max(Confidence(confidence).floor, 0.01)))  # type: ignore[arg-type]


def candidate(*steps: Step, **terms: Any) -> Candidate:
    given = {
        "service_id": "svc_1",
        "service_name": "milling",
        "provider_id": "ent_1",
        "provider_name": "plant",
        "machine_id": "mch_1",
        "instant": True,
        "rate": Money(amount=Decimal(60), currency="EUR"),
        "setup_fee": Money(amount=Decimal(0), currency="EUR"),
        "notice": timedelta(0),
        "min_duration": timedelta(0),
        "max_duration": None,
        "min_confidence": Confidence.VERY_LOW,
        "valid_until": at(5),
        "last_receipt_at": NOW,
        "km": None,
    }
    return Candidate(**{**given, **terms}, steps=steps)


def need(start: float = 0, end: float = 24, hours: float = 2, **more: Any) -> Need:
    given = {"quantity": 1, "min_confidence": Confidence.VERY_LOW, "max_price": None}
    fresh_after = NOW - timedelta(minutes=5)
    return Need(span(start, end), hours * HOUR, **{**given, **more}, now=NOW, fresh_after=fresh_after)


def euros(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def test_the_earliest_span_that_fits_is_found_and_explained() -> None:
    match = judge(need(), candidate(step(3, 4), step(6, 9, confidence=4), setup_fee=euros("15")))
    assert isinstance(match, Match)
    assert (match.span, match.confidence, match.price, match.instant) == (span(6, 8), 4, euros("135.00"), True)
    assert match.why == (
        "1 free over 2 h",
        "confidence 4: all of it is idle with 90%",
        "60.00 EUR per hour and 15.00 EUR for set-up",
        "booked at once",
    )


def test_neighbouring_steps_make_one_stretch_and_the_least_sure_of_them_counts() -> None:
    match = judge(need(), candidate(step(3, 4, 3, confidence=3), step(4, 5, 1, confidence=5)))
    assert isinstance(match, Match)
    assert (match.span, match.confidence) == (span(3, 5), 3)


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        ({"instant": False}, "the provider confirms each booking"),
        ({"valid_until": NOW}, "to be confirmed: the plant's word has run out"),
        ({"last_receipt_at": NOW - HOUR}, "to be confirmed: the plant's data are stale"),
        ({"last_receipt_at": None}, "to be confirmed: the plant's data are stale"),
    ],
    ids=["by request", "past the lease", "stale", "never heard of"],
)
def test_what_is_not_booked_at_once_says_why(terms: dict[str, Any], why: str) -> None:
    match = judge(need(), candidate(step(0, 9), **terms))
    assert isinstance(match, Match)
    assert (match.instant, match.why[-1]) == (False, why)


@pytest.mark.parametrize(
    ("asked", "offered", "constraint", "detail", "would_do", "remedy"),
    [
        (
            need(0, 3),
            candidate(step(0, 9), notice=2 * HOUR),
            "notice.too_short",
            "2 h of notice is asked for",
            span(2, 4),
            "1 h later",
        ),
        (
            need(hours=0.5),
            candidate(step(4, 9), min_duration=HOUR),
            "duration.too_short",
            "30 min is asked for, 1 h is the shortest",
            span(4, 5),
            "1 h instead of 30 min",
        ),
        (
            need(hours=8),
            candidate(step(1, 9), max_duration=4 * HOUR),
            "duration.too_long",
            "8 h is asked for, 4 h is the longest",
            span(1, 5),
            "4 h instead of 8 h",
        ),
        (
            need(max_price=euros("100")),
            candidate(step(1, 9)),
            "price.too_high",
            "120.00 EUR, 20.00 EUR more than asked",
            span(1, 3),
            "120.00 EUR instead of 100.00 EUR",
        ),
        (
            need(max_price=Money(amount=Decimal(9), currency="USD")),
            candidate(step(1, 9)),
            "price.currency",
            "priced in EUR, asked in USD",
            span(1, 3),
            "EUR instead of USD",
        ),
        (
            need(min_confidence=Confidence.HIGH),
            candidate(step(1, 9, confidence=3)),
            "confidence.too_low",
            "offered with confidence 3, 4 is asked for",
            span(1, 3),
            "3 instead of 4",
        ),
        (
            need(quantity=3),
            candidate(step(1, 9, 2), step(30, 40, 5)),
            "capacity.insufficient",
            "2 of 3 is left",
            span(30, 32),
            "8 h later",
        ),
        (
            need(),
            candidate(step(1, 2), step(30, 40)),
            "capacity.insufficient",
            "1 h at a stretch is left, 2 h is asked for",
            span(30, 32),
            "8 h later",
        ),
        (
            need(),
            candidate(step(30, 40)),
            "capacity.insufficient",
            "nothing is left between start and end",
            span(30, 32),
            "8 h later",
        ),
        (need(), candidate(), "capacity.insufficient", "nothing is left between start and end", None, None),
    ],
    ids=["notice", "short", "long", "price", "currency", "confidence", "quantity", "stretch", "later", "never"],
)
def test_a_near_miss_names_the_constraint_by_how_much_and_what_would_do(
    asked: Need, offered: Candidate, constraint: str, detail: str, would_do: Span | None, remedy: str | None
) -> None:
    miss = judge(asked, offered)
    assert isinstance(miss, Miss)
    told = (miss.constraint, miss.detail, miss.would_do, miss.remedy, miss.alone)
    assert told == (constraint, detail, would_do, remedy, True)


def test_what_a_service_does_not_sell_is_not_told() -> None:
    """Hours below the service's own confidence are no near miss: whatever one asks for, they are not sold."""
    miss = judge(need(), candidate(step(1, 9, confidence=2), min_confidence=Confidence.MEDIUM))
    assert isinstance(miss, Miss)
    assert (miss.constraint, miss.would_do) == ("capacity.insufficient", None)


def test_the_cheapest_comes_first_then_the_earliest_then_the_surest() -> None:
    offers = [
        candidate(step(0, 9), service_id="dear", rate=euros("90")),
        candidate(step(5, 9), service_id="later"),
        candidate(step(1, 9, confidence=2), service_id="unsure"),
        candidate(step(1, 9), service_id="best"),
        candidate(step(0, 9), service_id="dollars", rate=Money(amount=Decimal(1), currency="USD")),
    ]
    matches, misses = search(need(), offers, 10)
    assert [match.candidate.service_id for match in matches] == ["best", "unsure", "later", "dear", "dollars"]
    assert misses == []
    assert [match.candidate.service_id for match in search(need(), offers, 2)[0]] == ["best", "unsure"]


def test_a_service_with_a_match_on_one_machine_is_no_near_miss_on_another() -> None:
    offers = [candidate(step(30, 40), machine_id="busy"), candidate(step(1, 9), machine_id="free")]
    matches, misses = search(need(), offers, 10)
    assert ([match.candidate.machine_id for match in matches], misses) == (["free"], [])


def test_of_many_misses_of_a_service_the_nearest_is_told() -> None:
    offers = [candidate(), candidate(step(50, 60)), candidate(step(30, 40))]
    _, (miss,) = search(need(), offers, 10)
    assert miss.would_do == span(30, 32)


def test_a_price_is_rounded_once_half_up() -> None:
    third = candidate(step(0, 1), rate=euros("0.10"), setup_fee=Money(amount=Decimal("0.005"), currency="EUR"))
    assert price(third.tariff, parts_of(third, span(0, 0.05), 1), 1) == euros("0.01")
    assert price(third.tariff, parts_of(third, span(0, 1 / 3), 1), 1) == euros("0.04")


@pytest.mark.parametrize(
    "prices",
    [
        {"unit_price": Decimal(10**14 - 1)},
        {"rate": euros("99999999999999")},
        {"setup_fee": euros("99999999999999")},
        {"bands": (PriceBand(Decimal(10**14 - 1)),)},
    ],
    ids=["a piece", "an hour", "the set-up", "a band"],
)
def test_an_absurd_price_costs_nobody_else_their_answer(prices: dict[str, Any]) -> None:
    offers = [candidate(step(0, 500, 9), service_id="absurd", **prices), candidate(step(0, 500, 9))]
    matches, misses = search(need(0, 500, 400, units=1_000_000, quantity=9), offers, 10)
    assert ([match.candidate.service_id for match in matches], misses) == (["svc_1"], [])


steps = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 12), st.integers(0, 3), st.integers(1, 5)), max_size=8)


@given(steps, st.integers(0, 40), st.integers(1, 30), st.integers(1, 6), st.integers(1, 3), st.integers(1, 5))
def test_whatever_is_found_really_is_left_and_nothing_earlier_would_do(
    parts: list[tuple[int, int, int, int]], start: int, length: int, hours: int, quantity: int, confidence: int
) -> None:
    """Against a model that looks at each hour by itself."""
    left: dict[int, int] = {}
    pieces: list[Step] = []
    moment = 0
    for gap, size, number, band in parts:
        moment += gap % 4
        pieces.append(step(moment, moment + size, number, band))
        left |= {hour: number for hour in range(moment, moment + size) if band >= confidence}
        moment += size
    hours = min(hours, length)
    fits = [
        first
        for first in range(start, start + length - hours + 1)
        if all(left.get(hour, 0) >= quantity for hour in range(first, first + hours))
    ]
    asked = need(start, start + length, hours, quantity=quantity, min_confidence=Confidence(confidence))
    found = judge(asked, candidate(*pieces))
    if fits:
        assert isinstance(found, Match)
        assert found.span == span(fits[0], fits[0] + hours)
    else:
        assert isinstance(found, Miss)
