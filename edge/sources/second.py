"""A second source of a machine, which only knows its mode (an MES, a person): its signals are marked as such."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edge.reading import Cursor, Event, Reading
from edge.sources import Emit, Source
from edge.watch import SECOND

SUFFIX = "/second"
"""Of the cursor's name: it must not be the first source's."""


@dataclass(frozen=True, slots=True)
class Second:
    """Passes on what `inner` reads. Its link and its gaps say nothing of the machine, so they stay here."""

    inner: Source

    async def run(self, emit: Emit) -> None:
        async def marked(events: Sequence[Event]) -> None:
            found = [mark(event) for event in events if isinstance(event, Reading | Cursor)]
            if found:
                await emit(found)

        await self.inner.run(marked)


def mark(event: Reading | Cursor) -> Reading | Cursor:
    """The event as one of the second source."""
    if isinstance(event, Cursor):
        return replace(event, machine=event.machine + SUFFIX)
    return replace(event, signal=SECOND + event.signal)


def machine_of(event: Event) -> str:
    """The machine that an event belongs to, from whichever source."""
    return event.machine.removesuffix(SUFFIX)
