"""What is owed for a finished job: a pure function of what was agreed and what was measured."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from cloud.settlement.model import Meter
from gateway.money import Money


@dataclass(frozen=True, slots=True)
class Agreed:
    """The price of the whole booking, set-up included, and the fee for calling it off if that was charged already."""

    price: Money
    cancel_fee: Decimal | None = None


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
    """The share of the price that was earned, rounded half up to cents; never more than the price.

    The share is good of ordered pieces; where no pieces were ordered, run of booked hours. What was called off too late
    and ran all the same costs its fee at least.
    """
    ran = meter.run_hours / meter.booked_hours if meter.booked_hours else 0.0
    share = meter.share if meter.ordered_quantity else min(1.0, ran)
    earned = agreed.price.times(Decimal(str(share)))
    return Money(amount=max(earned.amount, agreed.cancel_fee or Decimal(0)), currency=earned.currency)
