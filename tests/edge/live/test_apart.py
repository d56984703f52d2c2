"""One agent, many machines: whatever one of them or its source does, the others are read, judged and sold."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from edge import turnstile
from edge.reading import Cursor, Event, LinkNotice, Reading
from edge.sources import Emit
from edge.wiring import Feed
from gateway.messages import StateChange

from .conftest import Running


class Raises:
    """A source with a fault."""

    async def run(self, _: Emit) -> None:
        msg = "planted"
        raise RuntimeError(msg)


class CancelsItself:
    async def run(self, _: Emit) -> None:
        raise asyncio.CancelledError


class Hangs:
    """A source that says nothing, and does not even hear that it is to stop at first."""

    async def run(self, _: Emit) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()


class Floods:
    """A source that gives more than anybody can take, and never waits for anything but `emit`."""

    def __init__(self, running: Running) -> None:
        self.running, self.given = running, 0

    async def run(self, emit: Emit) -> None:
        now = self.running.clock.now()
        await emit([LinkNotice("M1", True, now)])
        while True:
            now = self.running.clock.now()
            await emit([Reading("M1", "state", "Executing", now, now) for _ in range(5_000)])
            self.given += 5_000


class DoesNotFit:
    """A source whose signals, types and machines are not what the profile says."""

    async def run(self, emit: Emit) -> None:
        now = datetime.now(UTC)
        strange: list[object] = [None, {"a": [1]}, b"\xff", float("nan"), 2**80, "x" * 100_000, object()]
        batch: list[Event] = [LinkNotice("M1", True, now)]
        batch += [Reading("M1", signal, value, now, now) for signal in ("state", "no such") for value in strange]
        batch += [Reading("M1", "state", 1, datetime(2026, 3, 2), now), Reading("M9", "state", 1, now, now)]  # noqa: DTZ001
        while True:
            for event in batch:
                await emit([event])
            await asyncio.sleep(0.05)


async def exchanged(running: Running, source: Any) -> None:
    """M1 is read by this source from now on."""
    await running.station.gates.stop(["M1"])
    running.station.gates.start([Feed("M1", source, ("M1",))])


@pytest.mark.parametrize("source", [Raises, CancelsItself, Hangs, Floods, DoesNotFit], ids=lambda each: each.__name__)
async def test_a_broken_source_does_not_disturb_another_machine(running: Running, source: Any) -> None:
    with capture_logs():  # a traceback on the screen takes seconds
        await exchanged(running, source(running) if source is Floods else source())
        await asyncio.sleep(0.3)
        for state in ["breakdown", "production"] * 2:
            await changes(running, state)
        async with asyncio.timeout(10):
            await running.station.works.stop("source/M1")


async def changes(running: Running, state: str) -> None:
    """M2 reports another state, and that is told."""
    before, now = len(told(running, "M2")), running.clock.now()
    async with asyncio.timeout(10):
        await running.station.agent.emit([Reading("M2", "report", state, now, now)])
        while len(told(running, "M2")) == before:  # noqa: ASYNC110 - a debounce is waited for
            await asyncio.sleep(0.02)


def told(running: Running, machine: str) -> list[StateChange]:
    return [each for each in running.sent() if isinstance(each, StateChange) and each.machine == machine]


async def test_a_source_that_never_waits_still_gives_the_others_their_turn(running: Running) -> None:
    """The control of the test above: the flood is one."""
    flood = Floods(running)
    await exchanged(running, flood)
    async with asyncio.timeout(20):
        while flood.given < 20_000:  # noqa: ASYNC110 - the flood is waited for
            await asyncio.sleep(0.01)
    assert running.station.traffic.readings["M1", "M1"] >= 20_000


async def test_a_loss_is_logged_once_and_so_is_the_recovery(running: Running) -> None:
    emit = running.station.gates.open[0].turnstile.emit
    with capture_logs() as logs:
        for _ in range(5):
            await emit([LinkNotice("M1", False, running.clock.now(), "no route; look at the cable")])
            await asyncio.sleep(0.02)
        for _ in range(5):
            await emit([LinkNotice("M1", True, running.clock.now())])
            await asyncio.sleep(0.02)
    mine = [line for line in logs if line.get("what") == "machine/M1"]
    assert [(line["event"], line["log_level"]) for line in mine] == [("trouble", "warning"), ("trouble over", "info")]
    assert mine[0]["reason"] == "no route; look at the cable"


async def test_events_of_foreign_machines_stay_outside_and_are_counted(running: Running) -> None:
    gate = running.station.gates.open[0].turnstile
    now = running.clock.now()
    await gate.emit([Reading("M2", "state", "OutOfService", now, now), Reading("M9", "state", "x", now, now)])
    assert running.station.traffic.ignored["M1"] == 2


def test_a_large_batch_is_cut_into_pieces_and_a_cursor_stays_with_what_it_stands_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turnstile, "AT_ONCE", 3)
    events: list[Any] = ["a", "b", "c", Cursor("M1", "1"), "d", "e"]
    assert turnstile.pieces(events) == [["a", "b", "c", events[3]], ["d", "e"]]
    assert turnstile.pieces([]) == []
