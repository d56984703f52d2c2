"""Telemetry waits a second for company, never runs behind a cursor, and lets live values past what an outage left."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from edge.gathering import GATHERED_FOR, LIVE_FOR, MOST, TOO_MANY
from edge.mapping import StampBounds
from edge.post import Letter, Post
from edge.telemetry import Named
from gateway.crossing import Disclosure, MachineDisclosure
from gateway.link import Point
from gateway.messages import StateChange, Stream
from gateway.outbox import OutboxUnavailable

OPEN = Disclosure(default=MachineDisclosure(signals=frozenset({"heat"})))


@dataclass
class Desk:
    """A post with a clock that a test turns."""

    plant: Any
    now: float = 0.0
    post: Post = field(init=False)

    def __post_init__(self) -> None:
        self.post = Post(self.plant.outbox, OPEN, monotonic=lambda: self.now)

    def letter(self, *values: float, machine: str = "M1", **rest: Any) -> Letter:
        readings = [self.plant.reading(machine, value, "heat", **rest) for value in values]
        return Letter(named=(Named(machine, readings, StampBounds()),))

    def give(self, *values: float, **rest: Any) -> None:
        self.post.send([self.letter(*values, **rest)])

    def sent(self, stream: Stream = Stream.TELEMETRY) -> list[float]:
        return [value for told in self.plant.sent(stream) for column in told.columns for value in column.values]


@pytest.fixture
def desk(plant: Any) -> Desk:
    return Desk(plant)


def test_values_wait_a_second_for_others_and_then_leave_in_one_message(desk: Desk) -> None:
    desk.give(1.0)
    desk.now += GATHERED_FOR / 2
    desk.give(2.0)
    assert desk.sent() == []
    desk.now += GATHERED_FOR / 2
    desk.post.tick()
    assert (len(desk.plant.sent(Stream.TELEMETRY)), desk.sent()) == (1, [1.0, 2.0])
    desk.post.tick()
    assert desk.sent() == [1.0, 2.0]


def test_a_flood_does_not_wait(desk: Desk) -> None:
    desk.give(*map(float, range(MOST)))
    assert len(desk.sent()) == MOST


def test_a_state_does_not_wait_for_telemetry(desk: Desk) -> None:
    change = StateChange(machine="M1", at=desk.plant.at(), state="Executing")
    desk.post.send([desk.letter(1.0), Letter((change,))])
    assert (len(desk.plant.sent()), desk.sent()) == (1, [])


def test_a_cursor_is_never_ahead_of_what_it_stands_for(desk: Desk) -> None:
    desk.give(1.0)
    letter = desk.letter(2.0)
    desk.post.send([Letter(cursors={"source/M1": "7"}, named=letter.named), desk.letter(9.0, machine="M2")])
    assert (desk.sent(), desk.plant.outbox.cursor("source/M1")) == ([1.0, 2.0], "7")
    desk.post.flush()
    assert desk.sent() == [1.0, 2.0, 9.0]


def test_history_is_backfill_and_what_is_live_is_not(desk: Desk) -> None:
    desk.give(1.0, historical=True)
    desk.give(2.0)
    desk.post.flush()
    assert (desk.sent(Stream.BACKFILL), desk.sent()) == ([1.0], [2.0])


def test_what_an_outage_gathers_is_backfill_and_live_goes_ahead_again_after_it(desk: Desk) -> None:
    for second in range(20):
        desk.give(float(second))
        desk.now += 1.0
        desk.post.tick()
    live = int(LIVE_FOR) + 1
    assert desk.sent() == [float(second) for second in range(live)]
    assert desk.sent(Stream.BACKFILL) == [float(second) for second in range(live, 20)]
    (held,) = desk.plant.outbox.held(Stream.TELEMETRY)
    desk.plant.outbox.delete(Stream.TELEMETRY, Point(held.epoch, held.next - 1))
    desk.give(99.0)
    desk.post.flush()
    assert desk.sent() == [99.0], "the next value does not stand behind what the outage left"


@pytest.fixture
def broken(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """A disk that is full, or not any more."""
    real = desk.plant.outbox.transaction

    def full() -> Any:
        msg = "disk full"
        raise OutboxUnavailable(msg) from sqlite3.OperationalError(msg)

    return lambda yes: monkeypatch.setattr(desk.plant.outbox, "transaction", full if yes else real)


def test_what_cannot_be_written_stays_and_is_written_once(desk: Desk, broken: Callable[[bool], None]) -> None:
    broken(True)
    desk.give(1.0)
    desk.now += GATHERED_FOR
    desk.post.tick()
    change = StateChange(machine="M1", at=desk.plant.at(), state="Executing")
    letters = [Letter((change,)), desk.letter(2.0)]
    for _ in range(3):
        with pytest.raises(OutboxUnavailable):
            desk.post.send(letters)
    broken(False)
    desk.post.send(letters)
    desk.post.flush()
    assert (desk.sent(), len(desk.plant.sent())) == ([1.0, 2.0], 1)


def test_a_source_has_to_wait_once_too_much_is_gathered(desk: Desk, broken: Callable[[bool], None]) -> None:
    broken(True)
    values = tuple(map(float, range(MOST)))
    for _ in range(TOO_MANY // MOST):
        desk.give(*values)
    with pytest.raises(OutboxUnavailable):
        desk.give(1.0)
    broken(False)
    desk.give(1.0)
    desk.post.flush()
    assert len(desk.sent()) == TOO_MANY + 1
