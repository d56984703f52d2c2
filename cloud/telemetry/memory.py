"""The sample store as a dictionary: the shipped fake."""

from collections.abc import Sequence
from datetime import datetime

from cloud.telemetry.model import Sample
from gateway.span import Span


class MemorySamples:
    """Samples in memory, keyed by machine, signal and time."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str, datetime], Sample] = {}

    async def write(self, samples: Sequence[Sample]) -> None:
        self._values.update({(sample.machine, sample.signal, sample.at): sample for sample in samples})

    async def read(self, machine: str, signal: str, span: Span) -> Sequence[Sample]:
        return [
            sample
            for (of, named, at), sample in sorted(self._values.items(), key=lambda item: item[0])
            if (of, named) == (machine, signal) and at in span
        ]
