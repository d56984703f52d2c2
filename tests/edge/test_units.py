"""The units that machines tell themselves: what a profile says comes first, and nothing crosses that was not named."""

from collections.abc import Mapping
from typing import Any

import pytest

from edge.profile import find
from edge.reading import LinkNotice
from edge.units import legible
from gateway.messages import Announce, Stream, encode

OWN = """\
profile: metered
title: A machine with more to tell
extends: opcua-machinery
source: opcua
signals:
  power: {node: Power, type: Double, optional: true}
  heat: {node: Heat, type: Double, unit: degC, optional: true}
  speed: {node: Speed, type: Double, scale: 60, optional: true}
  torque: {node: Torque, type: Double, optional: true}
"""
TOLD = {"power": "kW", "heat": "°F", "speed": "1/s", "torque": "N·m"}


@pytest.fixture
def metered(plant: Any) -> Any:
    """The plant with a machine whose profile says one unit of four; the plant lets out all but one signal."""
    (plant.path.parent / "own").mkdir()
    (plant.path.parent / "own" / "metered.yaml").write_text(OWN)
    config = plant.path.read_text().replace("M1: {profile: opcua-machinery", "M1: {profile: metered")
    named = "disclosure: {machines: {M1: {signals: [power, heat, speed]}}}"
    plant.path.write_text(config.replace("machines:\n", f"profiles: [own]\n{named}\nmachines:\n", 1))
    plant.restart()
    plant.agent.step(plant.at())
    return plant


def announced(plant: Any) -> Mapping[str, str] | None:
    told = [each for each in plant.sent(Stream.CONTROL) if isinstance(each, Announce)][-1]
    return next(machine.units for machine in told.machines if machine.name == "M1")


async def connected(plant: Any, told: Mapping[str, str]) -> None:
    await plant.agent.emit([LinkNotice("M1", True, plant.at(), "connected", told)])
    plant.agent.step(plant.at())


async def test_what_a_machine_tells_is_announced_where_its_profile_neither_says_nor_computes_anything(
    metered: Any,
) -> None:
    assert announced(metered) == {"heat": "degC"}
    await connected(metered, TOLD)
    assert announced(metered) == {"heat": "degC", "power": "kW"}
    said = b"".join(map(encode, metered.sent(Stream.CONTROL)))
    assert b"torque" not in said, "the plant did not name it"


async def test_a_machine_that_is_off_keeps_its_units_and_one_that_says_nothing_of_them_too(metered: Any) -> None:
    await connected(metered, TOLD)
    await connected(metered, {})
    metered.restart()
    metered.agent.step(metered.at())
    assert announced(metered) == {"heat": "degC", "power": "kW"}
    await connected(metered, {**TOLD, "power": "W"})
    assert announced(metered) == {"heat": "degC", "power": "W"}


async def test_the_same_again_is_no_news(metered: Any) -> None:
    await connected(metered, TOLD)
    metered.acknowledge()
    await connected(metered, TOLD)
    assert not [told for told in metered.sent(Stream.CONTROL) if isinstance(told, Announce)]


def test_what_no_wire_would_take_is_left_out() -> None:
    assert legible({"a": " kW ", "b": "", "c": "k\nW", "d": "x" * 33}) == {"a": "kW"}


def test_a_profile_asks_the_machine_only_where_it_is_silent() -> None:
    assert find("opcua-machinery").unsaid({"nothing": "kW"}) == {}
