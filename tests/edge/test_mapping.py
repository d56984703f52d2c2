"""From readings to facts: tables, stamps, order and quality."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from edge.mapping import Fact, Seen, StampBounds, apply, stamp
from edge.profile import Profile
from edge.reading import Reading
from edge.sources.replay_signal import ReplayProfile
from gateway.machine import ItemState, OperationMode, Quality

BOUNDS = StampBounds()
Read = Callable[..., Reading]
Moment = Callable[..., datetime]


def facts(profile: Profile, *readings: Reading, seen: Seen | None = None) -> list[Fact]:
    return apply(profile, seen or Seen(), readings, BOUNDS)[1]


def test_a_state_and_its_mode_at_one_instant_are_one_fact(machinery: Profile, read: Read, monday: Moment) -> None:
    found = facts(machinery, read("10:00", "Executing"), read("10:00", "Processing", "operation_mode"))
    assert found == [Fact(monday("10:00"), ItemState.EXECUTING, OperationMode.PROCESSING, Quality.GOOD)]


def test_a_batch_is_put_in_the_order_of_its_stamps(machinery: Profile, read: Read) -> None:
    found = facts(machinery, read("10:05", "NotExecuting"), read("10:00", "Executing"))
    assert [fact.state for fact in found] == [ItemState.EXECUTING, ItemState.NOT_EXECUTING]


def test_a_reading_older_than_its_signals_last_one_is_counted_and_dropped(machinery: Profile, read: Read) -> None:
    seen, _ = apply(machinery, Seen(), [read("10:00", "Executing")], BOUNDS)
    seen, found = apply(machinery, seen, [read("09:59", "NotExecuting")], BOUNDS)
    assert (found, seen.late) == ([], 1)


def test_a_signal_that_no_table_reads_makes_no_fact(machinery: Profile, read: Read) -> None:
    assert facts(machinery, read("10:00", 21.5, "temperature")) == []


def test_a_value_that_the_profile_does_not_know_keeps_the_last_state_as_uncertain(
    machinery: Profile, read: Read
) -> None:
    _, unknown = facts(machinery, read("10:00", "Executing"), read("10:01", "Dancing"))
    assert (unknown.state, unknown.quality) == (ItemState.EXECUTING, Quality.UNCERTAIN)
    assert unknown.unknown == ("item_state", "Dancing")


def test_a_known_value_ends_the_uncertainty(machinery: Profile, read: Read) -> None:
    found = facts(machinery, read("10:00", "Dancing"), read("10:01", "Executing"))
    assert (found[-1].state, found[-1].quality, found[-1].unknown) == (ItemState.EXECUTING, Quality.GOOD, None)


def test_a_bad_value_says_only_that_it_is_bad(machinery: Profile, read: Read) -> None:
    found = facts(machinery, read("10:00", "Executing"), read("10:01", None, quality=Quality.BAD))
    assert (found[-1].state, found[-1].quality) == (ItemState.EXECUTING, Quality.BAD)


def test_an_optional_signal_that_is_missing_spoils_nothing(machinery: Profile, read: Read) -> None:
    missing = read("10:00", None, "operation_mode", quality=Quality.BAD)
    assert [fact.quality for fact in facts(machinery, missing, read("10:00", "Executing"))] == [Quality.GOOD]


def test_a_table_with_a_hole_is_told_as_unknown(read: Read) -> None:
    holed = ReplayProfile.model_validate(
        {
            "profile": "holed",
            "title": "t",
            "source": "replay",
            "signals": {"s": {"type": "Int32"}},
            "state": [{"when": {"s": 1}, "then": "Executing"}],
        }
    )
    found = facts(holed, read("10:00", 7, "s"))
    assert (found[0].state, found[0].unknown) == (None, ("state", "s=7"))


@pytest.mark.parametrize(
    ("offset", "historical", "whose"),
    [
        (timedelta(0), False, "source"),
        (timedelta(seconds=5), False, "source"),
        (timedelta(seconds=6), False, "agent"),
        (timedelta(days=-1), False, "source"),
        (timedelta(days=-1, seconds=-1), False, "agent"),
        (timedelta(days=-900), True, "source"),
        (timedelta(days=365 * 7000), False, "agent"),
    ],
    ids=["now", "5 s ahead", "6 s ahead", "a day old", "older than a day", "history may be old", "the year 9999"],
)
def test_an_impossible_stamp_is_replaced_by_the_receipt(
    monday: Moment, offset: timedelta, historical: bool, whose: str
) -> None:
    received = monday("10:00")
    reading = Reading("M1", "s", 1, received + offset, received, historical=historical)
    at, stamped = stamp(reading, BOUNDS)
    assert (stamped, at) == (whose, received + offset if whose == "source" else received)


def test_a_reading_without_a_stamp_gets_the_receipt(monday: Moment) -> None:
    assert stamp(Reading("M1", "s", 1, None, monday("10:00")), BOUNDS) == (monday("10:00"), "agent")


def test_a_stamp_from_the_far_future_does_not_make_the_next_ones_late(machinery: Profile, read: Read) -> None:
    wild = Reading(
        "M1",
        "item_state",
        "Executing",
        datetime(9999, 1, 1, tzinfo=read("10:00", 0).received.tzinfo),
        read("10:00", 0).received,
    )
    found = facts(machinery, wild, read("10:01", "NotExecuting"))
    assert [(fact.state, fact.stamped) for fact in found] == [
        (ItemState.EXECUTING, "agent"),
        (ItemState.NOT_EXECUTING, "source"),
    ]
