"""The capacity ledger: quantity over time, as Committed, Unattainable or Available, and its peaks."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from itertools import pairwise

from gateway.odds import Odds
from gateway.span import Span


class CapacityKind(StrEnum):
    """What is counted: machine hours, vehicle slots, pallet places, an amount of credit, expert hours."""

    PROCESSING = "processing"
    TRANSPORT = "transport"
    STORAGE = "storage"
    FINANCE = "finance"
    ENGINEERING = "engineering"


class CapacityType(StrEnum):
    """The parts that Total divides into (ISA-95 / B2MML CapabilityType)."""

    COMMITTED = "Committed"
    UNATTAINABLE = "Unattainable"
    AVAILABLE = "Available"


class Confidence(IntEnum):
    """Five bands of the probability that the offered time is really there; `floor` is a band's least promise."""

    VERY_LOW = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    FIRM = 5

    @property
    def floor(self) -> float:
        return (0.0, 0.5, 0.75, 0.9, 0.97)[self - 1]

    @classmethod
    def of(cls, probability: float) -> "Confidence":
        """The highest band whose floor is reached by `probability` (0 to 1)."""
        return next(band for band in reversed(cls) if probability >= band.floor)


class Reason(StrEnum):
    """Why a span is what it is: the public codes. Whose order it is, is a detail that only its owner may see."""

    IDLE = "idle"
    OFF_SHIFT = "off-shift"
    PLANNED = "planned"
    RUNNING = "running"
    NOT_STAFFED = "not-staffed"
    MAINTENANCE = "maintenance"
    RESERVE = "reserve"
    FORECAST_BUSY = "forecast-busy"
    BREAKDOWN = "breakdown"
    SWITCHED_OFF = "switched-off"
    STALE_DATA = "stale-data"
    PAUSED = "paused"
    WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class CapacitySpan:
    """`quantity` units of a resource that are of one type over one span.

    `odds`: the numbers behind the confidence, where a forecast gave any; spans that differ in nothing else are equal,
    since numbers that move within their band are no news.
    """

    span: Span
    type: CapacityType
    quantity: int
    reason: Reason
    confidence: Confidence = Confidence.FIRM
    detail: str | None = None
    odds: Odds | None = field(default=None, compare=False)

    @property
    def likely(self) -> Odds:
        """The odds, or what the confidence promises."""
        return self.odds or Odds(max(self.confidence.floor, 0.01))


@dataclass(frozen=True, slots=True)
class Level:
    """How much is taken over a span on which that amount does not change."""

    span: Span
    quantity: int


def levels(takings: Iterable[tuple[Span, int]]) -> list[Level]:
    """The stairs that the takings add up to, by sweep; spans where the sum is zero are left out."""
    steps: dict[datetime, int] = defaultdict(int)
    for span, quantity in takings:
        steps[span.start] += quantity
        steps[span.end] -= quantity
    found: list[Level] = []
    height = 0
    moments = sorted(steps)
    for moment, following in pairwise(moments):
        height += steps[moment]
        if height:
            found.append(Level(Span(moment, following), height))
    return found


def peak(takings: Iterable[tuple[Span, int]], within: Span | None = None) -> int:
    """The highest quantity taken at any one instant (of `within`): peak concurrency, not a count of overlaps."""
    return max((step.quantity for step in levels(takings) if within is None or step.span.overlaps(within)), default=0)


def available(ledger: Iterable[CapacitySpan], takings: Sequence[tuple[Span, int]] = ()) -> list[Level]:
    """What is left of the ledger's Available quantity after the takings, as stairs; never negative."""
    offered = [(part.span, part.quantity) for part in ledger if part.type is CapacityType.AVAILABLE]
    sums = levels([*offered, *((span, -quantity) for span, quantity in takings)])
    return [step for step in sums if step.quantity > 0]


def coalesce(ledger: Iterable[CapacitySpan]) -> list[CapacitySpan]:
    """The same ledger in as few spans as possible: neighbours that differ in nothing but time become one."""
    joined: list[CapacitySpan] = []
    for part in sorted(ledger, key=lambda part: part.span):
        last = joined[-1] if joined else None
        if last and last.span.end == part.span.start and _alike(last, part):
            joined[-1] = CapacitySpan(
                Span(last.span.start, part.span.end),
                last.type,
                last.quantity,
                last.reason,
                last.confidence,
                last.detail,
                least_odds(last, part),
            )
        else:
            joined.append(part)
    return joined


def least_odds(one: CapacitySpan, other: CapacitySpan) -> Odds | None:
    """Of two pieces made one: no better than either; None where neither has any."""
    return one.likely.at_most(other.likely) if one.odds or other.odds else None


def _alike(one: CapacitySpan, other: CapacitySpan) -> bool:
    return (one.type, one.quantity, one.reason, one.confidence, one.detail) == (
        other.type,
        other.quantity,
        other.reason,
        other.confidence,
        other.detail,
    )
