"""What a signal makes of raw values: types, scale, units, names and levels; and how a bad one is refused."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge import unit
from edge.signal import Signal, Unfit, level

POWER = {"levels": [{"name": "off"}, {"name": "idle", "from": 40, "until": 30}, {"name": "running", "from": 600}]}


def signal(**keys: Any) -> Signal:
    return Signal.model_validate(keys)


@pytest.mark.parametrize(
    ("keys", "raw", "value"),
    [
        ({}, "text", "text"),
        ({"type": "Double"}, "12.5", 12.5),
        ({"type": "Int32"}, 7, 7),
        ({"type": "UInt16", "scale": 0.1, "offset": -5}, 250, 20.0),
        ({"unit": "W", "as": "kW"}, 1500, 1.5),
        ({"unit": "degF", "as": "degC"}, 212.0, 100.0),
        ({"unit": "°C", "as": "K", "scale": 0.1}, 1000, 373.15),
        ({"type": "Boolean"}, "ON", True),
        ({"type": "Boolean"}, 0, False),
        ({"type": "Double"}, "warm", Unfit("warm")),
        ({"type": "Double"}, True, Unfit(True)),
        ({"type": "Boolean"}, "maybe", Unfit("maybe")),
        ({"scale": 2.0}, None, Unfit(None)),
    ],
)
def test_a_raw_value_becomes_what_the_profile_says(keys: dict[str, Any], raw: object, value: object) -> None:
    found = signal(**keys).measure(raw)
    assert found == (pytest.approx(value) if isinstance(value, float) else value)
    assert type(found) is type(value)


@pytest.mark.parametrize("keys", [{"scale": math.nan}, {"offset": math.inf}, {"deadband": math.nan}])
def test_a_measure_that_no_number_comes_out_of_is_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="finite"):
        signal(type="Double", **keys)


def test_a_number_that_is_none_is_unfit() -> None:
    assert isinstance(signal(scale=2.0).measure(math.nan), Unfit)
    assert signal(**POWER).named(math.nan, "idle") is None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 39, 40, 31, 29.9], ["off", "off", "idle", "idle", "off"]),
        ([599, 600, 599], ["idle", "running", "idle"]),
        ([900, 0, 900], ["running", "off", "running"]),
        ([35], ["off"]),
    ],
    ids=["left only below `until`", "no `until` is no hysteresis", "over two levels at once", "the first has no past"],
)
def test_levels_are_entered_at_from_and_left_below_until(values: list[float], expected: list[str]) -> None:
    power = signal(**POWER)
    names: list[str | None] = [None]
    for value in values:
        names.append(power.named(value, names[-1]))
    assert names[1:] == expected


@given(st.floats(-1e6, 1e6), st.sampled_from([None, "off", "idle", "running", "gone"]))
def test_a_value_is_on_a_level_that_it_may_be_on(value: float, before: str | None) -> None:
    levels = signal(**POWER).levels
    name = level(levels, value, before)
    index = [each.name for each in levels].index(name)
    assert value >= levels[index].leaves
    assert index + 1 == len(levels) or value < levels[index + 1].enters
    assert level(levels, value, name) == name, "the same value again changes nothing"


@pytest.mark.parametrize(
    ("keys", "place", "complaint"),
    [
        ({"unit": "Wat"}, "unit", r"'Wat' is not a unit \(did you mean `[Ww]att`\?\)"),
        (
            {"unit": "kW", "as": "bar"},
            "as",
            r"'kW' cannot be turned into 'bar': .* is not .*; give units of one quantity",
        ),
        ({"as": "kW"}, "as", "needs `unit`"),
        ({"unit": "W", "as": "horses"}, "as", "'horses' is not a unit"),
        ({"scale": 0}, "scale", "every value the same"),
        ({"type": "String", "scale": 2}, "scale", "no meaning for a String"),
        ({"type": "Boolean", "deadband": 2}, "deadband", "no meaning for a Boolean"),
        ({"type": "LocalizedText", "unit": "W", "as": "kW"}, "as", "no meaning for a LocalizedText"),
        ({"levels": [{"name": "a"}]}, "levels", "at least two"),
        ({"levels": [{"name": "a", "from": 1}, {"name": "b", "from": 2}]}, "levels.0", "lowest level.*remove `from`"),
        ({"levels": [{"name": "a"}, {"name": "b"}]}, "levels.1", "has no `from`"),
        ({"levels": [{"name": "a"}, {"name": "a", "from": 2}]}, "levels.1.name", "twice"),
        ({"levels": [{"name": "a"}, {"name": "b", "from": 2, "until": 3}]}, "levels.1.until", r"above `from` \(2\)"),
        (
            {"levels": [{"name": "a"}, {"name": "b", "from": 2}, {"name": "c", "from": 1}]},
            "levels.2",
            "does not lie above 'b'.*low to high",
        ),
        ({"values": {0: "a"}, **POWER}, "levels", "not both"),
        ({"deadband": 0}, "deadband", "greater than 0"),
    ],
)
def test_a_bad_signal_says_which_key_and_why(keys: dict[str, Any], place: str, complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint) as refusal:
        signal(**keys)
    assert place in {".".join(map(str, fault["loc"])) for fault in refusal.value.errors()}


@pytest.mark.parametrize("name", [*sorted(unit.PLAIN), *unit.ASIDES])
def test_a_unit_that_passes_unasked_is_one(name: str) -> None:
    assert unit.line(name, unit.ASIDES.get(name, name)) == (1.0, 0.0)
    unit._parse(name)
