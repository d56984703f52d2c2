"""Where readings come from: one file per kind of source, all behind one small protocol."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from edge.reading import Event

Emit = Callable[[Sequence[Event]], Awaitable[None]]
"""Takes a batch in order. Returns once the batch is durable, so a source that waits for it feels back-pressure."""


class Source(Protocol):
    """One endpoint's readings. It survives its peer: losing it is a LinkNotice, not an exception."""

    async def run(self, emit: Emit) -> None:
        """Yield batches until cancelled."""
        ...
