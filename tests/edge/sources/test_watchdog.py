"""A signal that must speak regularly: its silence is told once, and ends with its next word."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from edge.reading import Event, LinkNotice, Reading
from edge.sources.fake import FakeSource
from edge.sources.watchdog import Watchdog
from gateway.clock import Clock
from gateway.machine import Quality


class Watched:
    """A fake machine whose `beat` may be silent for 0.2 s, and what the agent hears of it."""

    def __init__(self) -> None:
        self.fake = FakeSource("M1", Clock())
        self.events: list[Event] = []
        self.source = Watchdog(self.fake, {("M1", "beat"): 0.2}, Clock())

    async def emit(self, events: Sequence[Event]) -> None:
        self.events.extend(events)

    @property
    def bad(self) -> list[str]:
        return [each.signal for each in self.events if isinstance(each, Reading) and each.quality is Quality.BAD]

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not holds():  # noqa: ASYNC110 - anything may be waited for here
                await asyncio.sleep(0.01)


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    found = Watched()
    task = asyncio.create_task(found.source.run(found.emit))
    yield found
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_silent_signal_is_told_as_bad_once_and_again_only_after_it_has_spoken(watched: Watched) -> None:
    watched.fake.say("beat", 1)
    watched.fake.say("other", 1)
    await watched.until(lambda: watched.bad)
    await asyncio.sleep(0.5)
    assert watched.bad == ["beat"]
    watched.fake.say("beat", 2)
    await watched.until(lambda: len(watched.bad) == 2)


async def test_a_signal_that_never_speaks_is_told_too(watched: Watched) -> None:
    await watched.until(lambda: watched.bad)


async def test_a_lost_link_is_no_silence_of_its_signals(watched: Watched) -> None:
    await watched.until(lambda: watched.events)
    watched.fake.lose()
    await watched.until(lambda: len(watched.events) == 2)
    await asyncio.sleep(0.5)
    assert [each.up for each in watched.events if isinstance(each, LinkNotice)] == [True, False]
    assert watched.bad == []


async def test_what_fails_inside_fails_outside(watched: Watched) -> None:
    async def refuse(_: Sequence[Event]) -> None:
        raise OSError(28, "a full disk")

    with pytest.raises(OSError, match="a full disk"):
        await Watchdog(FakeSource("M1", Clock()), {("M1", "beat"): 9.0}, Clock()).run(refuse)
