"""What is stored: a plant's telemetry as its agents send it, and the same as columns."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cloud.ids import new_id
from cloud.ingest.model import Agent
from cloud.telemetry.model import Series, micros
from gateway.link import Data, Entry
from gateway.link.packets import encode
from gateway.messages import Stream
from gateway.telemetry import written

MACHINES, SIGNALS, HZ = 50, 20, 10
START = micros(datetime(2025, 3, 3, tzinfo=UTC))
SECOND = 1_000_000
PER_SECOND = MACHINES * SIGNALS * HZ


def value(signal: int, tick: int) -> float:
    """A measurement: a slow wave with the last digits of a sensor's noise."""
    return round(50 + 10 * math.sin(tick / 600 + signal) + (tick * 7919 % 1000) / 1000, 3)


def columns(second: int, machines: int = MACHINES) -> list[Series]:
    """One second of every signal of every machine."""
    base = START + second * SECOND
    at = [base + tick * SECOND // HZ for tick in range(HZ)]
    return [
        Series(f"mch_{machine}", f"s{signal}", at, [value(signal, second * HZ + tick) for tick in range(HZ)])
        for machine in range(machines)
        for signal in range(SIGNALS)
    ]


@dataclass
class Sender:
    """An agent of so many machines; each of its packets is a second of all of them, sealed."""

    enterprise: str
    site: str
    machines: int
    names: list[str] = field(default_factory=list)
    key: bytes = b"k" * 32
    id: str = field(default_factory=lambda: new_id("agt"))

    def packets(self, seconds: range) -> Iterator[bytes]:
        """In their order; the stream begins with the range's first second, which must be 0 the first time."""
        lane = Agent(self.id, self.enterprise, self.site, "k1", self.key).lane("up")
        for second in seconds:
            first = second * self.machines + 1
            entries = tuple(
                Entry(first + machine, first + machine, self._payload(machine, second))
                for machine in range(self.machines)
            )
            yield lane.seal("forth", encode(Data(Stream.TELEMETRY, 1, None, entries)))

    def _payload(self, machine: int, second: int) -> bytes:
        steps = [0, *(SECOND // HZ,) * (HZ - 1)]
        told: list[dict[str, object]] = [
            {
                "signal": f"s{signal}",
                "at": steps,
                "values": [value(signal, second * HZ + tick) for tick in range(HZ)],
            }
            for signal in range(SIGNALS)
        ]
        return written(self.names[machine], START + second * SECOND, told)
