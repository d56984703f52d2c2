"""What the API says of a machine becomes bands left and right of now."""

from datetime import datetime, timedelta

import pytest

from cloud.dashboard.fake import NOW
from cloud.dashboard.plant.bands import View, booking_bars, free_spans, offer_bars, row, state_bars, thinned
from gateway.span import Span, total

H = timedelta(hours=1)
DAY = Span(NOW - 24 * H, NOW + 24 * H)
PAST = Span(NOW - 24 * H, NOW)


def at(hours: float) -> datetime:
    return NOW + hours * H


def test_states_that_reach_into_the_window_are_drawn_and_the_last_one_lasts_until_now(make):
    old = (at(-40), at(-30), "NotExecuting")
    told = make.states(
        old, (at(-30), at(-20), "Executing"), (at(-20), at(-2), "NotExecuting"), (at(-2), None, "Executing")
    )
    bands = state_bars(make.machine(), told, PAST, NOW)
    assert [(band.span, band.state) for band in bands] == [
        (Span(at(-30), at(-20)), "Executing"),
        (Span(at(-20), at(-2)), "NotExecuting"),
        (Span(at(-2), NOW), "Executing"),
    ]
    assert all(band.sure for band in bands)


def test_what_a_silent_machine_does_since_it_was_heard_of_is_only_assumed(make):
    silent = make.machine(fresh=False, last_receipt_at=at(-1))
    bands = state_bars(silent, make.states((at(-3), None, "Executing")), PAST, NOW)
    assert [(band.span, band.sure) for band in bands] == [(Span(at(-3), at(-1)), True), (Span(at(-1), NOW), False)]


def test_while_the_api_is_away_nobody_knows_what_goes_on(make):
    bands = state_bars(make.machine(), make.states((at(-3), None, "Executing")), PAST, at(-0.5))
    assert [(band.span, band.sure) for band in bands] == [(Span(at(-3), at(-0.5)), True), (Span(at(-0.5), NOW), False)]


def test_a_value_that_was_not_good_is_shown_as_unsure(make):
    told = make.states((at(-3), at(-1), "Executing"))
    told = told.model_copy(update={"items": (told.items[0].model_copy(update={"quality": "uncertain"}),)})
    assert [band.sure for band in state_bars(make.machine(), told, PAST, NOW)] == [False]


def test_short_states_become_one_band_in_the_state_that_lasted_longest_and_no_time_is_lost(make):
    short = [(at(-3 + n / 60), at(-3 + (n + 1) / 60), "Executing" if n % 3 else "OutOfService") for n in range(60)]
    bands = state_bars(make.machine(), make.states((at(-5), at(-3), "NotExecuting"), *short), PAST, NOW)
    seen = thinned(bands, timedelta(minutes=10))
    assert [band.changes for band in seen] == [1, 10, 10, 10, 10, 10, 10]
    assert {band.state for band in seen[1:]} == {"Executing"}
    assert total(band.span for band in seen) == total(band.span for band in bands)


def test_states_with_a_hole_between_them_are_never_joined_over_it(make):
    told = make.states((at(-3), at(-2.99), "Executing"), (at(-2), at(-1.99), "Executing"))
    seen = thinned(state_bars(make.machine(), told, PAST, NOW), H / 2)
    assert [band.span for band in seen] == [Span(at(-3), at(-2.99)), Span(at(-2), at(-1.99))]


def test_without_a_least_length_every_state_stays(make):
    told = make.states(*((at(-n - 1), at(-n), "Executing") for n in range(5)))
    bands = state_bars(make.machine(), told, PAST, NOW)
    assert thinned(bands, timedelta(0)) == bands


def test_what_was_offered_until_now_is_not_drawn(make):
    told = make.capacity((at(-2), at(3), "Available", 1), (at(-3), at(-2), "Committed", 1))
    bands = offer_bars(told.spans, 1, Span(NOW, at(24)))
    assert [(band.span, band.low, band.high) for band in bands] == [(Span(at(-2), at(3)), 0.0, 1.0)]


def test_a_pool_stacks_its_parts_by_their_share(make):
    told = make.capacity((NOW, at(4), "Available", 1), (NOW, at(2), "Committed", 3))
    bands = offer_bars(told.spans, 4, Span(NOW, at(24)))
    assert [(band.span, band.offer.type, band.low, band.high) for band in bands] == [
        (Span(NOW, at(2)), "Committed", 0.0, 0.75),
        (Span(NOW, at(2)), "Available", 0.75, 1.0),
        (Span(at(2), at(4)), "Available", 0.0, 0.25),
    ]


@pytest.mark.parametrize(
    ("state", "drawn"),
    [("CONFIRMED", True), ("METERED", True), ("NO_SHOW", True), ("CANCELLED", False), ("EXPIRED", False)],
)
def test_a_booking_of_which_nothing_came_is_not_drawn(make, state, drawn):
    bars = booking_bars([make.booking(at(1), at(2), state)], [], DAY, NOW)
    assert bool(bars) is drawn


def test_a_running_booking_has_run_until_now_and_a_metered_one_as_the_meter_says(make):
    running = make.booking(at(-1), at(2), "RUNNING")
    stopped = make.booking(at(-9), at(-5), "METERED", meter={"share": 0.4, "started": at(-9), "ended": at(-7.4)})
    bars = booking_bars([running, stopped], [], DAY, NOW)
    assert [(bar.ran, bar.share, bar.live) for bar in bars] == [
        (Span(at(-9), at(-7.4)), 0.4, False),
        (Span(at(-1), NOW), None, True),
    ]


def test_a_hold_of_somebody_else_is_drawn_beside_the_bookings_but_no_booking_twice(make):
    claims = [make.claim(at(1), at(2)), make.claim(at(3), at(4), "HELD", id="hld_1")]
    bars = booking_bars([make.booking(at(1), at(2))], claims, DAY, NOW)
    assert [(bar.id, bar.state) for bar in bars] == [("bkg_1", "CONFIRMED"), ("hld_1", "HELD")]


def test_free_spans_are_what_nobody_claimed_of_the_offer(make):
    told = make.capacity((at(-1), at(4), "Available", 1), (at(4), at(9), "Committed", 1))
    told = told.model_copy(update={"claims": (make.claim(at(1), at(2), "HELD"),)})
    assert [span for span, _ in free_spans(told, NOW)] == [Span(NOW, at(1)), Span(at(2), at(4))]


def test_a_machine_of_which_nothing_is_known_yet_has_an_empty_row(make):
    machine = make.machine(state=None, last_receipt_at=None)
    found = row(make.plant(machines=(machine,)), machine, View(DAY, NOW, NOW))
    assert (found.states, found.gaps, found.offers, found.bookings) == ((), (), (), ())


def test_what_nobody_could_see_is_part_of_the_row(make):
    gaps = [{"start": at(-30), "end": at(-23), "reason": "cut"}]
    machine = make.machine()
    found = row(make.plant(machines=(machine,), states={"mch_1": make.states(gaps=gaps)}), machine, View(DAY, NOW, NOW))
    assert found.gaps == (Span(at(-30), at(-23)),)
