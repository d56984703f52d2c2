"""When a machine's capacity is said again."""

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from edge.publish import Said, Terms, bare, consider, due, statement, told
from gateway.capacity import CapacitySpan, CapacityType, Reason
from gateway.span import Span

Moment = Callable[..., datetime]
TERMS = Terms(lease=timedelta(minutes=6), settle=timedelta(seconds=30))
FREE, TAKEN = (CapacityType.AVAILABLE, Reason.IDLE), (CapacityType.COMMITTED, Reason.PLANNED)
Pieces = tuple[CapacitySpan, ...]


@pytest.fixture
def ledger(monday: Moment) -> Callable[..., Pieces]:
    """Idle from 08:00 to 20:00, but for orders at the given hours."""

    def make(*busy: int, detail: str | None = None, start: str = "08:00") -> Pieces:
        moments = [monday(start), *(monday(f"{hour:02}:00") for hour in range(9, 21))]
        pieces = []
        for begin, end in itertools.pairwise(moments):
            taken = end - timedelta(hours=1) in {monday(f"{hour:02}:00") for hour in busy}
            kind, reason = TAKEN if taken else FREE
            pieces.append(CapacitySpan(Span(begin, end), kind, 1, reason, detail=detail if taken else None))
        return bare(pieces) if detail is None else tuple(pieces)

    return make


@pytest.fixture
def said(monday: Moment, ledger: Callable[..., Pieces]) -> Said:
    return Said(1, ledger(10), Span(monday("08:00"), monday("20:00")), whole_at=monday("08:00"))


def test_the_first_statement_is_due_at_once(monday: Moment, ledger: Callable[..., Pieces]) -> None:
    within = Span(monday("08:00"), monday("20:00"))
    assert consider(Said(), ledger(), within, monday("08:00"), TERMS)[1] == within
    assert due(Said(), TERMS) is None


def test_nothing_new_is_not_said(monday: Moment, said: Said, ledger: Callable[..., Pieces]) -> None:
    within = Span(monday("08:01"), monday("20:00"))
    assert consider(said, ledger(10, start="08:01"), within, monday("08:01"), TERMS) == (said, None)


def test_less_to_sell_is_said_at_once(monday: Moment, said: Said, ledger: Callable[..., Pieces]) -> None:
    within = Span(monday("08:01"), monday("20:00"))
    assert consider(said, ledger(10, 14, start="08:01"), within, monday("08:01"), TERMS)[1]


def test_more_to_sell_is_said_when_it_has_lasted(monday: Moment, said: Said, ledger: Callable[..., Pieces]) -> None:
    within = Span(monday("08:01"), monday("20:00"))
    better = ledger(start="08:01")
    waiting, now = consider(said, better, within, monday("08:01"), TERMS)
    assert (now, due(waiting, TERMS)) == (None, monday("08:01:30"))
    assert consider(waiting, better, within, monday("08:01:30"), TERMS)[1]


def test_news_that_went_away_again_is_not_said(monday: Moment, said: Said, ledger: Callable[..., Pieces]) -> None:
    within = Span(monday("08:01"), monday("20:00"))
    waiting, _ = consider(said, ledger(start="08:01"), within, monday("08:01"), TERMS)
    assert consider(waiting, ledger(10, start="08:01"), within, monday("08:01:29"), TERMS) == (said, None)


def test_the_lease_is_renewed_before_it_runs_out_with_the_coming_hour(
    monday: Moment, said: Said, ledger: Callable[..., Pieces]
) -> None:
    within = Span(monday("08:02"), monday("20:00"))
    _, part = consider(said, ledger(10, start="08:02"), within, monday("08:02"), TERMS)
    assert part == Span(monday("08:02"), monday("09:02"))
    assert due(said, TERMS) == monday("08:02")


def test_a_sign_of_life_says_the_horizons_new_end(monday: Moment, said: Said, ledger: Callable[..., Pieces]) -> None:
    longer = [*ledger(10, start="08:02"), CapacitySpan(Span(monday("20:00"), monday("21:00")), *TAKEN[:1], 1, TAKEN[1])]
    _, part = consider(said, longer, Span(monday("08:02"), monday("21:00")), monday("08:02"), TERMS)
    assert part == Span(monday("20:00"), monday("21:00"))


def test_all_is_said_again_now_and_then(monday: Moment, said: Said, ledger: Callable[..., Pieces]) -> None:
    within = Span(monday("08:24"), monday("20:00"))
    assert consider(said, ledger(10, start="08:24"), within, monday("08:24"), TERMS)[1] == within


def test_a_change_costs_what_changed(monday: Moment, said: Said, ledger: Callable[..., Pieces]) -> None:
    within = Span(monday("08:01"), monday("20:00"))
    after = ledger(10, 14, start="08:01")
    _, part = consider(said, after, within, monday("08:01"), TERMS)
    assert part == Span(monday("14:00"), monday("15:00"))
    fresh = told(said, after, within, part)
    found = statement("M1", fresh, part, monday("08:01"), TERMS)
    assert [(piece.start, piece.reason) for piece in found.spans] == [(monday("14:00"), Reason.PLANNED)]
    assert fresh.ledger == after
    assert consider(fresh, after, within, monday("08:01"), TERMS)[1] is None


def test_after_our_clock_was_set_back_all_is_said(monday: Moment, said: Said, ledger: Callable[..., Pieces]) -> None:
    early = Span(monday("06:00"), monday("18:00"))
    assert consider(said, ledger(10, start="08:00"), early, monday("06:00"), TERMS)[1] == early


def test_the_numbers_of_orders_do_not_show_and_do_not_divide(ledger: Callable[..., Pieces]) -> None:
    known = ledger(10, 11, detail="4711")
    assert [part.reason for part in bare(known)] == [Reason.IDLE, Reason.PLANNED, Reason.IDLE]


def test_a_statement_carries_its_lease(monday: Moment, said: Said) -> None:
    found = statement("M1", said, Span(monday("08:00"), monday("20:00")), monday("08:00"), TERMS)
    assert (found.version, found.issued_at, found.valid_until) == (1, monday("08:00"), monday("08:06"))
    assert (found.start, found.end, len(found.spans)) == (monday("08:00"), monday("20:00"), 3)


def test_a_statement_of_nothing_is_a_fault(monday: Moment) -> None:
    with pytest.raises(ValueError, match="nothing was said"):
        statement("M1", Said(), Span(monday("08:00"), monday("20:00")), monday("08:00"), TERMS)
