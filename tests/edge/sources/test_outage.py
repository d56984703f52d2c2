"""A loss is told once, and again only for another reason."""

import time

import pytest

from edge.reading import Event, LinkNotice
from edge.sources.outage import AGAIN, Outage, pauses
from gateway.clock import Clock


def told(events: list[Event]) -> list[tuple[str, bool, str]]:
    return [(each.machine, each.up, each.reason) for each in events if isinstance(each, LinkNotice)]


@pytest.fixture
def outage() -> Outage:
    return Outage("kind", "peer", ["A", "B"], Clock())


def test_a_loss_is_told_once_and_so_is_the_return(outage: Outage) -> None:
    assert told(outage.found("connected")) == [("A", True, "connected"), ("B", True, "connected")]
    assert told(outage.lost("off")) == [("A", False, "off"), ("B", False, "off")]
    assert told(outage.lost("off")) == []
    assert told(outage.found("back", ["A"])) == [("A", True, "back")]
    assert told(outage.found("back")) == [("B", True, "back")]
    assert told(outage.lost("off", ["B"])) == [("B", False, "off")]


def test_another_reason_is_told_and_two_that_take_turns_seldom(outage: Outage, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    assert len(outage.lost("off", ["A"])) == len(outage.lost("booting", ["A"])) == 1
    assert outage.lost("off", ["A"]) == outage.lost("booting", ["A"]) == []
    now = AGAIN + 1
    assert told(outage.lost("off", ["A"])) == [("A", False, "off")]
    assert outage.lost("off", ["A"]) == []


def test_pauses_grow_to_their_cap() -> None:
    waits = pauses(2.0, lambda: 1.0)
    assert [next(waits) for _ in range(5)] == [0.25, 0.5, 1.0, 2.0, 2.0]
    assert next(pauses(2.0, lambda: 0.0)) == 0.125
