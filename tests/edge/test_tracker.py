"""A machine's state over time: what is told, when, and what never is."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.mapping import Fact
from edge.tracker import Track, doubt, due, serve, step, tick
from gateway.machine import PLANT, ItemState, OperationMode, Quality
from gateway.messages import StateChange

RUN, IDLE, FAULT = ItemState.EXECUTING, ItemState.NOT_EXECUTING, ItemState.OUT_OF_SERVICE
SECOND = timedelta(seconds=1)
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def fact(seconds: float, state: ItemState | None, mode: OperationMode | None = None, **rest: object) -> Fact:
    return Fact(at(seconds), state, mode, rest.pop("quality", Quality.GOOD), **rest)  # type: ignore[arg-type]


def play(*facts: Fact, debounce: timedelta = timedelta()) -> tuple[Track, list[StateChange]]:
    track, told = Track("M1"), list[StateChange]()
    for each in facts:
        track, changes = step(track, each, debounce)
        told += changes
    return track, told


def brief(told: list[StateChange]) -> list[tuple[float, ItemState]]:
    return [((change.at - START).total_seconds(), change.state) for change in told]


def test_a_machine_of_which_only_bad_values_came_was_not_seen_yet() -> None:
    track, told = play(fact(0, ItemState.NOT_AVAILABLE, quality=Quality.BAD))
    assert (track.latest, told) == (None, [])
    assert brief(step(track, fact(1, IDLE), timedelta())[1]) == [(1, IDLE)]


def test_only_changes_are_told() -> None:
    _, told = play(fact(0, IDLE), fact(1, IDLE), fact(2, RUN), fact(3, RUN), fact(4, IDLE))
    assert brief(told) == [(0, IDLE), (2, RUN), (4, IDLE)]


def test_a_flicker_shorter_than_the_debounce_is_never_told() -> None:
    _, told = play(fact(0, IDLE), fact(10, RUN), fact(10.5, IDLE), fact(20, RUN), fact(25, RUN), debounce=SECOND)
    assert brief(told) == [(0, IDLE), (20, RUN)]


def test_a_state_that_lasts_is_told_from_its_own_beginning() -> None:
    track, told = play(fact(0, IDLE), fact(10, RUN), debounce=SECOND)
    assert due(track, SECOND) == at(11)
    _, later = tick(track, at(11), SECOND)
    assert brief([*told, *later]) == [(0, IDLE), (10, RUN)]


def test_two_quick_states_in_a_row_tell_the_one_that_stayed() -> None:
    _, told = play(fact(0, IDLE), fact(10, FAULT), fact(10.4, RUN), fact(13, RUN), debounce=SECOND)
    assert brief(told) == [(0, IDLE), (10.4, RUN)]


def test_what_comes_late_from_another_signal_never_rewrites_history() -> None:
    _, told = play(fact(0, IDLE), fact(10, RUN), fact(5, RUN, OperationMode.PROCESSING))
    assert [(change.at, change.mode) for change in told[1:]] == [
        (at(10), OperationMode.NONE),
        (at(10), OperationMode.PROCESSING),
    ]


def test_a_mode_before_any_state_waits_for_it() -> None:
    _, told = play(fact(0, None, OperationMode.SETUP), fact(5, RUN))
    assert [(change.state, change.mode) for change in told] == [(RUN, OperationMode.SETUP)]


def test_what_the_second_source_says_of_the_mode_counts_more() -> None:
    track, _ = play(fact(0, RUN, OperationMode.PROCESSING))
    track, told = step(track, fact(1, None, OperationMode.SETUP), timedelta(), second=True)
    assert [(change.state, change.mode) for change in told] == [(RUN, OperationMode.SETUP)]
    assert step(track, fact(2, RUN, OperationMode.PROCESSING), timedelta())[1] == ()


def test_a_bad_quality_is_a_change_and_keeps_the_state() -> None:
    _, told = play(fact(0, RUN), fact(1, IDLE, quality=Quality.BAD), fact(2, RUN))
    assert [(change.state, change.quality) for change in told] == [
        (RUN, Quality.GOOD),
        (RUN, Quality.BAD),
        (RUN, Quality.GOOD),
    ]


def test_a_machine_that_nobody_sees_is_told_once_as_uncertain() -> None:
    track, _ = play(fact(0, RUN))
    track, told = doubt(track, at(60))
    assert [(change.at, change.quality, change.stamped) for change in told] == [(at(60), Quality.UNCERTAIN, "agent")]
    assert doubt(track, at(70))[1] == ()


def test_a_machine_that_comes_back_with_an_old_stamp_is_good_from_the_doubt_on() -> None:
    track, _ = doubt(play(fact(0, RUN))[0], at(60))
    _, told = step(track, fact(0, RUN), timedelta())
    assert [(change.at, change.quality) for change in told] == [(at(60), Quality.GOOD)]


def test_a_booking_is_the_origin_from_its_start_to_its_end() -> None:
    track, _ = play(fact(0, RUN))
    track, started = serve(track, "bkg_1", at(5))
    track, running = step(track, fact(8, IDLE), timedelta())
    _, ended = serve(track, PLANT, at(9))
    told = [*started, *running, *ended]
    assert [(change.at, change.state, change.origin) for change in told] == [
        (at(5), RUN, "bkg_1"),
        (at(8), IDLE, "bkg_1"),
        (at(9), IDLE, PLANT),
    ]


def test_a_pending_state_gets_the_new_origin_too() -> None:
    track, _ = play(fact(0, IDLE), fact(10, RUN), debounce=SECOND)
    track, _ = serve(track, "bkg_1", at(10))
    _, told = tick(track, at(12), SECOND)
    assert [(change.state, change.origin) for change in told] == [(RUN, "bkg_1")]


def test_a_replaced_stamp_is_flagged() -> None:
    _, told = play(fact(0, RUN, stamped="agent"))
    assert told[0].stamped == "agent"


states = st.sampled_from(ItemState)
steps = st.lists(st.tuples(st.floats(0, 1000), states), min_size=1, max_size=40)


@given(steps, st.sampled_from([0, 1, 7]))
def test_the_told_history_runs_forward_and_repeats_nothing(moves: list[tuple[float, ItemState]], debounce: int) -> None:
    track, told = play(*(fact(when, state) for when, state in moves), debounce=timedelta(seconds=debounce))
    track, last = tick(track, at(5000), timedelta(seconds=debounce))
    told += last
    assert [change.at for change in told] == sorted(change.at for change in told)
    assert all(one.state != other.state for one, other in itertools.pairwise(told))
    assert told[-1].state == moves[-1][1]


@given(steps)
def test_without_debounce_every_change_in_order_is_told(moves: list[tuple[float, ItemState]]) -> None:
    ordered = sorted(moves, key=lambda move: move[0])
    _, told = play(*(fact(when, state) for when, state in ordered))
    wanted = [
        move for before, move in zip([None, *ordered], ordered, strict=False) if not before or before[1] != move[1]
    ]
    assert [(change.at, change.state) for change in told] == [(at(when), state) for when, state in wanted]


@pytest.mark.parametrize("debounce", [0, 1])
def test_tick_without_anything_pending_tells_nothing(debounce: int) -> None:
    track, _ = play(fact(0, RUN))
    assert tick(track, at(100), timedelta(seconds=debounce)) == (track, ())
