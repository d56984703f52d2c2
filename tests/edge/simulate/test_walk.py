"""A profile told backwards says, told forwards, what was meant."""

from datetime import datetime, timedelta

import pytest

from edge.mapping import Seen, StampBounds, apply, shape
from edge.profile import find, names
from edge.profilemodel import Profile
from edge.reading import Reading
from edge.signal import Signal
from edge.simulate.walk import measure, raw, walk
from gateway.machine import ItemState, Quality
from gateway.span import utc

START = utc(datetime.fromisoformat("2026-03-02T06:00:00Z"))


def forwards(profile: Profile) -> list[tuple[object, object, object]]:
    seen = Seen()
    told: list[tuple[object, object, object]] = []
    for number, step in enumerate(walk(profile)):
        at = START + timedelta(hours=number)
        readings = [Reading("M1", name, value, at, at) for name, value in step.values.items()]
        seen, shaped = shape(profile, seen, readings)
        seen, facts = apply(profile, seen, shaped, StampBounds())
        told.append((facts[-1].state, facts[-1].mode, facts[-1].quality))
    return told


@pytest.mark.parametrize("name", names())
def test_a_walk_told_forwards_is_the_story(name: str) -> None:
    profile = find(name)
    assert forwards(profile) == [(step.state, step.mode, Quality.GOOD) for step in walk(profile)]


@pytest.mark.parametrize("name", [name for name in names() if name != "replay"])
def test_a_walk_comes_through_every_state_that_its_profile_knows(name: str) -> None:
    profile = find(name)
    assert {step.state for step in walk(profile)} == {row.then for row in profile.state}


def test_a_level_is_met_through_scale_and_unit() -> None:
    power = Signal.model_validate(
        {
            "type": "UInt16",
            "scale": 0.1,
            "unit": "kW",
            "as": "W",
            "levels": [{"name": "off"}, {"name": "idle", "from": 40}, {"name": "running", "from": 600}],
        }
    )
    for name in ("off", "idle", "running"):
        assert power.named(power.measure(raw(power, name)), None) == name


def test_what_no_table_reads_swings_counts_or_is_a_word() -> None:
    assert measure(Signal(type="UInt32"), 0.0, 7) == 7
    assert measure(Signal(type="Double"), 0.0, 7) == 50.0
    assert measure(Signal(type="String"), 0.0, 7) == "simulated"
    assert measure(Signal(type="Boolean"), 0.0, 7) is False


def test_a_profile_that_knows_the_mode_only_walks_through_modes() -> None:
    text = {
        "profile": "mes",
        "title": "t",
        "source": "replay",
        "signals": {"word": {"type": "String"}},
        "mode": [{"when": {"word": "prep"}, "then": "Setup"}, {"then": "Processing"}],
    }
    steps = walk(find("replay").model_validate(text))
    assert [(step.state, step.values["word"]) for step in steps][:2] == [(None, "prep"), (None, "other")]


def test_a_walk_starts_with_a_machine_that_is_off_where_that_can_be_told() -> None:
    assert walk(find("opcua-machinery"))[0].state is ItemState.NOT_AVAILABLE
