"""Key figures of a machine as ISO 22400-2 defines them, of what is known in the cloud; what is not known stays None."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cloud.telemetry.model import Bucket
from gateway.machine import ItemState, OperationMode

PRODUCED = ("part_count", "PQ")
GOOD = ("good_part_count", "GQ")
RUN_TIME = ("planned_run_time_per_item", "PRI")
"""The signals that tell the quantities (counters) and the planned seconds for each item, if the plant lets them out.

The second names are the keys of IDTA 02066, whose meaning is that of ISO 22400-2.
"""


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds by ISO 22400-2's time elements, as far as states tell them (OPC 40001-1 state and mode).

    `apt` producing; `aust` setting up; `adet` not functional; `adot` available without running an order;
    `planned_down` in maintenance; `off` switched off, which counts as not planned: the plant's calendar stays inside.
    """

    apt: float = 0.0
    aust: float = 0.0
    adet: float = 0.0
    adot: float = 0.0
    planned_down: float = 0.0
    off: float = 0.0
    booked: float = 0.0

    @property
    def seen(self) -> float:
        """All of the time of which a state is known."""
        return self.pbt + self.planned_down + self.off

    @property
    def pbt(self) -> float:
        """Planned busy time: operating time without planned downtime."""
        return self.aubt + self.adot

    @property
    def aubt(self) -> float:
        """Actual unit busy time: in use for an order."""
        return self.apt + self.aust + self.adet


@dataclass(frozen=True, slots=True)
class Counts:
    """Pieces made (PQ), good ones (GQ), and seconds planned for each (PRI); None where nobody told."""

    produced: float | None = None
    good: float | None = None
    run_time: float | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """Ratios (1 is all of it), None where a part of the formula is not known, or is nothing to divide by."""

    utilisation: float | None
    availability: float | None
    effectiveness: float | None
    quality_ratio: float | None
    oee: float | None
    technical_efficiency: float | None
    setup_ratio: float | None


Spent = tuple[str, str, bool, float]
"""State, mode, in a booking's service, seconds."""


def times(spent: Iterable[Spent]) -> Times:
    """The time elements of what was spent in which state."""
    found: dict[str, float] = {}
    for state, mode, booked, seconds in spent:
        element = element_of(state, mode)
        found[element] = found.get(element, 0.0) + seconds
        if booked and element == "apt":
            found["booked"] = found.get("booked", 0.0) + seconds
    return Times(**found)


def element_of(state: str, mode: str) -> str:
    """The field of Times that a state counts to."""
    if mode == OperationMode.MAINTENANCE:
        return "planned_down"
    if state == ItemState.NOT_AVAILABLE:
        return "off"
    if state == ItemState.OUT_OF_SERVICE:
        return "adet"
    if mode == OperationMode.SETUP:
        return "aust"
    return "apt" if state == ItemState.EXECUTING else "adot"


def figures(spent: Times, counts: Counts) -> Figures:
    """ISO 22400-2: availability APT/PBT, effectiveness PRI·PQ/APT, quality ratio GQ/PQ, OEE their product, technical
    efficiency APT/(APT+ADET), setup ratio AUST/AUPT. `utilisation`: APT over all time seen.
    """
    availability = _ratio(spent.apt, spent.pbt)
    planned = None if counts.run_time is None or counts.produced is None else counts.run_time * counts.produced
    effectiveness = _ratio(planned, spent.apt)
    quality = _ratio(counts.good, counts.produced)
    known = availability is not None and effectiveness is not None and quality is not None
    return Figures(
        utilisation=_ratio(spent.apt, spent.seen),
        availability=availability,
        effectiveness=effectiveness,
        quality_ratio=quality,
        oee=availability * effectiveness * quality if known else None,  # type: ignore[operator]
        technical_efficiency=_ratio(spent.apt, spent.apt + spent.adet),
        setup_ratio=_ratio(spent.aust, spent.apt + spent.aust),
    )


def _ratio(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole


def counted(buckets: Sequence[Bucket], before: float | None) -> float | None:
    """By how much a counter rose over the buckets, from `before` on; one that falls began again at zero."""
    at, rose = before, 0.0
    told = [bucket for bucket in buckets if bucket.last is not None]
    for bucket in told:
        least, most, last = bucket.least or 0.0, bucket.most or 0.0, bucket.last or 0.0
        start = least if at is None else at
        rose += last - start if last >= start and least >= start else max(0.0, most - start) + last
        at = last
    return rose if told else None
