"""Money: a decimal amount with its currency, and the arithmetic that a price needs."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_serializer


class Money(BaseModel):
    """An exact amount in an ISO 4217 currency; on the wire `{"amount": "85.00", "currency": "EUR"}`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    amount: Annotated[Decimal, Field(max_digits=18, decimal_places=4)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]

    @field_serializer("amount")
    def _amount(self, amount: Decimal) -> str:
        return f"{amount:.2f}" if amount == amount.quantize(Decimal("0.01")) else str(amount)

    def __add__(self, other: "Money") -> "Money":
        if self.currency != other.currency:
            msg = f"cannot add {other.currency} to {self.currency}; convert one of them first"
            raise ValueError(msg)
        return Money(amount=self.amount + other.amount, currency=self.currency)

    def times(self, factor: Decimal) -> "Money":
        """This amount times `factor`, rounded half up to cents: the rounding that invoices use."""
        cents = (self.amount * factor).quantize(Decimal("0.01"), ROUND_HALF_UP)
        return Money(amount=cents, currency=self.currency)
