"""What a span costs and how likely all of it is idle: the integral over its parts, by their confidence and their hour.

The database says the same of a hold or a booking (cloud/booking/sql/quote.sql); a property test holds the two together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from gateway.capacity import Confidence
from gateway.money import Money
from gateway.odds import Odds, all_through
from gateway.span import Span

QUARTER = timedelta(minutes=15)
DAY_MINUTES = 24 * 60
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PER_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class PriceBand:
    """From `start` to `end` (minutes after midnight on the plant's clock, in quarter hours), on the ISO weekdays `days`
    (Monday is 1), an hour of a confidence from `least` to `most` costs `price` per unit.

    A window that ends before it begins goes on after midnight, and belongs to the day of its start.
    """

    price: Decimal
    least: Confidence = Confidence.VERY_LOW
    most: Confidence = Confidence.FIRM
    days: frozenset[int] = frozenset(range(1, 8))
    start: int = 0
    end: int = DAY_MINUTES

    def holds(self, confidence: Confidence, local: datetime) -> bool:
        """Whether a quarter hour that begins at `local` is in it."""
        minute, day = local.hour * 60 + local.minute, local.isoweekday()
        if not self.least <= confidence <= self.most:
            return False
        if self.start < self.end:
            return self.start <= minute < self.end and day in self.days
        return (minute >= self.start and day in self.days) or (minute < self.end and (day + 5) % 7 + 1 in self.days)


@dataclass(frozen=True, slots=True)
class Tariff:
    """A service's prices on one machine: `rate` per hour and unit where no band holds; the first that holds counts.

    `unit`: for each unit that the work makes.
    """

    rate: Money
    setup_fee: Money
    bands: tuple[PriceBand, ...]
    zone: ZoneInfo
    unit: Decimal = Decimal(0)

    @property
    def extras(self) -> bool:
        """Whether there is more to pay than the hours."""
        return bool(self.setup_fee.amount or self.unit)

    def at(self, confidence: Confidence, moment: datetime) -> Decimal:
        """Per hour and unit of the quarter hour that begins at `moment`."""
        local = moment.astimezone(self.zone)
        return next((band.price for band in self.bands if band.holds(confidence, local)), self.rate.amount)


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of what is asked for: the highest confidence at which there is enough of it, and its odds."""

    span: Span
    confidence: Confidence
    odds: Odds


def price(tariff: Tariff, parts: Sequence[Part], quantity: int, units: int = 0) -> Money:
    """The integral over the parts times quantity, plus the units made and the set-up fee, rounded half up to cents."""
    worth = Decimal(0)
    for part in parts:
        if tariff.bands:
            worth += sum(tariff.at(part.confidence, quarter) * length for quarter, length in _quarters(part.span))
        else:
            worth += tariff.rate.amount * (part.span.duration // _MICROSECOND)
    amount = worth * quantity / _PER_HOUR + tariff.unit * units + tariff.setup_fee.amount
    return Money(amount=amount.quantize(Decimal("0.01"), ROUND_HALF_UP), currency=tariff.rate.currency)


def per_hour(tariff: Tariff, cost: Money, duration: timedelta, quantity: int) -> Decimal:
    """The mean rate of what costs so much, per hour and unit, without the fee."""
    return (cost.amount - tariff.setup_fee.amount) * _PER_HOUR / (duration // _MICROSECOND) / quantity


def chance(parts: Sequence[Part]) -> float:
    """P(idle all through), to four digits."""
    return round(all_through([(part.span.duration, part.odds) for part in parts]), 4)


def _quarters(span: Span) -> Iterator[tuple[datetime, int]]:
    """Each quarter hour that the span touches, by its start, and how many microseconds of it are the span's."""
    start = _EPOCH + (span.start - _EPOCH) // QUARTER * QUARTER
    while start < span.end:
        yield start, (min(start + QUARTER, span.end) - max(start, span.start)) // _MICROSECOND
        start += QUARTER
