"""A virtual network between two hosts: it drops, doubles, delays and reorders packets, and may be cut."""

import heapq
from dataclasses import dataclass, field
from random import Random
from typing import Literal

Way = Literal["forth", "back"]


@dataclass(frozen=True, slots=True)
class Weather:
    """Shares of packets that are dropped or doubled, and the longest delay in seconds; order follows from delay."""

    drop: float = 0.0
    double: float = 0.0
    delay: float = 0.05


CALM = Weather()


@dataclass(slots=True)
class Network:
    """Packets under way, by due time. `heard` keeps the latest ones for an attacker who listens."""

    random: Random
    weather: Weather = CALM
    cut: bool = False
    heard: list[tuple[Way, bytes]] = field(default_factory=list)
    _under_way: list[tuple[float, int, Way, bytes]] = field(default_factory=list)
    _count: int = 0

    def send(self, way: Way, packet: bytes, now: float) -> None:
        self.heard = [*self.heard[-19:], (way, packet)]
        if self.cut or self.random.random() < self.weather.drop:
            return
        copies = 1 + (self.random.random() < self.weather.double)
        for _ in range(copies):
            self._count += 1
            due = now + self.random.random() * self.weather.delay
            heapq.heappush(self._under_way, (due, self._count, way, packet))

    def due(self, now: float) -> list[tuple[Way, bytes]]:
        """What arrives by now, in order of arrival."""
        arrived = []
        while self._under_way and self._under_way[0][0] <= now:
            _, _, way, packet = heapq.heappop(self._under_way)
            arrived.append((way, packet))
        return arrived

    @property
    def idle(self) -> bool:
        return not self._under_way
