"""A sample, and what any store of samples must do."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from gateway.machine import Quality
from gateway.span import Span

Value = float | str | None
"""Numbers as float (a truth value as 0 or 1, as time series engines want them), texts as str, None where unknown."""


class Sample(NamedTuple):
    """One value of one signal of one machine; `at` is UTC, the source's own stamp."""

    machine: str
    signal: str
    at: datetime
    value: Value
    quality: Quality = Quality.GOOD


class SampleStore(Protocol):
    """Durable when `write` returns; the same samples written twice are there once (the last value wins)."""

    async def write(self, samples: Sequence[Sample]) -> None: ...

    async def read(self, machine: str, signal: str, span: Span) -> Sequence[Sample]:
        """Samples of one signal in [span.start, span.end), in order of time."""
        ...
