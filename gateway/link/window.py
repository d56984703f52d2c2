"""What of a stream is under way: cursors and sizes, never payloads, so memory stays bounded whatever the backlog."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from gateway.link.journal import Point
from gateway.messages import Stream


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a stream may be under way, and in one packet; sizes in bytes of payload.

    `patience`: the round trip (s) beyond which there shall be less of it. `rate`: bytes a second on the average, for a
    stream that may take its time; None for as many as there are.
    """

    items: int
    size: int
    packet_items: int
    packet_size: int
    patience: float = 60.0
    rate: float | None = None


LIMITS: Mapping[Stream, Limits] = {
    Stream.CONTROL: Limits(256, 1 << 20, 64, 64 << 10),
    Stream.STATE: Limits(1024, 1 << 20, 256, 64 << 10),
    Stream.TELEMETRY: Limits(512, 2 << 20, 128, 128 << 10, patience=1.0),
    Stream.BACKFILL: Limits(256, 1 << 20, 128, 128 << 10, patience=0.5, rate=1 << 20),
}
"""Backfill is drained at 1 MiB/s unless somebody says otherwise: a day of a busy machine within minutes, and neither
the uplink nor the registry feels it when a hundred agents come back at once."""

LEAST_PAUSE = 0.005
"""Seconds that a stream is not held back for."""

LEAST_COST = 64
"""Bytes that an entry counts for at least, so that tombstones have their price too."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Real seconds: the first wait for an answer, and the longest; waits double and carry ±20 % of jitter."""

    first: float = 1.0
    longest: float = 15.0

    def delay(self, attempt: int, random: Random, trip: float = 0.0) -> float:
        base = max(self.first, 3 * trip) * 2.0 ** min(attempt, 16)
        return min(base, self.longest) * random.uniform(0.8, 1.2)


@dataclass(frozen=True, slots=True)
class _Packet:
    last: Point
    items: int
    size: int
    sent: float
    again: bool


@dataclass(slots=True)
class Window:
    """The packets of one stream that are sent and not acknowledged, oldest first."""

    limits: Limits
    items: int = 0
    size: int = 0
    share: float = 1.0
    _debt: float = 0.0
    _counted_at: float = 0.0
    _packets: deque[_Packet] = field(default_factory=deque)

    @property
    def empty(self) -> bool:
        return not self._packets

    @property
    def room(self) -> tuple[int, int]:
        """Entries and bytes that the next packet may have; none unless a full packet fits, lest packets crumble."""
        limits = self.limits
        fits = (
            self.items + limits.packet_items <= limits.items * self.share
            and self.size + limits.packet_size <= limits.size * self.share
        )
        return (limits.packet_items, limits.packet_size) if fits or self.empty else (0, 0)

    def pause(self, now: float) -> float:
        """Seconds until the stream's rate admits another packet; 0 where it does."""
        if self.limits.rate is None:
            return 0.0
        self._debt = max(0.0, self._debt - (now - self._counted_at) * self.limits.rate)
        self._counted_at = now
        pause = self._debt / self.limits.rate
        return pause if pause >= LEAST_PAUSE else 0.0

    def narrow(self, trip: float) -> None:
        """Where a round trip (s) takes longer than the stream may stay queued, it has less under way at a time.

        On a slow uplink, bulk would else fill the transport's queue, and control would wait behind it after all.
        """
        self.share = min(1.0, self.limits.patience / max(trip, 1e-9))

    @property
    def last(self) -> Point | None:
        return self._packets[-1].last if self._packets else None

    def add(self, last: Point, items: int, size: int, now: float, *, again: bool) -> None:
        packet = _Packet(last, items, size, now, again)
        self._packets.append(packet)
        self._debt += max(packet.size, LEAST_COST * packet.items)
        self.items += packet.items
        self.size += packet.size

    def settle(self, through: Point) -> float | None:
        """Drop what is acknowledged. Returns when the newest of it was sent; None if nothing was, or if twice."""
        sent = None
        while self._packets and self._packets[0].last <= through:
            packet = self._packets.popleft()
            self.items -= packet.items
            self.size -= packet.size
            sent = None if packet.again else packet.sent
        return sent

    def clear(self) -> None:
        self._packets.clear()
        self.items = self.size = 0
