"""What the agent relies on, whichever kind of source it holds; each `harness_KIND.py` beside this file is tried.

A harness is `harness()`, an async context manager whose value has

- `source`: a source of one `machine` with one `signal`, not running yet;
- `say(value)`: the machine's signal takes a whole number, in the form in which the machine would give it;
- `lose()` and `find()`: the peer goes away, and is there again (`losable` False: it cannot);
- `stamped`: whether readings carry the machine's own time (False: the protocol has none).
"""

import asyncio
import importlib.util
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pytest

from edge.reading import Event, LinkNotice, Reading
from edge.signal import key
from edge.sources import Source
from gateway.machine import Quality
from gateway.span import utc

PATIENCE = 40.0
HARNESSES = {path.stem.removeprefix("harness_"): path for path in Path(__file__).parent.glob("harness_*.py")}


class Harness(Protocol):
    source: Source
    machine: str
    signal: str
    stamped: bool
    losable: bool

    async def say(self, value: int) -> None: ...
    async def lose(self) -> None: ...
    async def find(self) -> None: ...


class Agent:
    """Takes what a source emits. `stopped` holds it up; `refusals`: how many batches it fails on."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.free = asyncio.Event()
        self.free.set()
        self.refusals = 0
        self.inside = 0
        self.most_inside = 0

    async def emit(self, events: Sequence[Event]) -> None:
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        try:
            await self.free.wait()
            if self.refusals:
                self.refusals -= 1
                msg = "a full disk"
                raise OSError(msg)
            self.events.extend(events)
        finally:
            self.inside -= 1

    @property
    def readings(self) -> list[Reading]:
        return [event for event in self.events if isinstance(event, Reading) and event.value is not None]

    @property
    def links(self) -> list[bool]:
        return [event.up for event in self.events if isinstance(event, LinkNotice)]

    def has(self, value: int) -> bool:
        return any(key(reading.value) == str(value) for reading in self.readings)

    async def until(self, holds: Callable[[], object]) -> None:
        start = time.monotonic()
        while not holds():
            assert time.monotonic() - start < PATIENCE, f"not within {PATIENCE} s; last events: {self.events[-5:]}"
            await asyncio.sleep(0.02)


def load(path: Path) -> Callable[[], AbstractAsyncContextManager[Harness]]:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Callable[[], AbstractAsyncContextManager[Harness]] = module.harness
    return found


@pytest.fixture(params=sorted(HARNESSES))
async def harness(request: pytest.FixtureRequest) -> AsyncIterator[Harness]:
    async with load(HARNESSES[request.param])() as found:
        yield found


@asynccontextmanager
async def running(source: Source, agent: Agent) -> AsyncIterator["asyncio.Task[None]"]:
    """The source at work; started again when it fails, as the agent does."""

    async def insist() -> None:
        while True:
            try:
                await source.run(agent.emit)
            except OSError:
                await asyncio.sleep(0.05)

    task = asyncio.create_task(insist())
    try:
        yield task
    finally:
        while not task.done():  # told again where a library swallows it, as the agent's supervision does
            task.cancel()
            await asyncio.wait([task], timeout=0.5)


async def test_a_reading_says_whose_what_when_and_how_good(harness: Harness) -> None:
    agent = Agent()
    async with running(harness.source, agent):
        await harness.say(1)
        await agent.until(lambda: agent.has(1))
    found = next(reading for reading in agent.readings if key(reading.value) == "1")
    assert (found.machine, found.signal, found.quality) == (harness.machine, harness.signal, Quality.GOOD)
    assert found.received.utcoffset() == timedelta()
    assert (found.source_time is not None) is harness.stamped
    if found.source_time is not None:
        assert abs(found.received - utc(found.source_time)) < timedelta(seconds=PATIENCE)


async def test_the_link_is_told_before_the_first_reading(harness: Harness) -> None:
    agent = Agent()
    async with running(harness.source, agent):
        await harness.say(1)
        await agent.until(lambda: agent.has(1))
    known = [event for event in agent.events if isinstance(event, LinkNotice | Reading)]
    assert isinstance(known[0], LinkNotice)
    assert known[0].up
    assert agent.links == [True]
    assert {event.machine for event in known} == {harness.machine}


async def test_values_come_in_the_order_in_which_they_were(harness: Harness) -> None:
    agent = Agent()
    async with running(harness.source, agent):
        for value in (1, 2, 3):
            await harness.say(value)
            await agent.until(partial(agent.has, value))
    values = [key(reading.value) for reading in agent.readings]
    firsts = list(dict.fromkeys(value for value in values if value in {"1", "2", "3"}))
    assert firsts == ["1", "2", "3"]


async def test_a_loss_is_told_once_and_so_is_the_return(harness: Harness) -> None:
    agent = Agent()
    async with running(harness.source, agent) as task:
        await harness.say(1)
        await agent.until(lambda: agent.has(1))
        if not harness.losable:
            return
        await harness.lose()
        await agent.until(lambda: agent.links == [True, False])
        await asyncio.sleep(1)
        assert agent.links == [True, False]
        await harness.find()
        await agent.until(lambda: agent.links == [True, False, True])
        await harness.say(2)
        await agent.until(lambda: agent.has(2))
        assert agent.links == [True, False, True]
        assert not task.done()
    notices = [event for event in agent.events if isinstance(event, LinkNotice) and not event.up]
    assert all(notice.reason for notice in notices)


async def test_a_cancelled_source_leaves_nothing_running(harness: Harness) -> None:
    agent = Agent()
    before = asyncio.all_tasks()
    task = asyncio.create_task(harness.source.run(agent.emit))
    await harness.say(1)
    await agent.until(lambda: agent.has(1))
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=PATIENCE)
    assert done, "the source goes on although it was cancelled"
    assert task.cancelled()
    left = asyncio.all_tasks() - before
    peers: set[Any] = getattr(harness, "tasks", set())
    await agent.until(lambda: not {each for each in left if not each.done()} - set(peers))


async def test_an_agent_that_is_busy_holds_the_source_up_and_misses_nothing(harness: Harness) -> None:
    agent = Agent()
    async with running(harness.source, agent):
        await harness.say(1)
        await agent.until(lambda: agent.has(1))
        agent.free.clear()
        for value in (2, 3):
            await harness.say(value)
        await asyncio.sleep(0.5)
        assert not agent.has(2)
        agent.free.set()
        await agent.until(lambda: agent.has(3))
    assert agent.most_inside == 1, "the source offers a batch while another is still being taken"


async def test_a_batch_that_was_not_taken_is_offered_again(harness: Harness) -> None:
    agent = Agent()
    async with running(harness.source, agent):
        await harness.say(1)
        await agent.until(lambda: agent.has(1))
        agent.refusals = 1
        await harness.say(2)
        await agent.until(lambda: agent.has(2))
    assert agent.refusals == 0
