"""The sample store as a dictionary: the shipped fake."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from cloud.telemetry.model import EPOCH, QUALITIES, Bucket, Sample, Series, Standing, Value, micros, moment
from gateway.span import Span


class MemorySamples:
    """Samples in memory, by machine and signal, then by time."""

    name = "memory"

    def __init__(self, trails: float = 0.0) -> None:
        self.trails = trails
        self.started = 1
        self._kept: dict[tuple[str, str], dict[int, tuple[Value, int]]] = {}

    async def write(self, series: Sequence[Series]) -> None:
        for machine, signal, at, values, qualities in series:
            if not at:
                continue
            kept = self._kept.setdefault((machine, signal), {})
            kept.update(zip(at, zip(values, qualities or bytes(len(at)), strict=True), strict=True))

    async def close(self) -> None:
        pass

    async def boot(self) -> str:
        return str(self.started)

    async def read(self, machine: str, signal: str, span: Span) -> Sequence[Sample]:
        first, last = micros(span.start), micros(span.end)
        kept = self._kept.get((machine, signal), {})
        found = sorted((at, *what) for at, what in kept.items() if first <= at < last)
        return [Sample(machine, signal, moment(at), value, QUALITIES[quality]) for at, value, quality in found]

    async def buckets(self, machine: str, signal: str, span: Span, step: timedelta) -> Sequence[Bucket]:
        whole = Span(span.start - (span.start - EPOCH) % step, span.end + -(span.end - EPOCH) % step)
        parts: dict[timedelta, list[Sample]] = {}
        for sample in await self.read(machine, signal, whole):
            parts.setdefault((sample.at - EPOCH) // step * step, []).append(sample)
        return [bucket(EPOCH + start, samples) for start, samples in parts.items()]

    async def standing(self) -> Standing:
        return Standing("", None)

    async def oldest(self, machines: Sequence[str]) -> datetime | None:
        found = [min(kept) for (machine, _), kept in self._kept.items() if machine in machines]
        return moment(min(found)) if found else None

    async def signals(self, machine: str) -> Sequence[str]:
        return sorted(signal for of, signal in self._kept if of == machine)


def bucket(at: datetime, samples: Sequence[Sample]) -> Bucket:
    """What samples in order of time come to."""
    numbers = [each.value for each in samples if isinstance(each.value, float) and math.isfinite(each.value)]
    figures = (min(numbers), max(numbers), math.fsum(numbers) / len(numbers), numbers[-1]) if numbers else (None,) * 4
    return Bucket(at, len(samples), *figures)
