"""What the plant itself has planned, and how much of that it knows beforehand."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.span import Span


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """An order of the plant's own that will take a unit of a machine for a span."""

    machine: str
    span: Span
    order: str

    @property
    def serves_a_booking(self) -> bool:
        """A booking that came back through the plant's own planning: the registry subtracts it, so we must not."""
        return self.order.startswith("bkg_")


def known(orders: Iterable[PlannedOrder], now: datetime, lead: timedelta) -> list[PlannedOrder]:
    """The plant's own orders that are known at `now` and not over yet: each only from `lead` before its start on."""
    return [order for order in orders if order.span.start - lead <= now < order.span.end and not order.serves_a_booking]


def next_news(orders: Iterable[PlannedOrder], now: datetime, lead: timedelta) -> datetime | None:
    """When the next order becomes known, if the plan stays as it is."""
    return min((order.span.start - lead for order in orders if order.span.start - lead > now), default=None)
