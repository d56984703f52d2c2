"""A job that may be split is done in as many stretches of one machine as it may be, as early as possible."""

from datetime import timedelta
from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cloud.market.candidate import Match, Miss, Split
from cloud.market.match import judge
from cloud.market.runs import in_pieces

HOUR = timedelta(hours=1)


def test_two_nights_do_where_one_is_too_short(shop: Any) -> None:
    one = shop.candidate(shop.step(1, 4), shop.step(8, 12), setup_fee=shop.euros("10"))
    match = judge(shop.need(hours=5, split=Split(2, HOUR)), one)
    assert isinstance(match, Match)
    assert [piece.span for piece in match.pieces] == [shop.span(1, 4), shop.span(8, 10)]
    assert (match.span, match.price) == (shop.span(1, 10), shop.euros("320.00")), "each is set up anew"
    assert match.why[0] == "1 free over 5 h in 2 pieces"
    assert match.why[2:] == (
        "60.00 EUR per hour and 10.00 EUR for set-up of each piece",
        "booked at once, as one bundle of 2 legs",
    )


def test_where_one_stretch_does_it_is_not_split(shop: Any) -> None:
    one = shop.candidate(shop.step(1, 4), shop.step(8, 20))
    match = judge(shop.need(hours=5, split=Split(3, HOUR)), one)
    assert isinstance(match, Match)
    assert [piece.span for piece in match.pieces] == [shop.span(8, 13)]


def test_units_are_shared_by_length_and_each_piece_makes_some(shop: Any) -> None:
    one = shop.candidate(shop.step(1, 4), shop.step(8, 11), unit_price=shop.euros("0.5").amount)
    match = judge(shop.need(hours=4, split=Split(2, HOUR), units=9), one)
    assert isinstance(match, Match)
    assert sum(piece.units for piece in match.pieces) == 9
    assert [piece.units for piece in match.pieces] == [6, 3]
    assert match.price == shop.euros("244.50")


def test_no_piece_is_shorter_than_asked_or_longer_than_sold(shop: Any) -> None:
    one = shop.candidate(shop.step(1, 4), shop.step(8, 20), max_duration=3 * HOUR)
    match = judge(shop.need(hours=5, split=Split(4, 2 * HOUR)), one)
    assert isinstance(match, Match)
    assert [piece.span for piece in match.pieces] == [shop.span(1, 4), shop.span(8, 10)]
    miss = judge(shop.need(hours=7, split=Split(2, HOUR)), one)
    assert isinstance(miss, Miss)
    assert (miss.constraint, miss.detail) == ("duration.too_long", "7 h is asked for, 6 h is the longest")


def test_one_stretch_takes_one_piece(shop: Any) -> None:
    """Whoever sells three hours at most does not mean twice three in a row; and what is missed is not the notice."""
    one = shop.candidate(shop.step(1, 20), max_duration=3 * HOUR)
    miss = judge(shop.need(hours=5, split=Split(2, HOUR)), one)
    assert isinstance(miss, Miss)
    assert (miss.constraint, miss.detail) == ("capacity.insufficient", "3 h at a stretch is left, 5 h is asked for")


def test_no_stretch_is_proposed_that_is_longer_than_what_is_sold(shop: Any) -> None:
    one = shop.candidate(shop.step(1, 3), shop.step(30, 40), max_duration=3 * HOUR)
    miss = judge(shop.need(hours=5, split=Split(2, HOUR)), one)
    assert isinstance(miss, Miss)
    assert (miss.would_do, miss.remedy) == (None, "2 h instead of 5 h")


def test_a_miss_says_how_much_of_it_there_is(shop: Any) -> None:
    one = shop.candidate(shop.step(1, 3), shop.step(5, 6), shop.step(9, 12))
    miss = judge(shop.need(hours=6, split=Split(2, HOUR)), one)
    assert isinstance(miss, Miss)
    assert (miss.constraint, miss.detail) == ("capacity.insufficient", "5 h in 2 pieces is left, 6 h is asked for")


STRETCHES = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 6)), max_size=5)


@settings(deadline=None)
@given(
    stretches=STRETCHES,
    whole=st.integers(1, 12),
    most=st.integers(2, 4),
    least=st.integers(1, 3),
    longest=st.integers(2, 7),
)
@example(stretches=[(1, 2), (1, 1), (1, 3), (1, 6)], whole=6, most=3, least=1, longest=7)
def test_no_other_way_to_split_it_would_end_earlier(
    shop: Any, stretches: list[tuple[int, int]], whole: int, most: int, least: int, longest: int
) -> None:
    """Against every choice of stretches and of whole hours in them."""
    moment, steps = 0, []
    for gap, size in stretches:
        steps.append((moment + gap, moment + gap + size))
        moment += gap + size
    one = shop.candidate(*(shop.step(*each) for each in steps), max_duration=longest * HOUR)
    found = in_pieces(shop.need(end=60, hours=whole, split=Split(most, least * HOUR)), one)
    ends = [
        chosen[-1][0] + hours[-1]
        for number in range(1, most + 1)
        for chosen in combinations(steps, number)
        for hours in product(range(least, longest + 1), repeat=number)
        if sum(hours) == whole and all(each <= end - start for each, (start, end) in zip(hours, chosen, strict=True))
    ]
    if not ends:
        assert found is None
        return
    assert found is not None
    assert found[-1].end == shop.at(min(ends))
    assert sum((span.duration for span in found), timedelta()) == whole * HOUR
    assert len(found) <= most
    for span in found:
        assert least * HOUR <= span.duration <= longest * HOUR
        assert any(shop.span(*each).covers(span) for each in steps)
    assert list(found) == sorted(found)


def test_control_a_greedy_choice_would_run_out_of_pieces(shop: Any) -> None:
    """Whoever takes each stretch as it comes has used up both pieces after three hours of six."""
    one = shop.candidate(shop.step(1, 3), shop.step(4, 5), shop.step(6, 10))
    found = in_pieces(shop.need(hours=6, split=Split(2, HOUR)), one)
    assert found == (shop.span(1, 3), shop.span(6, 10))


@pytest.mark.parametrize("units", [1, 2, 3, 7, 100])
def test_units_add_up(shop: Any, units: int) -> None:
    one = shop.candidate(shop.step(1, 2), shop.step(3, 5), shop.step(6, 9))
    match = judge(shop.need(hours=6, split=Split(3, HOUR), units=units), one)
    assert isinstance(match, Match)
    assert sum(piece.units for piece in match.pieces) == units
    assert sum(piece.units == 0 for piece in match.pieces) == max(3 - units, 0)
