"""A forecast in bands: what each promises, that merging never says more, and how the ledger is weighed with it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bands import QUARTER, merged, outlook, promised, runs
from edge.outlook import Band, Outlook, View, weigh
from gateway.capacity import CapacitySpan, CapacityType, Confidence, Reason, levels
from gateway.odds import Odds, all_through
from gateway.span import Span

START = datetime(2026, 3, 2, 8, tzinfo=UTC)


@dataclass(frozen=True)
class Numbers:
    """Quarter hours that know nothing of one another."""

    idle: np.ndarray
    start: datetime = START

    def at(self, moment: datetime) -> float:
        return float(self.idle[(moment - self.start) // QUARTER])

    def span(self, span: Span) -> float:
        return float(np.prod(self.idle[(span.start - self.start) // QUARTER : (span.end - self.start) // QUARTER]))

    def spans(self, quarters: int) -> np.ndarray:
        return np.array([np.prod(self.idle[at : at + quarters]) for at in range(len(self.idle) - quarters + 1)])


def hours(*parts: tuple[float, float]) -> Numbers:
    """(hours, P(idle)) after one another."""
    return Numbers(np.concatenate([np.full(round(length * 4), chance) for length, chance in parts]))


def test_each_band_promises_two_hours_all_through() -> None:
    found = outlook(hours((6, 0.999), (1, 0.3), (6, 0.98), (1, 0.3)))
    assert [(band.span.hours, band.confidence) for band in found.bands] == [
        (6.0, Confidence.FIRM),
        (1.0, Confidence.VERY_LOW),
        (6.0, Confidence.MEDIUM),
        (1.0, Confidence.VERY_LOW),
    ], "0.98 to the power of eight is 0.85"


def test_a_good_stretch_that_is_too_short_for_the_promise_makes_none() -> None:
    found = outlook(hours((4, 0.5), (1.5, 0.9999), (4, 0.5)))
    assert {band.confidence for band in found.bands} == {Confidence.VERY_LOW}


def test_a_short_forecast_promises_what_it_can() -> None:
    assert promised(hours((1, 0.999))).tolist() == [5] * 4


def test_each_bands_odds_are_its_mean_and_how_bands_of_its_kind_last() -> None:
    found = outlook(hours((6, 0.999), (3, 0.3), (8, 0.98), (3, 0.3), (6, 0.999)))
    first, low, good, *_ = (band.odds for band in found.bands)
    assert first
    assert low
    assert good
    assert (first.chance, low.chance, good.chance) == (1.0, 0.3, 0.98)
    assert good.fading == pytest.approx(4 * -np.log(0.98), abs=0.01), "neighbours know nothing of one another here"
    assert all_through([(timedelta(hours=2), good)]) == pytest.approx(0.98**9, abs=0.01)
    again = outlook(hours((6, 0.9991), (3, 0.31), (8, 0.981), (3, 0.3), (6, 0.999)))
    assert again == found, "odds that move within their bands are no news"
    assert again.bands[1].odds != low


def test_what_is_offered_carries_its_odds_unless_the_papers_are_older_than_that() -> None:
    found = outlook(hours((8, 0.99)))
    piece = CapacitySpan(Span(START, START + timedelta(hours=8)), CapacityType.AVAILABLE, 1, Reason.IDLE)
    (told,) = weigh([piece], View(outlook=found))
    assert (told.confidence, told.odds) == (found.bands[0].confidence, found.bands[0].odds)
    (aged,) = weigh([piece], View(outlook=found, trust=Confidence.LOW))
    assert (aged.confidence, aged.odds) == (Confidence.LOW, None)
    assert aged.likely == Odds(0.5)
    (planned,) = weigh([piece], View())
    assert (planned.odds, planned.likely) == (None, Odds(0.97))


def test_two_forecasts_that_say_the_same_are_no_news() -> None:
    assert outlook(hours((6, 0.999))) == outlook(hours((6, 0.9991)))


chances = st.lists(st.tuples(st.integers(1, 60), st.sampled_from([0.4, 0.9, 0.98, 0.99, 0.997, 0.9999])), min_size=1)


@given(chances, st.integers(2, 30))
def test_whatever_is_told_was_promised_and_covers_all_of_it(parts: list[tuple[int, float]], most: int) -> None:
    numbers = hours(*((length / 4, chance) for length, chance in parts))
    exact, found = promised(numbers), outlook(numbers, most)
    assert found.bands[0].span.start == START
    assert sum((band.span.duration for band in found.bands), timedelta()) == QUARTER * len(numbers.idle)
    for band in found.bands:
        first, last = ((edge - START) // QUARTER for edge in (band.span.start, band.span.end))
        assert (exact[first:last] >= band.confidence).all()
    assert all(one.confidence != other.confidence for one, other in zip(found.bands, found.bands[1:], strict=False))


@given(st.lists(st.integers(1, 5), min_size=1, max_size=120), st.integers(1, 20))
def test_merging_ends_and_keeps_every_quarter_hour(bands: list[int], most: int) -> None:
    parts = runs(np.array(bands))
    found = merged(parts, most)
    assert len(found) <= max(most, 1)
    assert sum(length for length, _ in found) == len(bands)


def piece(start: float, end: float, quantity: int = 1) -> CapacitySpan:
    span = Span(START + timedelta(hours=start), START + timedelta(hours=end))
    return CapacitySpan(span, CapacityType.AVAILABLE, quantity, Reason.IDLE)


def band(start: float, end: float, confidence: Confidence) -> Band:
    return Band(Span(START + timedelta(hours=start), START + timedelta(hours=end)), confidence)


def told(pieces: list[CapacitySpan]) -> list[tuple[float, float, str, int, int]]:
    return [
        (
            (each.span.start - START) / timedelta(hours=1),
            (each.span.end - START) / timedelta(hours=1),
            each.reason.value,
            each.quantity,
            int(each.confidence),
        )
        for each in pieces
    ]


LOW_THEN_HIGH = Outlook((band(0, 4, Confidence.LOW), band(4, 8, Confidence.HIGH)))


def test_free_time_below_the_threshold_is_kept_and_the_rest_says_how_sure_it_is() -> None:
    view = View(outlook=LOW_THEN_HIGH, least=Confidence.MEDIUM)
    assert told(weigh([piece(2, 10)], view)) == [
        (2, 4, "forecast-busy", 1, 5),
        (4, 8, "idle", 1, 4),
        (8, 10, "idle", 1, 5),
    ]


def test_no_forecast_takes_back_what_was_sold() -> None:
    sold = Span(START + timedelta(hours=1), START + timedelta(hours=2))
    view = View(outlook=LOW_THEN_HIGH, least=Confidence.MEDIUM, kept=(sold,))
    assert told(weigh([piece(0, 4)], view)) == [
        (0, 1, "forecast-busy", 1, 5),
        (1, 2, "idle", 1, 2),
        (2, 4, "forecast-busy", 1, 5),
    ]


def test_where_the_plan_tells_everything_no_forecast_is_asked() -> None:
    view = View(outlook=LOW_THEN_HIGH, planned_until=START + timedelta(hours=3))
    assert told(weigh([piece(0, 5)], view)) == [(0, 3, "idle", 1, 5), (3, 4, "idle", 1, 2), (4, 5, "idle", 1, 4)]


def test_a_forecast_speaks_of_one_unit_of_several() -> None:
    view = View(outlook=LOW_THEN_HIGH, least=Confidence.MEDIUM)
    assert sorted(told(weigh([piece(0, 8, quantity=3)], view))) == [
        (0, 4, "forecast-busy", 1, 5),
        (0, 8, "idle", 2, 5),
        (4, 8, "idle", 1, 4),
    ]


@pytest.mark.parametrize("trust", list(Confidence))
def test_nothing_is_surer_than_the_papers(trust: Confidence) -> None:
    view = View(trust=trust, outlook=LOW_THEN_HIGH)
    assert max(each.confidence for each in weigh([piece(0, 12)], view)) == trust


def test_papers_below_the_threshold_are_stale_and_not_the_forecast() -> None:
    view = View(trust=Confidence.LOW, outlook=LOW_THEN_HIGH, least=Confidence.MEDIUM)
    assert {each.reason for each in weigh([piece(0, 12)], view)} == {Reason.STALE_DATA}


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20), st.integers(1, 3)), max_size=4),
    st.sampled_from(Confidence),
    st.sampled_from(Confidence),
    st.integers(0, 10),
)
def test_weighing_keeps_the_total_at_every_instant_and_offers_no_more(
    parts: list[tuple[int, int, int]], trust: Confidence, least: Confidence, until: int
) -> None:
    pieces = [piece(start, start + length, quantity) for start, length, quantity in parts]
    view = View(trust, LOW_THEN_HIGH, START + timedelta(hours=until), least)
    found = weigh(pieces, view)
    before = [(each.span, each.quantity) for each in pieces]
    assert not levels([*before, *((each.span, -each.quantity) for each in found)])
    offered = [each for each in found if each.type is CapacityType.AVAILABLE]
    assert all(each.confidence >= least for each in offered)
