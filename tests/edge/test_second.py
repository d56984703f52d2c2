"""A second source that knows the mode: an MES, a person."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from edge.reading import Cursor, Event, Gap, LinkNotice, Reading
from edge.sources import Emit
from edge.sources.second import Second, machine_of

MES = """\
profile: mes
title: What the MES says
source: replay
signals: {mode: {type: String}}
mode:
  - {when: {mode: setup}, then: Setup}
  - {when: {mode: work}, then: Processing}
"""


class Fixed:
    """A source that says one batch."""

    def __init__(self, events: Sequence[Event]) -> None:
        self.events = events

    async def run(self, emit: Emit) -> None:
        await emit(self.events)


async def test_its_link_and_its_gaps_say_nothing_of_the_machine(plant: Any) -> None:
    told: list[Event] = []

    async def emit(events: Sequence[Event]) -> None:
        told.extend(events)

    now = plant.at()
    reading = plant.reading("M1", "setup", "mode")
    await Second(Fixed([LinkNotice("M1", False, now), Gap("M1", now, now, "cut"), reading, Cursor("M1", "7")])).run(
        emit
    )
    assert [type(event) for event in told] == [Reading, Cursor]
    assert [machine_of(event) for event in told] == ["M1", "M1"]
    assert told[1] == Cursor("M1/second", "7")


@pytest.fixture
def supervised(make_plant: Callable[..., Any], write: Callable[[str, str], Path]) -> Any:
    write("own/mes.yaml", MES)
    mode = "mode_from: {profile: mes, source: {type: replay, file: mes.csv}}, "
    return make_plant("profiles: [own]\n", "M1: {", f"M1: {{{mode}")


async def test_its_mode_counts_more_than_the_machines_own(supervised: Any) -> None:
    plant = supervised
    await plant.see("M1", "NotExecuting")
    await plant.agent.emit([plant.reading("M1", "Processing", "operation_mode")])
    plant.agent.step(plant.at(seconds=5))
    await plant.agent.emit([plant.reading("M1", "setup", "second:mode"), Cursor("M1/second", "7")])
    plant.agent.step(plant.at(seconds=9))
    assert [(told.state, told.mode) for told in plant.sent()] == [
        ("NotExecuting", "None"),
        ("NotExecuting", "Processing"),
        ("NotExecuting", "Setup"),
    ]
    assert plant.outbox.cursor("source/M1/second") == "7"
