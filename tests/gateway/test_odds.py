"""How likely a whole span is, from what is said of its parts."""

from datetime import UTC, datetime, timedelta
from math import exp, isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.capacity import CapacitySpan, CapacityType, Confidence, Reason, coalesce
from gateway.coarse import coarse
from gateway.messages import Statement, decode_up, encode
from gateway.odds import Odds, all_through
from gateway.span import Span

HOUR = timedelta(hours=1)
NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)

part = st.tuples(
    st.timedeltas(timedelta(minutes=1), timedelta(hours=30)),
    st.builds(Odds, st.floats(0.01, 1), st.floats(0, 3)),
)
parts = st.lists(part, min_size=1, max_size=6)


def test_one_part_fades_by_the_hour() -> None:
    assert isclose(all_through([(2 * HOUR, Odds(0.9, 0.05))]), 0.9 * exp(-0.1))
    assert all_through([]) == 1


@given(parts, st.data())
def test_a_part_is_never_less_likely_than_the_whole(whole: list[tuple[timedelta, Odds]], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(whole) - 1))
    last = data.draw(st.integers(first, len(whole) - 1))
    shorter = data.draw(st.floats(0.01, 1))
    inside = [(length * shorter, odds) for length, odds in whole[first : last + 1]]
    assert all_through(inside) >= all_through(whole) - 1e-12


@given(parts)
def test_the_whole_is_at_most_as_likely_as_its_least_likely_instant(whole: list[tuple[timedelta, Odds]]) -> None:
    assert 0 <= all_through(whole) <= min(odds.chance for _, odds in whole)


@given(part, st.floats(0.01, 0.99))
def test_where_a_part_is_cut_does_not_matter(one: tuple[timedelta, Odds], share: float) -> None:
    length, odds = one
    cut = [(length * share, odds), (length - length * share, odds)]
    assert isclose(all_through(cut), all_through([one]), rel_tol=1e-6)


def _piece(start: int, end: int, odds: Odds | None, confidence: Confidence = Confidence.HIGH) -> CapacitySpan:
    span = Span(NOON + start * HOUR, NOON + end * HOUR)
    return CapacitySpan(span, CapacityType.AVAILABLE, 1, Reason.IDLE, confidence, odds=odds)


def test_pieces_made_one_are_as_likely_as_the_least_of_them() -> None:
    (whole,) = coalesce([_piece(0, 2, Odds(0.95, 0.01)), _piece(2, 4, Odds(0.92, 0.02)), _piece(4, 5, None)])
    assert whole.odds == Odds(0.9, 0.02)  # without a number it is worth what its confidence promises
    cells = coarse(
        [_piece(0, 1, Odds(0.95, 0.01)), _piece(1, 2, Odds(0.92, 0.03))], 2 * HOUR, Span(NOON, NOON + 2 * HOUR)
    )
    assert cells[0].odds == Odds(0.92, 0.03)


@pytest.mark.parametrize("odds", [None, Odds(0.93, 0.012)])
def test_odds_cross_the_fence_and_old_statements_have_none(odds: Odds | None) -> None:
    piece = _piece(0, 2, odds)
    said = Statement(
        machine="M1",
        version=1,
        issued_at=NOON,
        valid_until=NOON + HOUR,
        start=NOON,
        end=NOON + 2 * HOUR,
        spans=Statement.pieces((piece,)),
    )
    body = encode(said)
    read = decode_up(body)
    assert isinstance(read, Statement)
    assert read.spans[0].capacity().odds == odds
    assert (b"chance" in body) == (odds is not None)
