"""What an event makes old, and how a newer past joins an older one."""

from datetime import timedelta

import pytest

from cloud.dashboard.changes import Stale, joined, mark, resume_from, with_bookings
from cloud.dashboard.fake import NOW
from cloud.dashboard.model import NOTHING_SEEN

H = timedelta(hours=1)


@pytest.mark.parametrize(
    ("kind", "data", "stale"),
    [
        ("machine.state", {"machine_id": "mch_1"}, Stale(machines=True, states={"mch_1"})),
        ("capacity.changed", {"machine_id": "mch_1"}, Stale(machines=True, capacity={"mch_1"})),
        ("booking.changed", {"machine_id": "mch_1", "id": "bkg_1"}, Stale(capacity={"mch_1"}, bookings={"bkg_1"})),
        ("hold.changed", {"machine_id": "mch_1", "id": "hld_1"}, Stale(capacity={"mch_1"})),
        ("message.parked", {}, Stale(parked=True)),
        ("machine.state", {}, Stale(everything=True)),
        ("booking.changed", {"id": "bkg_1"}, Stale(everything=True)),
        ("something.new", {"machine_id": "mch_1"}, Stale()),
    ],
)
def test_an_event_makes_old_what_it_names_and_no_more(kind, data, stale):
    found = Stale()
    mark(found, kind, data)
    assert found == stale
    assert bool(found) == (stale != Stale())


def test_the_last_state_is_read_again_and_goes_on_as_told_now(make):
    old = make.states((NOW - 5 * H, NOW - 2 * H, "NotExecuting"), (NOW - 2 * H, None, "Executing"))
    since = resume_from(old, NOW - 24 * H)
    new = make.states((NOW - 2 * H, NOW - H, "Executing"), (NOW - H, None, "OutOfService"))
    assert since == NOW - 2 * H
    assert joined(old, new, since, NOW - 24 * H) == make.states(
        (NOW - 5 * H, NOW - 2 * H, "NotExecuting"), (NOW - 2 * H, NOW - H, "Executing"), (NOW - H, None, "OutOfService")
    )


def test_an_api_that_tells_whole_states_beyond_the_window_doubles_nothing(make):
    old = make.states((NOW - 5 * H, NOW - 2 * H, "Executing"))
    new = make.states((NOW - 5 * H, NOW - 2 * H, "Executing"), (NOW - 2 * H, None, "NotExecuting"))
    found = joined(old, new, NOW - 3 * H, NOW - 24 * H)
    assert [(piece.start, piece.end) for piece in found.items] == [
        (NOW - 5 * H, NOW - 3 * H),
        (NOW - 3 * H, NOW - 2 * H),
        (NOW - 2 * H, None),
    ]


def test_what_ended_too_long_ago_is_forgotten(make):
    gaps = [{"start": NOW - at * H, "end": NOW - (at - 1) * H, "reason": "cut"} for at in (9, 2)]
    old = make.states((NOW - 9 * H, NOW - 6 * H, "Executing"), (NOW - 6 * H, None, "NotExecuting"), gaps=gaps)
    found = joined(old, NOTHING_SEEN, NOW, NOW - 5 * H)
    assert [piece.state for piece in found.items] == ["NotExecuting"]
    assert [gap.end for gap in found.gaps] == [NOW - H]


def test_without_a_past_everything_is_read():
    assert resume_from(NOTHING_SEEN, NOW - 8 * H) == NOW - 8 * H


def test_a_booking_read_again_keeps_its_place_and_a_new_one_comes_last(make):
    one, two = make.booking(NOW, NOW + H, id="bkg_1"), make.booking(NOW, NOW + H, id="bkg_2")
    newer, third = one.model_copy(update={"state": "RUNNING"}), make.booking(NOW, NOW + H, id="bkg_3")
    assert with_bookings((one, two), [third, newer]) == (newer, two, third)
