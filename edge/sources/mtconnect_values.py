"""From an agent's observations to readings: bad where the agent has none, and conditions folded to their worst."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from edge.reading import Reading
from edge.sources.mtconnect_items import Bound
from edge.sources.mtconnect_model import UNAVAILABLE, Observation
from edge.sources.mtconnect_signal import MtconnectSignal
from gateway.machine import Quality

LEVELS = ("NORMAL", "WARNING", "FAULT")


@dataclass
class Conditions:
    """The active conditions of each item: several may be active at once, and a Normal without a code ends them all."""

    _active: dict[str, dict[str, str]] = field(default_factory=dict)

    def worst(self, seen: Observation) -> str | None:
        """The item's level after this observation; None while the agent cannot tell."""
        if not isinstance(seen.value, str):
            self._active.pop(seen.item, None)
            return None
        active = self._active.setdefault(seen.item, {})
        if seen.value != "NORMAL":
            active[seen.code] = seen.value
        elif seen.code:
            active.pop(seen.code, None)
        else:
            active.clear()
        return max(active.values(), key=LEVELS.index, default="NORMAL")

    def forget(self) -> None:
        """Before a `current`, which lists what is active."""
        self._active.clear()


def readings(
    bound: Mapping[str, Sequence[Bound]],
    observations: Iterable[Observation],
    conditions: Conditions,
    received: datetime,
    since: Mapping[str, int],
) -> list[Reading]:
    """What the observations say to the signals that are bound to their items, in their order.

    `since`: by machine, the number of the first observation that is new to it; all are, where it is left out.
    """
    found = []
    for seen in observations:
        wanted = bound.get(seen.item)
        if wanted is None:
            continue
        said = conditions.worst(seen) if seen.category == "CONDITION" else seen.value
        for each in wanted:
            if seen.sequence is None or seen.sequence >= since.get(each.machine, 0):
                value, quality = judge(each.signal, said)
                found.append(Reading(each.machine, each.name, value, seen.at, received, quality))
    return found


def judge(signal: MtconnectSignal, said: str | Mapping[str, str] | None) -> tuple[object, Quality]:
    """The raw value and its quality. UNAVAILABLE is good where the profile has a name for it."""
    if said is not None and signal.entry is not None:
        said = said.get(signal.entry) if isinstance(said, Mapping) else None
    if said is not None:
        return (said if isinstance(said, str) else dict(said)), Quality.GOOD
    if UNAVAILABLE in signal.values:
        return UNAVAILABLE, Quality.GOOD
    return None, Quality.BAD
