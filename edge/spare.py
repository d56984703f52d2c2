"""The capacity that a machine can spare: staffed time, less all that the plant itself needs, as a ledger without holes.

Of every instant of the horizon and every unit of the machine, the first layer that covers it says what it is:

    paused             Unattainable   the plant stopped the sale by hand
    maintenance        Unattainable   a window of the calendar, or the machine is in Maintenance now
    breakdown          Unattainable   OutOfService: for a repair time, renewed while it lasts
    stale-data         Unattainable   nobody has seen the machine for too long
    switched-off       Unattainable   off: until its next shift, or (sellable) only for its power-up
    planned            Committed      the plant's own orders, as far as they are known, with set-up and cleaning
    running            Committed      what the plant runs now without a plan, for as long as that usually lasts
    not-staffed        Unattainable   outside the shifts, unless the plant sells its dark hours
    reserve            Unattainable   the last staffed hours of each day, kept back for the plant's rush orders
    forecast-busy      Unattainable   beyond the plan: too likely busy for the plant's threshold
    stale-data         Unattainable   the plan or the calendar is too old for the plant's threshold
    idle, off-shift    Available      the rest, with its confidence; a piece shorter than `shortest` is reserve
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from edge.condition import Condition
from edge.layers import Layer, paint
from edge.outlook import weigh
from edge.plan import Margins, PlannedOrder
from edge.reserve import Reserve, reserved, without_short
from edge.shifts import WorkingTime
from gateway.capacity import CapacitySpan, CapacityType, Reason, available
from gateway.span import Span, difference, intersection


@dataclass(frozen=True, slots=True)
class Rules:
    """How one machine's time is sold. `quantity`: its units; `sell_off_shift`: dark hours too.

    `margins`: what each planned order takes around itself.
    """

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    quantity: int = 1
    horizon: timedelta = timedelta(days=28)
    reserve: Reserve = field(default_factory=Reserve)
    shortest: timedelta = timedelta(minutes=30)
    sell_off_shift: bool = False
    margins: Margins = field(default_factory=Margins)


def horizon(now: datetime, length: timedelta) -> Span:
    """From now to a full hour, so that only the hour's turn moves the horizon's end."""
    end = (now + length).replace(minute=0, second=0, microsecond=0)
    return Span(now, end)


def ledger(
    rules: Rules, calendar: WorkingTime, planned: Iterable[PlannedOrder], condition: Condition, within: Span
) -> list[CapacitySpan]:
    """Every instant of `within` and every unit, of exactly one type, with the reason and the confidence; coalesced.

    Gross: `planned` and `condition` are of origin plant only. Total = Committed + Unattainable + Available (ISA-95).
    """
    found = paint(rules.quantity, layers(rules, calendar, planned, condition, within), within)
    return without_short(weigh(found, condition.view), rules.shortest, within)


def layers(
    rules: Rules, calendar: WorkingTime, planned: Iterable[PlannedOrder], condition: Condition, within: Span
) -> list[Layer]:
    """All that lays claim to the machine's time, the first of those over an instant first."""
    staffed = calendar.staffed(within)
    dark = difference([within], staffed)
    orders = _planned(planned, rules.margins)
    layers = [*_present(condition, within, staffed, orders), *_maintenance(calendar, within), *orders]
    if not rules.sell_off_shift:
        layers += [Layer(span, CapacityType.UNATTAINABLE, Reason.NOT_STAFFED) for span in dark]
    layers.sort(key=lambda layer: _RANK[layer.reason])
    kept = reserved(rules.reserve, calendar, rules.zone, within)
    layers += [Layer(span, CapacityType.UNATTAINABLE, Reason.RESERVE) for span in kept]
    layers += [Layer(span, CapacityType.AVAILABLE, Reason.OFF_SHIFT) for span in dark]
    layers.append(Layer(within, CapacityType.AVAILABLE, Reason.IDLE))
    return layers


_RANK = {
    reason: rank
    for rank, reason in enumerate(
        (
            Reason.PAUSED,
            Reason.MAINTENANCE,
            Reason.BREAKDOWN,
            Reason.STALE_DATA,
            Reason.SWITCHED_OFF,
            Reason.PLANNED,
            Reason.RUNNING,
            Reason.NOT_STAFFED,
        )
    )
}


def conflicts(offered: Iterable[CapacitySpan], span: Span, quantity: int) -> list[Span]:
    """The parts of `span` in which the plant's own ledger leaves fewer than `quantity` units free.

    That a forecast grew worse since the hours were sold is no need of the plant's.
    """
    free = [
        replace(part, type=CapacityType.AVAILABLE) if part.reason is Reason.FORECAST_BUSY else part for part in offered
    ]
    enough = [step.span for step in available(free) if step.quantity >= quantity]
    return difference([span], intersection([span], enough))


def _present(condition: Condition, within: Span, staffed: Sequence[Span], orders: Sequence[Layer]) -> list[Layer]:
    """What the present claims; a running job that the plan knows is already counted there."""
    planned_now = any(within.start in order.span for order in orders)
    found = condition.layers(within, staffed)
    return [layer for layer in found if not (planned_now and layer.reason is Reason.RUNNING)]


def _maintenance(calendar: WorkingTime, within: Span) -> list[Layer]:
    return [Layer(span, CapacityType.UNATTAINABLE, Reason.MAINTENANCE) for span in calendar.maintenance(within)]


def _planned(planned: Iterable[PlannedOrder], margins: Margins) -> list[Layer]:
    """The orders, and after all of them their margins, which take nothing that an order has."""
    orders = list(planned)
    found = [Layer(order.span, CapacityType.COMMITTED, Reason.PLANNED, 1, order.order) for order in orders]
    for order in orders:
        for margin, name in margins.around(order.span):
            detail = f"{order.order} ({name})"
            found.append(Layer(margin, CapacityType.COMMITTED, Reason.PLANNED, 1, detail))
    return found
