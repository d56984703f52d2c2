"""From readings to facts: tables, stamps, order and quality."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from edge.mapping import Fact, Seen, StampBounds, apply, shape, stamp
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


def stamped(reading: Reading, off: timedelta) -> Reading:
    assert reading.source_time
    return replace(reading, source_time=reading.source_time + off)


def told(profile: Profile, readings: list[Reading], seen: Seen | None = None) -> tuple[Seen, list[Fact]]:
    """The facts of readings that came one after the other."""
    seen, found = seen or Seen(), list[Fact]()
    for reading in readings:
        seen, more = apply(profile, seen, [reading], BOUNDS)
        found += more
    return seen, found


def test_a_machine_whose_clock_was_set_back_is_believed_again_after_a_minute_by_our_clock(
    machinery: Profile, read: Read, monday: Moment
) -> None:
    hour = timedelta(hours=-1)
    first = read("10:00", "NotExecuting")
    later = [stamped(read(at, "Executing"), hour) for at in ("10:01", "10:02", "10:30", "11:05")]
    seen, found = told(machinery, [first, *later])
    assert [(fact.at, fact.state, fact.stamped) for fact in found] == [
        (monday("10:00"), ItemState.NOT_EXECUTING, "source"),
        (monday("10:02"), ItemState.EXECUTING, "agent"),
        (monday("10:30"), ItemState.EXECUTING, "agent"),
        (monday("11:05"), ItemState.EXECUTING, "agent"),
    ]
    assert seen.late == 1
    seen, found = told(machinery, [read("11:06", "NotExecuting")], seen)
    assert [fact.stamped for fact in found] == ["source"]
    assert not seen.behind


def test_a_backlog_of_old_readings_among_new_ones_is_late_however_long_it_takes(machinery: Profile, read: Read) -> None:
    old = [replace(read(at, "Executing"), received=read("10:30", 0).received) for at in ("09:01", "09:02")]
    last = replace(read("09:03", "Executing"), received=read("10:32", 0).received)
    readings = [read("10:29", "NotExecuting"), *old, read("10:31", "NotExecuting"), last]
    seen, found = told(machinery, readings)
    assert ([fact.state for fact in found], seen.late) == ([ItemState.NOT_EXECUTING] * 2, 3)


def test_history_is_never_taken_for_a_clock_that_was_set_back(machinery: Profile, read: Read) -> None:
    past = [replace(stamped(read(at, "Executing"), timedelta(hours=-1)), historical=True) for at in ("10:01", "10:05")]
    seen, _ = told(machinery, [read("10:00", "NotExecuting"), *past])
    assert (seen.late, seen.behind) == (2, {})


def test_after_a_bad_value_without_a_stamp_the_old_value_counts_again(
    machinery: Profile, read: Read, monday: Moment
) -> None:
    value = read("10:00", "Executing")
    silent = Reading("M1", "item_state", None, None, monday("10:10"), Quality.BAD)
    _, found = told(machinery, [value, silent, replace(value, received=monday("10:11"))])
    assert [fact.quality for fact in found] == [Quality.GOOD, Quality.BAD, Quality.GOOD]


PRESS = ReplayProfile.model_validate(
    {
        "profile": "press",
        "title": "t",
        "source": "replay",
        "signals": {
            "running": {"type": "Boolean"},
            "alarm": {"values": {"0": "none", "2": "stop"}},
            "door": {"type": "Boolean", "optional": True},
        },
        "state": [
            {"when": {"alarm": "stop"}, "then": "OutOfService"},
            {"when": {"door": True, "running": False}, "then": "NotAvailable"},
            {"when": {"running": True}, "then": "Executing"},
            {"then": "NotExecuting"},
        ],
    }
)


def test_no_row_decides_before_the_signals_of_those_above_it_were_heard(read: Read, monday: Moment) -> None:
    readings = [read("07:00", 0, "alarm"), read("08:00", True, "running"), read("09:00", False, "running")]
    assert [(fact.at, fact.state) for fact in facts(PRESS, *readings)] == [
        (monday("07:00"), None),
        (monday("08:00"), ItemState.EXECUTING),
        (monday("09:00"), ItemState.NOT_EXECUTING),
    ], "a machine may do without its door"
    assert [fact.state for fact in facts(PRESS, read("07:00", 2, "alarm"))] == [ItemState.OUT_OF_SERVICE]


def test_a_signal_that_no_table_reads_makes_no_fact(machinery: Profile, read: Read) -> None:
    assert facts(machinery, read("10:00", 21.5, "temperature")) == []


def test_a_value_that_the_profile_does_not_know_keeps_the_last_state_as_uncertain(
    machinery: Profile, read: Read
) -> None:
    _, unknown = facts(machinery, read("10:00", "Executing"), read("10:01", "Dancing"))
    assert (unknown.state, unknown.quality) == (ItemState.EXECUTING, Quality.UNCERTAIN)
    assert unknown.unknown == ("item_state", "Dancing")


def test_since_when_the_state_is_a_guess_is_known_until_it_is_none(
    machinery: Profile, read: Read, monday: Moment
) -> None:
    seen, _ = told(machinery, [read("10:00", "Executing"), read("10:01", "Dancing"), read("10:02", "Singing")])
    assert seen.strange == {"item_state": monday("10:01")}
    seen, _ = told(machinery, [read("10:03", "Odd", "operation_mode")], seen)
    assert seen.strange == {"item_state": monday("10:01")}, "what the state table does not read makes it no guess"
    assert not told(machinery, [read("10:04", "NotExecuting")], seen)[0].strange


def test_a_value_as_long_as_a_message_is_shown_shortly(machinery: Profile, read: Read) -> None:
    (fact,) = facts(machinery, read("10:00", "x" * 2_000_000))
    assert fact.unknown == ("item_state", "x" * 80 + "…")


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


METER = ReplayProfile.model_validate(
    {
        "profile": "meter",
        "title": "t",
        "source": "replay",
        "signals": {
            "power": {
                "type": "Double",
                "unit": "kW",
                "as": "W",
                "deadband": 5,
                "levels": [
                    {"name": "off"},
                    {"name": "idle", "from": 40, "until": 30},
                    {"name": "running", "from": 600},
                ],
            },
            "door": {"type": "Boolean", "optional": True},
        },
        "state": [
            {"when": {"power": "running"}, "then": "Executing"},
            {"when": {"power": "idle"}, "then": "NotExecuting"},
            {"when": {"power": "off"}, "then": "NotAvailable"},
        ],
        "mode": [{"when": {"door": True}, "then": "Setup"}, {"then": "Processing"}],
    }
)


def shaped(*readings: Reading, seen: Seen | None = None) -> tuple[Seen, list[object]]:
    seen, kept = shape(METER, seen or Seen(), readings)
    return seen, [reading.value for reading in kept]


def test_values_come_in_the_profiles_unit_and_small_changes_not_at_all(read: Read) -> None:
    readings = [read("10:00", raw, "power") for raw in (0.1, "0.104", 0.094, 0.106)]
    seen, values = shaped(*readings)
    assert values == pytest.approx([100.0, 94.0, 106.0])
    assert seen.numbers == {"power": pytest.approx(106.0)}


def test_a_slow_drift_is_seen_once_it_is_as_large_as_the_deadband(read: Read) -> None:
    _, values = shaped(*(read("10:00", number / 1000, "power") for number in range(100, 112)))
    assert values == pytest.approx([100.0, 105.0, 110.0])


def test_a_value_that_was_bad_comes_back_however_small_its_change(read: Read) -> None:
    bad = read("10:01", None, "power", quality=Quality.BAD)
    _, values = shaped(read("10:00", 0.1, "power"), bad, read("10:02", 0.1, "power"))
    assert values == [pytest.approx(100.0), None, pytest.approx(100.0)]


def test_an_uncertain_value_is_never_too_small_a_change(read: Read) -> None:
    _, values = shaped(read("10:00", 0.1, "power"), read("10:01", 0.1, "power", quality=Quality.UNCERTAIN))
    assert len(values) == 2


def test_a_level_holds_until_it_is_really_left(read: Read) -> None:
    watts = [0, 45, 35, 20, 800]
    readings = [read(f"10:0{minute}", value / 1000, "power") for minute, value in enumerate(watts)]
    seen, kept = shape(METER, Seen(), readings)
    _, found = apply(METER, seen, kept, BOUNDS)
    assert [fact.state for fact in found] == [
        ItemState.NOT_AVAILABLE,
        ItemState.NOT_EXECUTING,
        ItemState.NOT_EXECUTING,
        ItemState.NOT_AVAILABLE,
        ItemState.EXECUTING,
    ]


def test_a_value_of_the_wrong_type_is_told_as_unknown(read: Read) -> None:
    seen, kept = shape(METER, Seen(), [read("10:00", 0.8, "power"), read("10:01", "warm", "power")])
    _, found = apply(METER, seen, kept, BOUNDS)
    assert (found[-1].state, found[-1].quality) == (ItemState.EXECUTING, Quality.UNCERTAIN)
    assert found[-1].unknown == ("power", "warm")
