"""What a meter says, as a table of jobs."""

from datetime import UTC, datetime, timedelta

import pytest

from cloud.settlement.model import Booked, Change, FinalReport, Outcome
from cloud.settlement.rules import Tolerance, complete, meter, share
from gateway.machine import PLANT, ItemState
from gateway.span import Span

CLAIM = "bkg_1"
START = datetime(2026, 3, 2, 22, tzinfo=UTC)
RUN, IDLE, BROKEN = ItemState.EXECUTING, ItemState.NOT_EXECUTING, ItemState.OUT_OF_SERVICE


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def booked(quantity: int = 10) -> Booked:
    return Booked(CLAIM, Span(at(0), at(60)), quantity)


def report(
    outcome: Outcome = Outcome.COMPLETED,
    *,
    started: float | None = 0,
    ended: float | None = 60,
    executing: float = 60,
    good: int = 10,
    ordered: int = 10,
) -> FinalReport:
    return FinalReport(
        outcome,
        at(60 if ended is None else ended),
        None if started is None else at(started),
        None if ended is None else at(ended),
        timedelta(minutes=executing),
        ordered,
        good,
    )


def change(minutes: float, state: ItemState, origin: str = CLAIM) -> Change:
    return Change(at(minutes), state, origin)


WHOLE = [change(-30, IDLE, PLANT), change(0, RUN), change(60, IDLE, PLANT)]


def test_a_job_that_ran_its_hour_is_metered_one_hour_and_agrees() -> None:
    found = meter(booked(), report(), WHOLE)
    assert (found.run_hours, found.booked_hours, found.share, found.agrees) == (1.0, 1.0, 1.0, True)
    assert (found.evidence_from, found.evidence_to, found.changes) == (at(0), at(60), 1)


def test_a_machine_that_stops_at_40_percent_is_metered_40_percent() -> None:
    history = [change(-30, IDLE, PLANT), change(0, RUN), change(24, BROKEN, PLANT)]
    found = meter(booked(), report(Outcome.ABORTED, ended=24, executing=24, good=4), history)
    assert (found.outcome, found.share, found.run_hours, found.agrees) == (Outcome.ABORTED, 0.4, 0.4, True)


def test_a_machine_that_never_starts_is_metered_zero() -> None:
    history = [change(-30, IDLE, PLANT)]
    found = meter(booked(), report(Outcome.NO_SHOW, started=None, ended=None, executing=0, good=0), history)
    assert (found.share, found.run_hours, found.changes, found.agrees) == (0.0, 0.0, 0, True)
    assert Span(found.evidence_from, found.evidence_to) == booked().span


def test_only_executing_time_of_the_bookings_own_origin_counts() -> None:
    history = [
        change(-10, RUN, PLANT),
        change(0, IDLE),
        change(6, RUN),
        change(30, RUN, PLANT),
        change(42, RUN),
        change(60, IDLE, PLANT),
    ]
    found = meter(booked(), report(executing=42), history)
    assert found.run_hours == pytest.approx(0.7)
    assert (found.started, found.ended, found.changes) == (at(6), at(60), 3)


def test_history_in_any_order_gives_the_same_meter() -> None:
    assert meter(booked(), report(), WHOLE[::-1]) == meter(booked(), report(), WHOLE)


def test_without_a_later_change_the_last_state_reaches_to_the_reported_end() -> None:
    assert meter(booked(), report(ended=45, executing=45), WHOLE[:2]).run_hours == 0.75


@pytest.mark.parametrize(
    ("given", "history", "doubt"),
    [
        (report(executing=40), WHOLE, "executing"),
        (report(ordered=12), WHOLE, "ordered_quantity"),
        (report(good=11), WHOLE, "good_quantity"),
        (report(executing=0), WHOLE[:1], "good_without_run"),
        (report(Outcome.NO_SHOW, executing=60, good=0), WHOLE, "no_show_but_ran"),
    ],
    ids=["too little executing", "other quantity ordered", "more than ordered", "good without run", "ran after all"],
)
def test_a_report_that_the_history_does_not_bear_out_does_not_agree(
    given: FinalReport, history: list[Change], doubt: str
) -> None:
    found = meter(booked(), given, history)
    assert not found.agrees
    assert doubt in found.disagreements


def test_a_minute_more_or_less_still_agrees() -> None:
    assert meter(booked(), report(executing=59), WHOLE).agrees
    assert not meter(booked(), report(executing=59), WHOLE, tolerance=Tolerance(timedelta(seconds=1), 0.001)).agrees


def test_time_that_nobody_could_see_is_told_and_may_explain_what_the_history_lacks() -> None:
    history = [
        change(-30, IDLE, PLANT),
        change(0, RUN),
        change(20, IDLE, PLANT),
        change(40, RUN),
        change(60, IDLE, PLANT),
    ]
    found = meter(booked(), report(), history, unseen=[Span(at(15), at(45))])
    assert found.unseen_hours == 0.5
    assert found.run_hours == pytest.approx(2 / 3)
    assert found.agrees
    assert not meter(booked(), report(), history).agrees


@pytest.mark.parametrize(("good", "ordered", "expected"), [(4, 10, 0.4), (12, 10, 1.0), (0, 10, 0.0), (5, 0, 0.0)])
def test_share_is_good_of_ordered(good: int, ordered: int, expected: float) -> None:
    assert share(good, ordered) == expected


@pytest.mark.parametrize(
    ("latest", "waited", "ready"),
    [(60, 0, True), (61, 0, True), (59, 0, False), (None, 0, False), (59, 5, True), (None, 5, True)],
)
def test_the_history_is_complete_with_a_change_at_the_end_or_after_a_bounded_wait(
    latest: float | None, waited: float, ready: bool
) -> None:
    known = None if latest is None else at(latest)
    assert complete(report(), known, timedelta(seconds=waited), timedelta(seconds=5)) is ready


def test_a_no_show_waits_for_the_evidence_against_it_too() -> None:
    never = report(Outcome.NO_SHOW, started=None, ended=None, executing=0, good=0)
    assert not complete(never, None, timedelta(), timedelta(seconds=5))
    assert complete(never, None, timedelta(seconds=5), timedelta(seconds=5))


def test_the_meter_is_plain_json_with_z_times() -> None:
    found = meter(booked(), report(), WHOLE).as_json()
    assert found["started"] == "2026-03-02T22:00:00Z"
    assert found["evidence"] == {
        "from": "2026-03-02T22:00:00Z",
        "to": "2026-03-02T23:00:00Z",
        "changes": 1,
        "unseen_hours": 0.0,
    }
