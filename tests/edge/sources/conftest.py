"""A source at work: it runs beside the test, which waits for what it yields."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from edge.reading import Event, Gap, LinkNotice, Reading
from edge.sources.opcua import MachineNodes, OpcUaSource
from edge.sources.opcua_endpoint import OpcUaEndpoint
from edge.sources.opcua_signals import Ask
from gateway.clock import Clock

FAST: dict[str, Any] = {
    "security": "none",
    "sampling_ms": 0,
    "publishing_ms": 100,
    "watchdog_s": 0.5,
    "timeout_s": 1.5,
}


class Listener:
    """Keeps what a source emits, in order."""

    def __init__(self, source: OpcUaSource) -> None:
        self.source = source
        self.events: list[Event] = []
        self.trouble: Exception | None = None

    async def emit(self, events: Sequence[Event]) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.events.extend(events)

    def readings(self, signal: str, machine: str = "Line") -> list[Reading]:
        return [
            event
            for event in self.events
            if isinstance(event, Reading) and (event.machine, event.signal) == (machine, signal)
        ]

    def values(self, signal: str, machine: str = "Line") -> list[Any]:
        return [reading.value for reading in self.readings(signal, machine)]

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def gaps(self) -> list[Gap]:
        return self.of(Gap)

    @property
    def links(self) -> list[LinkNotice]:
        return self.of(LinkNotice)

    async def until(self, holds: Callable[[], object], limit: float = 10.0) -> float:
        """Wait until it holds; the seconds that took. Fails after `limit`."""
        start = time.monotonic()
        while not holds():
            assert time.monotonic() - start < limit, f"not within {limit} s; last events: {self.events[-5:]}"
            await asyncio.sleep(0.02)
        return time.monotonic() - start

    async def fresh(self, signal: str, machine: str = "Line", limit: float = 10.0) -> float:
        """Wait for one more good value of the signal; the seconds that took."""
        before = len(self.values(signal, machine))
        return await self.until(lambda: len([v for v in self.values(signal, machine)[before:] if v is not None]), limit)


@asynccontextmanager
async def _listening(url: str, signals: dict[str, str | Ask], **settings: Any) -> AsyncIterator[Listener]:
    endpoint = OpcUaEndpoint(url=url, **(FAST | settings))
    source = OpcUaSource(endpoint, {"Line": MachineNodes(signals)}, Clock())
    listener = Listener(source)
    task = asyncio.create_task(source.run(listener.emit))
    try:
        yield listener
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def listening() -> Callable[..., Any]:
    """`async with listening(url, {"counter": address}, **endpoint_settings) as heard:`."""
    return _listening
