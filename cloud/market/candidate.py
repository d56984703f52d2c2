"""What search decides about: what a job needs, a service on a machine with what is left of it, verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cloud.market.quote import PriceBand, Tariff
from gateway.capacity import Confidence
from gateway.money import Money
from gateway.odds import Odds
from gateway.span import Span

UTC = ZoneInfo("UTC")
_PROMISED = Odds(Confidence.FIRM.floor)

Edges = tuple[float, float, float]
"""Of a box, in mm, the longest first."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is left over a span: `left[c - 1]` units that are offered with confidence c or better.

    `odds`: of what is offered there, at the highest confidence at which there is as much as was asked for.
    """

    span: Span
    left: tuple[int, int, int, int, int]
    odds: Odds = _PROMISED


@dataclass(frozen=True, slots=True)
class Skill:
    """What the service can do. `materials` empty: any; None elsewhere: the provider did not say.

    `edges` and `mass_kg`: of the largest workpiece; `grade`: a rank of ISO 286-1 (7 is IT7), the finest; `fine_mm`: the
    smallest deviation. `certificates`: each with its end.
    """

    process: str | None = None
    materials: tuple[str, ...] = ()
    edges: Edges | None = None
    mass_kg: float | None = None
    grade: int | None = None
    fine_mm: float | None = None
    certificates: tuple[tuple[str, datetime], ...] = ()

    @property
    def certified_until(self) -> datetime | None:
        """When the first of the certificates ends: work that would end later is not sold."""
        return min((end for _, end in self.certificates), default=None)


@dataclass(frozen=True, slots=True)
class Task:
    """What the service must be able to do; None and empty: it does not matter. Units as in Skill; `km`: no farther."""

    process: str | None = None
    materials: tuple[str, ...] = ()
    edges: Edges | None = None
    mass_kg: float | None = None
    grade: int | None = None
    fine_mm: float | None = None
    certificates: tuple[str, ...] = ()
    km: float | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """The job may be done in up to `pieces` stretches of one machine, none of them shorter than `least`."""

    pieces: int
    least: timedelta


@dataclass(frozen=True, slots=True)
class Candidate:
    """A service on one of its machines, its terms, and what is left of the machine, in order of time."""

    service_id: str
    service_name: str
    provider_id: str
    provider_name: str
    machine_id: str
    instant: bool
    rate: Money
    setup_fee: Money
    notice: timedelta
    min_duration: timedelta
    max_duration: timedelta | None
    min_confidence: Confidence
    valid_until: datetime | None
    last_receipt_at: datetime | None
    km: float | None
    steps: Sequence[Step]
    bands: tuple[PriceBand, ...] = ()
    zone: ZoneInfo = UTC
    latitude: float | None = None
    longitude: float | None = None
    unit_price: Decimal = Decimal(0)
    skill: Skill = Skill()

    @property
    def tariff(self) -> Tariff:
        return Tariff(self.rate, self.setup_fee, self.bands, self.zone, self.unit_price)

    @property
    def floor(self) -> Decimal:
        """No hour of it costs less per unit of capacity."""
        return min([self.rate.amount, *(band.price for band in self.bands)])


@dataclass(frozen=True, slots=True)
class Need:
    """What is looked for: `quantity` units for `duration` somewhere within `window`, to make `units` of something."""

    window: Span
    duration: timedelta
    quantity: int
    min_confidence: Confidence
    max_price: Money | None
    now: datetime
    fresh_after: datetime
    task: Task = Task()
    split: Split | None = None
    units: int = 0

    def earliest(self, candidate: Candidate) -> datetime:
        """The first start that leaves the service its notice time."""
        return max(self.window.start, self.now + candidate.notice)


@dataclass(frozen=True, slots=True)
class Piece:
    """One booking of a match: when, at what price, and how many of the units it makes."""

    span: Span
    price: Money
    units: int


class Quoted(NamedTuple):
    """What a match costs, how sure it is, and how it is booked."""

    price: Money
    confidence: Confidence
    chance: float
    instant: bool
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """What does, and why: one booking, or several pieces of one machine. `span`: from first start to last end."""

    candidate: Candidate
    span: Span
    quantity: int
    confidence: Confidence
    chance: float
    price: Money
    instant: bool
    why: tuple[str, ...]
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class Miss:
    """The constraint that was missed, by how much, and a span that would do (None where none is in sight).

    `asked` and `offered` in words with their units; `remedy`: how to ask instead. `alone`: everything else would do.
    """

    candidate: Candidate
    constraint: str
    detail: str
    would_do: Span | None = None
    asked: str | None = None
    offered: str | None = None
    remedy: str | None = None
    alone: bool = True
