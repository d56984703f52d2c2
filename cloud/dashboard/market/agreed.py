"""Hours called off by an agreement: which agreements cover a result, at what rate, and what is left of them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from cloud.cooperation.model import Agreement, Usage
from cloud.cooperation.states import AgreementState
from cloud.dashboard.figures import hours
from cloud.dashboard.market.told import money, worked
from cloud.dashboard.registry import Away, Refused, Registry
from cloud.dashboard.words import Words
from cloud.market.model import Found
from gateway.money import Money
from gateway.span import Span

MOST = 20
"""Agreements of which the quota is asked for."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """An agreement in force that the enterprise may call off by, and its periods over the time that is searched."""

    agreement: Agreement
    periods: tuple[Usage, ...] = ()


@dataclass(frozen=True, slots=True)
class Cover:
    """An agreement that covers a result. `left`: hours of its quota where that begins; None: not known."""

    agreement: Agreement
    needed: float
    left: float | None

    @property
    def enough(self) -> bool:
        """Whether the quota is; where it is not known, the registry will say."""
        return self.left is None or self.needed <= self.left

    @property
    def price(self) -> Money:
        """Of the hours, at the agreement's rate; set-up and prices per unit made are the service's own."""
        return self.agreement.rate.times(Decimal(str(self.needed)))


async def read(registry: Registry, window: Span) -> tuple[Agreed, ...]:
    """Those that hold at some time of the window; where they cannot be read, none: the list's price holds."""
    try:
        every = await registry.ask(lambda api: api.agreements(state=AgreementState.ACTIVE))
    except (Refused, Away):
        return ()
    mine = [one for one in every if one.role == "booker" and Span(one.start, one.end).intersection(window)][:MOST]
    return tuple(await asyncio.gather(*(_with_quota(registry, one, window) for one in mine)))


async def _with_quota(registry: Registry, one: Agreement, window: Span) -> Agreed:
    try:
        used = await registry.ask(lambda api: api.usage(one.id, window.start, window.end))
    except (Refused, Away):
        return Agreed(one)
    return Agreed(one, used.items)


def covers(found: Found, agreed: Sequence[Agreed]) -> tuple[Cover, ...]:
    """The agreements by which that result can be called off, in the order in which they were made."""
    needed = worked(found) / timedelta(hours=1) * found.quantity
    return tuple(Cover(each.agreement, needed, _left(each, found)) for each in agreed if _holds(each.agreement, found))


def _holds(agreement: Agreement, found: Found) -> bool:
    sold = any(one.active and one.id == found.service_id for one in agreement.services)
    return sold and agreement.start <= found.start and found.end <= agreement.end


def _left(each: Agreed, found: Found) -> float | None:
    return next((one.left_hours for one in each.periods if one.start <= found.start < one.end), None)


def terms(cover: Cover, words: Words) -> str:
    """`Agreement “Evening turning”: 48.00 EUR per hour and unit, 12.0 h of 40.0 h left that week`."""
    one, given = cover.agreement, {"name": cover.agreement.name, "rate": money(cover.agreement.rate)}
    if cover.left is None:
        return words("market.agreed.unknown", **given)
    left = {"left": hours(cover.left), "quota": hours(one.quota_hours), "needed": hours(cover.needed)}
    return words(
        f"market.agreed.{one.period}" if cover.enough else f"market.agreed.{one.period}_short", **given, **left
    )
