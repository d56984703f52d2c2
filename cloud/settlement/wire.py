"""A booking's settlement as it crosses the API's border."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from cloud.registry.model import Wire
from gateway.money import Money

Side = Literal["booker", "provider"]
Reason = Annotated[str, Field(min_length=1, max_length=500)]


class Dispute(Wire):
    """Why one side does not accept the meter, and what it would: the other side may take that, or propose anew."""

    by: Side
    reason: str
    at: datetime
    due: Money | None = None


class Settlement(Wire):
    """What is owed for a metered booking. Nobody having disputed it by `settle_by` (business time), it is settled.

    `due` follows from the meter. One that contradicts itself (`agrees` is false) is settled by no silence, and has no
    `settle_by`. `settled` is what was settled in the end, `how`: by both sides, or by silence.
    """

    due: Money
    settle_by: datetime | None = None
    accepted: tuple[Side, ...] = ()
    dispute: Dispute | None = None
    settled: Money | None = None
    settled_at: datetime | None = None
    how: Literal["agreed", "lapsed"] | None = None

    @classmethod
    def of(cls, kept: Mapping[str, Any] | None, currency: str) -> "Settlement | None":
        """The settlement that a claim keeps; its amounts are in the claim's currency."""
        if kept is None:
            return None
        dispute = {**kept["dispute"]} if kept.get("dispute") else None
        if dispute and "due" in dispute:
            dispute["due"] = Money(amount=Decimal(dispute["due"]), currency=currency)
        amounts = {
            name: Money(amount=Decimal(kept[name]), currency=currency) for name in ("due", "settled") if name in kept
        }
        return cls.model_validate({**kept, **amounts, "dispute": dispute})


Due = Annotated[Decimal | None, Field(ge=0, max_digits=18, decimal_places=2)]


class SettleRequest(Wire):
    """What is accepted, in the booking's currency; of a disputed booking `due` must say it."""

    due: Due = None


class DisputeRequest(Wire):
    """Why the meter is not accepted; `due` is what would be, in the booking's currency."""

    reason: Reason
    due: Due = None
