"""All telemetry that is not in the outbox yet, by machine, and the decision which of the post's streams it takes."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from edge.telemetry import Basket, Named
from gateway.link import Mark
from gateway.messages import Stream

GATHERED_FOR = 1.0
"""Real seconds for which values wait for others, at most; a clean stop writes them at once."""

MOST = 20_000
"""Values that are written before their time is up."""

TOO_MANY = 100_000
"""Values beyond which a source has to wait, because nothing could be written for so long."""

LIVE_FOR = 10.0
"""Real seconds within which the registry must have live telemetry; what is gathered while it lags is backfill."""

Key = tuple[str, bool]
"""A machine, and whether the readings are history."""


@dataclass
class Gathering:
    """`now` is monotonic real seconds throughout."""

    baskets: dict[Key, Basket] = field(default_factory=dict)
    size: int = 0
    since: float = 0.0

    def add(self, named: Iterable[Named], now: float) -> None:
        for each in named:
            old = [reading for reading in each.readings if reading.historical]
            new = [reading for reading in each.readings if not reading.historical] if old else each.readings
            for readings, historical in ((new, False), (old, True)):
                if readings:
                    basket = self.baskets.setdefault((each.machine, historical), Basket(each.machine))
                    before = basket.size
                    basket.add(readings, each.bounds)
                    self.since = self.since if self.size else now
                    self.size += basket.size - before

    def due(self, now: float) -> bool:
        return self.size >= MOST or (self.size > 0 and now - self.since >= GATHERED_FOR)

    @property
    def overfull(self) -> bool:
        return self.size >= TOO_MANY

    def of(self, machine: str) -> list[Key]:
        return [key for key in self.baskets if key[0] == machine]

    def sent(self, keys: Iterable[Key]) -> None:
        """These are in the outbox."""
        for key in keys:
            self.size -= self.baskets.pop(key).size


@dataclass
class Lane:
    """Live telemetry goes ahead of what an outage left behind: as long as the registry lags, all of it is backfill."""

    pending: Callable[[Mark], bool]
    _sent: deque[tuple[Mark, float]] = field(default_factory=deque)

    def choose(self, *, historical: bool, now: float) -> Stream:
        """The stream for what is written now."""
        while self._sent and not self.pending(self._sent[0][0]):
            self._sent.popleft()
        lags = bool(self._sent) and now - self._sent[0][1] > LIVE_FOR
        return Stream.BACKFILL if historical or lags else Stream.TELEMETRY

    def took(self, mark: Mark, now: float) -> None:
        """Remember what was sent as live."""
        if mark.stream is Stream.TELEMETRY:
            self._sent.append((mark, now))
