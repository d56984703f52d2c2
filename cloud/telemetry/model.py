"""Samples in columns, and what any store of them must do."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from cloud.errors import CloudError
from gateway.machine import Quality
from gateway.span import Span

Value = float | str | None
"""Numbers as float (a truth value as 0 or 1, as time series engines want them), texts as str, None where unknown."""

QUALITIES = tuple(Quality)
"""A sample's quality as a small number is its place in here."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICRO = timedelta(microseconds=1)


class StoreAway(CloudError):
    """The store of samples can't be reached, or does not take any now; the same call may be made again."""

    code = "store.away"
    retryable = True


class StoreRefused(CloudError, ValueError):
    """The store says that it will never take this batch."""

    code = "store.refused"


class Series(NamedTuple):
    """Values of one signal of one machine, as columns: `at` is UNIX time in µs, the source's own stamp, in any order.

    `qualities` holds for each value its place in QUALITIES, None where all are good.
    """

    machine: str
    signal: str
    at: Sequence[int]
    values: Sequence[Value]
    qualities: bytes | None = None


class Sample(NamedTuple):
    """One value of one signal of one machine; `at` is UTC, the source's own stamp."""

    machine: str
    signal: str
    at: datetime
    value: Value
    quality: Quality = Quality.GOOD


class Bucket(NamedTuple):
    """What a signal's samples in [at, at + step) come to; the figures speak of its finite numbers, None without any."""

    at: datetime
    samples: int
    least: float | None
    most: float | None
    mean: float | None
    last: float | None


class Standing(NamedTuple):
    """What a store says of itself: its version, and for how long it keeps samples as it writes it (None: for ever)."""

    version: str
    keeps: str | None


class SampleReader(Protocol):
    """Reads raise StoreAway or DatabaseAway. A machine or signal that was never written has no samples."""

    async def read(self, machine: str, signal: str, span: Span) -> Sequence[Sample]:
        """All samples of one signal in [span.start, span.end), in order of time: ask for their number first."""
        ...

    async def buckets(self, machine: str, signal: str, span: Span, step: timedelta) -> Sequence[Bucket]:
        """Those buckets that have samples, in order; they begin at multiples of `step` (whole seconds) of UNIX time.

        The whole of each bucket that the span touches is told.
        """
        ...

    async def signals(self, machine: str) -> Sequence[str]:
        """The names of the machine's signals of which there are samples, sorted."""
        ...

    async def standing(self) -> Standing:
        """Whether it answers; cheap."""
        ...

    async def oldest(self, machines: Sequence[str]) -> datetime | None:
        """When the oldest of these machines' samples was taken; None where there are none, or it costs too much."""
        ...


class SampleStore(SampleReader, Protocol):
    """The same samples written twice are there once (the last value wins)."""

    name: str
    """As people know it."""

    trails: float
    """Real seconds after `write` returned before the samples would outlive a crash of the store; 0 where they do."""

    async def write(self, series: Sequence[Series]) -> None:
        """Raises StoreAway or DatabaseAway, or StoreRefused; then any part of it may be there."""
        ...

    async def close(self) -> None:
        """Let go of what it holds by itself."""
        ...

    async def boot(self) -> str:
        """What is another after each start of a store that trails. Raises StoreAway."""
        ...


def micros(at: datetime) -> int:
    """UNIX time in µs."""
    return (at - EPOCH) // MICRO


def moment(at: int) -> datetime:
    """Of UNIX time in µs."""
    return EPOCH + timedelta(microseconds=at)


def gathered(samples: Sequence[Sample]) -> list[Series]:
    """The samples as columns."""
    found: dict[tuple[str, str], list[Sample]] = {}
    for sample in samples:
        found.setdefault((sample.machine, sample.signal), []).append(sample)
    return [
        Series(
            machine,
            signal,
            [micros(each.at) for each in of],
            [each.value for each in of],
            bytes(QUALITIES.index(each.quality) for each in of),
        )
        for (machine, signal), of in found.items()
    ]
