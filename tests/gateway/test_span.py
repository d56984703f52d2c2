"""Spans and their algebra, against a brute-force model on minutes."""

import itertools
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.span import Span, difference, intersection, total, union

START = datetime(2026, 3, 2, tzinfo=UTC)


def minute(number: int) -> datetime:
    return START + timedelta(minutes=number)


def span(first: int, last: int) -> Span:
    return Span(minute(first), minute(last))


spans = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 20)).map(lambda pair: span(pair[0], pair[0] + pair[1])), max_size=12
)


def minutes(parts: list[Span]) -> set[int]:
    return {number for number in range(100) if any(minute(number) in part for part in parts)}


def test_a_span_is_half_open() -> None:
    assert minute(0) in span(0, 5)
    assert minute(5) not in span(0, 5)
    assert not span(0, 5).overlaps(span(5, 9))


def test_a_span_is_held_in_utc_whatever_zone_it_was_given_in() -> None:
    plus_two = timezone(timedelta(hours=2))
    local = Span(datetime(2026, 3, 2, 2, tzinfo=plus_two), datetime(2026, 3, 2, 3, tzinfo=plus_two))
    assert local == span(0, 60)
    assert local.start.utcoffset() == timedelta(0)


def test_a_naive_time_is_refused_with_the_remedy() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        Span(datetime(2026, 3, 2), minute(5))  # noqa: DTZ001


@pytest.mark.parametrize(("first", "last"), [(5, 5), (6, 5)], ids=["empty", "reversed"])
def test_a_span_that_does_not_end_after_it_starts_is_refused(first: int, last: int) -> None:
    with pytest.raises(ValueError, match="must end after it starts"):
        span(first, last)
    assert Span.between(minute(first), minute(last)) is None


def test_a_job_in_the_middle_leaves_two_free_pieces() -> None:
    assert difference([span(0, 60)], [span(20, 30)]) == [span(0, 20), span(30, 60)]


def test_touching_spans_become_one() -> None:
    assert union([span(10, 20), span(0, 10)]) == [span(0, 20)]


def test_time_that_is_named_twice_counts_once() -> None:
    assert total([span(0, 30), span(20, 40)]) == timedelta(minutes=40)


@given(spans, spans)
def test_algebra_agrees_with_sets_of_minutes(left: list[Span], right: list[Span]) -> None:
    assert minutes(union(left)) == minutes(left)
    assert minutes(intersection(left, right)) == minutes(left) & minutes(right)
    assert minutes(difference(left, right)) == minutes(left) - minutes(right)


@given(spans, spans)
def test_results_are_sorted_and_disjoint(left: list[Span], right: list[Span]) -> None:
    for result in (union(left), intersection(left, right), difference(left, right)):
        assert all(one.end <= other.start for one, other in itertools.pairwise(result))
    whole = union(left)
    assert all(one.end < other.start for one, other in itertools.pairwise(whole))
