"""Between one source and the agent: lets in what is of the source's own machines, and gives others their turn."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from edge.reading import Cursor, Event
from edge.sources import Emit
from edge.sources.second import machine_of
from edge.tap import Tap
from edge.traffic import Traffic

AT_ONCE = 2_000
"""Events in one transaction at most: a source that floods is taken in pieces, between which others have their turn."""

log = structlog.get_logger(__name__)


@dataclass
class Turnstile:
    """One source's way in. `machines` are those that it still speaks for; a reload may take some away."""

    source: str
    machines: set[str]
    into: Emit
    traffic: Traffic = field(default_factory=Traffic)
    tap: Tap = field(default_factory=Tap)

    async def emit(self, events: Sequence[Event]) -> None:
        """Take a batch; returns when it is durable. Events of machines that are not the source's own stay outside."""
        strange = {event.machine for event in events} - self.machines
        if strange:
            events = self._own(events, strange)
        for piece in pieces(events):
            await self.into(piece)
            self.traffic.count(self.source, piece)
            self.tap.events(piece)
            # `into` may never have waited, and a source that never waits would keep the loop for itself.
            await asyncio.sleep(0)

    def _own(self, events: Sequence[Event], strange: set[str]) -> list[Event]:
        """What is left without the machines that are not ours; a second source's names are not strange."""
        own = [event for event in events if event.machine not in strange or machine_of(event) in self.machines]
        if len(own) < len(events):
            if not self.traffic.ignored[self.source]:
                log.info("events of another machine ignored", source=self.source, machines=sorted(strange))
            self.traffic.ignored[self.source] += len(events) - len(own)
        return own


def pieces(events: Sequence[Event]) -> list[Sequence[Event]]:
    """The batch in pieces of at most AT_ONCE; a Cursor stays with what came right before it."""
    found: list[Sequence[Event]] = []
    start = 0
    while start < len(events):
        end = min(start + AT_ONCE, len(events))
        while end < len(events) and isinstance(events[end], Cursor):
            end += 1
        found.append(events[start:end])
        start = end
    return found
