"""What is left of an offer: the stairs of the pure part against a count at every instant."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cloud.market.left import Offered, Taking, steps
from gateway.capacity import Confidence

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
hours = st.integers(0, 12)


def at(hour: int) -> datetime:
    return START + timedelta(hours=hour)


@st.composite
def pieces(draw: st.DrawFn) -> Offered:
    start = draw(hours)
    end = draw(st.integers(start + 1, 13))
    quantity, confidence = draw(st.integers(0, 3)), draw(st.integers(1, 5))
    return Offered(at(start), at(end), quantity, confidence, draw(st.sampled_from((0.5, 0.9))), 0.01)


@st.composite
def takings(draw: st.DrawFn) -> Taking:
    start = draw(hours)
    return Taking(at(start), at(draw(st.integers(start + 1, 13))), draw(st.integers(1, 2)))


@given(st.lists(pieces(), max_size=5), st.lists(takings(), max_size=4), st.integers(1, 3))
def test_at_every_instant_what_is_left_is_what_is_offered_less_what_is_taken(
    offer: list[Offered], taken: list[Taking], units: int
) -> None:
    found = steps(offer, taken, units, 1)
    for hour in range(14):
        moment = at(hour)
        gone = sum(each.quantity for each in taken if each.start <= moment < each.end)
        expected = tuple(
            max(
                0,
                min(units, sum(p.quantity for p in offer if p.start <= moment < p.end and p.confidence >= band)) - gone,
            )
            for band in Confidence
        )
        here = [step.left for step in found if step.span.start <= moment < step.span.end]
        assert here == ([expected] if expected[0] else [])


def test_the_odds_are_those_of_what_is_surest_and_enough() -> None:
    offer = [Offered(at(0), at(2), 1, 5, 0.98, 0.01), Offered(at(0), at(2), 1, 2, 0.5, 0.1)]
    (one,) = steps(offer, [], 2, 1)
    (two,) = steps(offer, [], 2, 2)
    assert (one.odds.chance, two.odds.chance) == (0.98, 0.49)
    assert (one.left, two.left) == ((2, 2, 1, 1, 1), (2, 2, 1, 1, 1))


def test_a_step_is_worked_out_once_however_often_one_comes_by() -> None:
    offer = [Offered(at(hour), at(hour + 1), 1, 5, 0.98, 0.01) for hour in (0, 2, 4)]
    found = steps(offer, [], 1, 1)
    first = next(iter(found))
    assert [step.span.start for step in found] == [at(0), at(2), at(4)]
    assert (next(iter(found)) is first, len(found), found[-1].span.end) == (True, 3, at(5))


def test_two_who_walk_the_same_steps_by_turns_see_the_same() -> None:
    offer = [Offered(at(hour), at(hour + 1), 1, 5, 0.98, 0.01) for hour in (0, 2, 4)]
    found = steps(offer, [], 1, 1)
    assert [(one, other) for one, other in zip(found, found, strict=True) if one is not other] == []
