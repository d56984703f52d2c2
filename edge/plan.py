"""What the plant itself has planned, how much of that it knows beforehand, and how a running order's end moves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.span import Span, union


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an order is: `left` pieces to make, each of `cycle`, counted at `at`."""

    left: float
    cycle: timedelta
    at: datetime

    @property
    def end(self) -> datetime:
        return self.at + self.cycle * max(0.0, self.left)


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """An order of the plant's own that will take a unit of a machine for a span."""

    machine: str
    span: Span
    order: str
    progress: Progress | None = None

    @property
    def serves_a_booking(self) -> bool:
        """A booking that came back through the plant's own planning: the registry subtracts it, so we must not."""
        return self.order.startswith("bkg_")


@dataclass(frozen=True, slots=True)
class Margins:
    """What an order takes of the machine before it starts and after it ends."""

    set_up: timedelta = timedelta()
    clean_up: timedelta = timedelta()

    def around(self, span: Span) -> list[tuple[Span, str]]:
        """The margins of one order's span, each with its name."""
        found = [
            (Span.between(span.start - self.set_up, span.start), "set-up"),
            (Span.between(span.end, span.end + self.clean_up), "cleaning"),
        ]
        return [(margin, name) for margin, name in found if margin]


def known(
    orders: Iterable[PlannedOrder], now: datetime, lead: timedelta, margins: Margins | None = None
) -> list[PlannedOrder]:
    """The plant's own orders that are known at `now` and not over yet, with their margins: each only from `lead` before
    its start on. A running order whose pieces are counted ends when the last one is made.
    """
    after = margins.clean_up if margins else timedelta()
    own = (order for order in orders if not order.serves_a_booking and order.span.start - lead <= now)
    found = [remaining(order, now) for order in own]
    return [order for order in found if now < order.span.end + after]


def remaining(order: PlannedOrder, now: datetime) -> PlannedOrder:
    """The order with the end that its pieces still to make give it, once it runs; else as it was planned."""
    done = order.progress
    if done is None or not order.span.start <= now or done.at < order.span.start:
        return order
    span = Span.between(order.span.start, done.end)
    return replace(order, span=span) if span else order


def next_news(orders: Iterable[PlannedOrder], now: datetime, lead: timedelta) -> datetime | None:
    """When the next order becomes known or begins, if the plan stays as it is."""
    moments = (
        moment
        for order in orders
        for moment in (order.span.start - lead, order.span.start if order.progress else None)
        if moment is not None and moment > now
    )
    return min(moments, default=None)


def united(orders: Iterable[PlannedOrder]) -> list[PlannedOrder]:
    """The same plan, in which no order overlaps itself: one that is listed twice takes one unit, not two."""
    by_name: dict[tuple[str, str], list[PlannedOrder]] = {}
    for order in orders:
        by_name.setdefault((order.machine, order.order), []).append(order)
    found = [each for same in by_name.values() for each in _united(same)]
    return sorted(found, key=lambda order: (order.span, order.machine, order.order))


def _united(same: Sequence[PlannedOrder]) -> list[PlannedOrder]:
    if len(same) == 1:
        return list(same)
    counted = [order for order in same if order.progress]
    return [
        replace(same[0], span=span, progress=next((o.progress for o in counted if o.span.overlaps(span)), None))
        for span in union(order.span for order in same)
    ]
