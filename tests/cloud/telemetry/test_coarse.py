"""Many states in few pieces: no second is lost, and a piece is drawn as what lasted longest."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.telemetry.coarse import FOLDED, Change, Share, folded, merged, pieces, plan
from gateway.span import Span

START = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def change(
    start: float, end: float, state: str = "Executing", mode: str = "Processing", origin: str = "plant"
) -> Change:
    return Change(at(start), at(end), state, mode, origin)


def test_a_bucket_is_drawn_as_what_lasted_longest_and_says_the_rest() -> None:
    changes = [change(0, 20), change(20, 55, "NotExecuting"), change(55, 60)]
    (piece,) = pieces(folded(changes, Span(at(0), at(60)), HOUR), Span(at(0), at(60)), HOUR)
    assert (piece.state, piece.changes) == ("NotExecuting", 3)
    assert piece.shares == {"Executing": 1500.0, "NotExecuting": 2100.0}


def test_a_quiet_weekend_is_one_piece() -> None:
    window = Span(at(0), at(48 * 60))
    (piece,) = pieces(folded([change(-60, 48 * 60, "NotAvailable", "None")], window, HOUR), window, HOUR)
    assert (piece.span, piece.shares, piece.whole) == (window, {"NotAvailable": 172_800.0}, True)


def test_a_piece_ends_where_the_window_does() -> None:
    window = Span(at(10), at(70))
    told = pieces(folded([change(0, 30), change(30, 90, "OutOfService")], window, HOUR), window, HOUR)
    assert [piece.span for piece in told] == [Span(at(10), at(60)), Span(at(60), at(70))]


def test_before_anything_was_seen_there_is_no_piece() -> None:
    window = Span(at(0), at(180))
    told = pieces(folded([change(120, 180)], window, HOUR), window, HOUR)
    assert [piece.span for piece in told] == [Span(at(120), at(180))]


def test_work_for_a_booking_stays_apart_from_the_plants_own() -> None:
    window = Span(at(0), at(120))
    told = pieces(folded([change(0, 60), change(60, 120, origin="bkg_1")], window, HOUR), window, HOUR)
    assert [piece.booked for piece in told] == [False, True]


@given(
    st.lists(st.tuples(st.integers(1, 500), st.sampled_from(["Executing", "NotExecuting", "OutOfService"])), min_size=1)
)
def test_no_second_is_lost(lengths: list[tuple[int, str]]) -> None:
    changes, minute = [], -200.0
    for length, state in lengths:
        changes.append(change(minute, minute + length, state))
        minute += length
    window = Span(at(0), at(max(60.0, minute)))
    shares = folded(changes, window, HOUR)
    known = max(0.0, minute) * 60
    assert sum(share.seconds for share in shares) == pytest.approx(known)
    assert sum(sum(piece.shares.values()) for piece in pieces(shares, window, HOUR)) == pytest.approx(known)


@pytest.mark.parametrize(
    ("days", "changes", "step", "width"),
    [
        (1, 3000, 60, None),
        (7, 9000, 600, None),
        (7, 40_000, 600, "minute"),
        (30, 41_000, 3600, "hour"),
        (365, 500_000, 21_600, "hour"),
    ],
    ids=["a day", "a week", "a busy week", "a month", "a year"],
)
def test_a_window_is_told_by_what_is_least_to_read(days: int, changes: int, step: int, width: str | None) -> None:
    told = plan(Span(START, START + days * DAY), 1500, changes, START - DAY)
    assert (told.step, told.width) == (timedelta(seconds=step), width)
    assert days * DAY / told.step <= 2000


def test_minutes_that_were_pruned_are_not_asked_for() -> None:
    told = plan(Span(START, START + 7 * DAY), 1500, FOLDED + 1, START + HOUR)
    assert (told.step, told.width) == (HOUR, "hour")


def test_gaps_too_close_to_tell_apart_are_one() -> None:
    gaps = [(at(0), at(1), "cut"), (at(5), at(6), "cut"), (at(200), at(300), "cut")]
    assert merged(gaps, HOUR) == [(at(0), at(6), "cut"), (at(200), at(300), "cut")]


def test_rollups_and_changes_come_to_the_same() -> None:
    """Shares as the database adds them up, in any order within a bucket."""
    window = Span(at(0), at(60))
    shares = [
        Share(at(0), "NotExecuting", "None", False, 600.0, 1),
        Share(at(0), "Executing", "None", False, 3000.0, 1),
    ]
    (piece,) = pieces(shares, window, HOUR)
    assert (piece.state, piece.changes) == ("Executing", 2)
