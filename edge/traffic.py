"""What has come in since the agent started: readings by source and machine, and when each machine last gave one."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from edge.reading import Event, Reading


@dataclass
class Traffic:
    """`readings` by (source, machine); `seen` by machine in UNIX seconds of the wall clock; `ignored` by source."""

    wall: Callable[[], float] = time.time
    readings: Counter[tuple[str, str]] = field(default_factory=Counter)
    seen: dict[str, float] = field(default_factory=dict)
    ignored: Counter[str] = field(default_factory=Counter)

    def count(self, source: str, events: Sequence[Event]) -> None:
        """These came from the source and are in the outbox."""
        found = Counter(event.machine for event in events if isinstance(event, Reading))
        now = self.wall()
        for machine, readings in found.items():
            self.readings[source, machine] += readings
            self.seen[machine] = now

    def forget(self, machine: str) -> None:
        """It is not one of ours any more."""
        self.seen.pop(machine, None)
        for key in [key for key in self.readings if key[1] == machine]:
            del self.readings[key]
