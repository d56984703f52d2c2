"""What is owed for a finished job: a pure function of what was agreed and what was measured."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from cloud.settlement.model import Meter
from gateway.money import Money


@dataclass(frozen=True, slots=True)
class Agreed:
    """The price of the whole booking, and the fee for calling it off if that was charged already.

    In the price are the hours with their set-up, and `units` pieces at `unit_price` each. `late_fee`: what was charged
    for the part that was given up when it was too late to call that off for nothing.
    """

    price: Money
    cancel_fee: Decimal | None = None
    units: int = 0
    unit_price: Decimal = Decimal(0)
    late_fee: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Bill:
    """A meter, what is owed by it, and until when somebody may say no; None: silence is no consent."""

    meter: Meter
    due: Money
    settle_by: datetime | None


def bill(agreed: Agreed, meter: Meter, now: datetime, within: timedelta) -> Bill:
    """What both sides are told. A meter that contradicts itself has to be accepted by both."""
    return Bill(meter, due(agreed, meter), now + within if meter.agrees else None)


def due(agreed: Agreed, meter: Meter) -> Money:
    """What was earned of the price, rounded half up to cents; never more than the price before late amendments.

    Pieces that have a price are owed as far as they are good, and the hours then as far as they were run. Without such
    a price the whole is owed by the share of good pieces; where no pieces were ordered, by that of run hours. What was
    called off too late and ran all the same costs its fee at least; what was only made less of, its fee for that part.
    """
    ran = min(1.0, meter.run_hours / meter.booked_hours) if meter.booked_hours else 0.0
    paid = min(meter.good_quantity, agreed.units) * agreed.unit_price
    hours = agreed.price.amount - agreed.units * agreed.unit_price
    share = ran if agreed.unit_price or not meter.ordered_quantity else meter.share
    earned = Money(amount=hours, currency=agreed.price.currency).times(Decimal(str(share)))
    owed = (earned.amount + paid + agreed.late_fee).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return Money(amount=max(owed, agreed.cancel_fee or Decimal(0)), currency=earned.currency)
