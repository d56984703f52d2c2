"""Readings in a basket: what comes out at the other end is what was put in, to the last bit of it."""

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.mapping import StampBounds
from edge.reading import Reading
from edge.signal import Unfit
from edge.telemetry import LARGE_MESSAGE, Basket
from gateway.link.journal import check
from gateway.machine import Quality
from gateway.messages import Telemetry, decode_up
from gateway.telemetry import LONGEST_TEXT

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
BOUNDS = StampBounds()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Told = tuple[str, int, object, str, bool]


def reading(signal: str, value: object, micros: int | None = 0, quality: Quality = Quality.GOOD) -> Reading:
    at = None if micros is None else NOW + timedelta(microseconds=micros)
    return Reading("M1", signal, value, at, NOW, quality)


def put(readings: Iterable[Reading]) -> Basket:
    basket = Basket("M1")
    basket.add(readings, BOUNDS)
    return basket


def told(payloads: Iterable[bytes]) -> list[Told]:
    """What a reader of the messages sees, value by value: signal, UNIX time (µs), value, quality, restamped."""
    found: list[Told] = []
    for payload in payloads:
        message = decode_up(check(payload))
        assert isinstance(message, Telemetry)
        for column in message.columns:
            values, rows = column.exact(), zip(column.times(message.base), column.qualities(), strict=True)
            again = set(column.restamped)
            found += [
                (column.signal, at, _same(values[index]), quality, index in again)
                for index, (at, quality) in enumerate(rows)
            ]
    return found


def expected(readings: Iterable[Reading]) -> list[Told]:
    return [
        (
            each.signal,
            ((each.source_time or each.received) - EPOCH) // timedelta(microseconds=1),
            _same(None if each.quality is Quality.BAD else each.value),
            each.quality,
            each.source_time is None,
        )
        for each in readings
    ]


def _same(value: object) -> object:
    """NaN equals nothing, True equals 1 and 1 equals 1.0, which is just what must not be mixed up here."""
    return "nan" if isinstance(value, float) and math.isnan(value) else (type(value), value)


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.integers(-(1 << 63), (1 << 64) - 1),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
READINGS = st.lists(
    st.builds(
        reading,
        st.sampled_from(["a", "b", "c"]),
        VALUES,
        st.one_of(st.none(), st.integers(-3_600_000_000, 5_000_000)),
        st.sampled_from(list(Quality)),
    ),
    min_size=1,
    max_size=60,
)


@given(READINGS)
def test_nothing_is_rounded_lost_doubled_or_mixed_up(readings: list[Reading]) -> None:
    found = told(put(readings).payloads(frozenset("abc")))
    assert sorted(found, key=repr) == sorted(expected(readings), key=repr)
    for signal in "abc":
        mine = [each for each in found if each[0] == signal]
        assert mine == [each for each in expected(readings) if each[0] == signal], "in the order of their coming"


@pytest.mark.parametrize(
    "fault",
    [
        lambda each: (each[0], each[1] // 1000 * 1000, *each[2:]),
        lambda each: (*each[:2], (float, 1.0) if each[2] == (int, 1) else each[2], *each[3:]),
        lambda each: (*each[:3], Quality.GOOD, each[4]),
    ],
    ids=["milliseconds", "integers become floats", "uncertain becomes good"],
)
def test_control_a_coding_that_loses_something_is_caught(fault: object) -> None:
    readings = [reading("a", 1, 1, Quality.UNCERTAIN), reading("a", 2, 1001)]
    found = told(put(readings).payloads(frozenset("a")))
    assert found == expected(readings)
    assert [fault(each) for each in found] != expected(readings)  # type: ignore[operator]


def test_what_the_plant_did_not_name_is_not_in_the_message() -> None:
    found = told(put([reading("a", 1), reading("b", 2)]).payloads(frozenset("b")))
    assert [each[0] for each in found] == ["b"]
    assert list(put([reading("a", 1)]).payloads(frozenset())) == []


def test_many_values_make_as_many_messages_as_the_post_can_carry() -> None:
    readings = [reading("a", f"{number:064d}"[::-1] * 20, number) for number in range(2000)]
    payloads = list(put(readings).payloads(frozenset("a")))
    assert max(map(len, payloads)) <= LARGE_MESSAGE
    assert told(payloads) == expected(readings)


def test_fifty_thousand_values_in_one_flush_are_several_messages() -> None:
    readings = [reading(f"s{number % 7}", float(number), number) for number in range(50_000)]
    payloads = list(put(readings).payloads(frozenset(f"s{number}" for number in range(7))))
    assert len(payloads) > 2
    assert sorted(told(payloads)) == sorted(expected(readings))


@pytest.mark.parametrize(
    ("value", "shown", "quality"),
    [
        (Unfit("hot"), None, Quality.BAD),
        (1 << 70, str(1 << 70), Quality.GOOD),
        ((1, 2), "(1, 2)", Quality.GOOD),
        ("x" * (LONGEST_TEXT + 1), "x" * LONGEST_TEXT, Quality.UNCERTAIN),
        ("caf\udce9", "caf?", Quality.UNCERTAIN),
    ],
    ids=["no number", "beyond 64 bits", "an array", "a long text", "a text that is no text"],
)
def test_what_json_has_no_word_for_is_told_as_well_as_can_be(value: object, shown: object, quality: Quality) -> None:
    ((_, _, found, judged, _),) = told(put([reading("a", value)]).payloads(frozenset("a")))
    assert (found, judged) == (_same(shown), quality)


def test_a_stamp_that_cannot_be_is_replaced_and_marked() -> None:
    readings = [reading("a", 1.0, 60_000_000), reading("a", 2.0, 0)]
    found = told(put(readings).payloads(frozenset("a")))
    assert [(at, again) for _, at, _, _, again in found] == [(found[1][1], True), (found[1][1], False)]
