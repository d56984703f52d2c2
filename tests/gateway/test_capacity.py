"""The capacity ledger: peaks by sweep, what is left after takings, coalescing, confidence bands."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.capacity import CapacitySpan, CapacityType, Confidence, Reason, available, coalesce, levels, peak
from gateway.span import Span

START = datetime(2026, 3, 2, tzinfo=UTC)


def span(first: int, last: int) -> Span:
    return Span(START + timedelta(hours=first), START + timedelta(hours=last))


def offer(first: int, last: int, quantity: int = 1, kind: CapacityType = CapacityType.AVAILABLE) -> CapacitySpan:
    return CapacitySpan(span(first, last), kind, quantity, Reason.IDLE)


takings = st.lists(
    st.tuples(st.integers(0, 20), st.integers(1, 8), st.integers(1, 4)).map(
        lambda row: (span(row[0], row[0] + row[1]), row[2])
    ),
    max_size=10,
)


def taken_at(rows: list[tuple[Span, int]], hour: int) -> int:
    return sum(quantity for taken, quantity in rows if START + timedelta(hours=hour) in taken)


def test_three_bookings_of_which_only_two_overlap_peak_at_two() -> None:
    assert peak([(span(0, 2), 1), (span(1, 3), 1), (span(2, 4), 1)]) == 2


def test_a_booking_that_ends_as_the_next_starts_does_not_add_up() -> None:
    assert peak([(span(0, 2), 3), (span(2, 4), 3)]) == 3


def test_the_peak_within_a_window_ignores_the_rest() -> None:
    rows = [(span(0, 2), 5), (span(4, 6), 1)]
    assert peak(rows, span(3, 8)) == 1


@given(takings)
def test_levels_agree_with_a_count_at_every_hour(rows: list[tuple[Span, int]]) -> None:
    stairs = levels(rows)
    for hour in range(30):
        assert taken_at([(step.span, step.quantity) for step in stairs], hour) == taken_at(rows, hour)
    assert peak(rows) == max((taken_at(rows, hour) for hour in range(30)), default=0)


def test_what_is_claimed_is_no_longer_available() -> None:
    left = available([offer(0, 8)], [(span(2, 3), 1)])
    assert [(step.span, step.quantity) for step in left] == [(span(0, 2), 1), (span(3, 8), 1)]


def test_only_available_quantity_is_for_sale() -> None:
    assert available([offer(0, 8, kind=CapacityType.COMMITTED), offer(8, 9, kind=CapacityType.UNATTAINABLE)]) == []


def test_more_taken_than_offered_leaves_nothing_rather_than_less() -> None:
    assert available([offer(0, 2)], [(span(0, 2), 3)]) == []


def test_neighbours_that_differ_in_nothing_but_time_become_one() -> None:
    assert coalesce([offer(2, 4), offer(0, 2)]) == [offer(0, 4)]
    assert len(coalesce([offer(0, 2), offer(2, 4, quantity=2)])) == 2
    assert len(coalesce([offer(0, 2), offer(3, 4)])) == 2


@pytest.mark.parametrize(
    ("probability", "band"),
    [(0.0, 1), (0.49, 1), (0.5, 2), (0.75, 3), (0.9, 4), (0.969, 4), (0.97, 5), (1.0, 5)],
)
def test_a_band_promises_no_more_than_the_probability(probability: float, band: int) -> None:
    assert Confidence.of(probability) == band
    assert Confidence.of(probability).floor <= probability
