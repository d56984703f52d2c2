"""Money: exact, in one currency, written as the API writes it."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from gateway.money import Money


def euros(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def test_money_is_written_with_its_cents() -> None:
    assert euros("85").model_dump(mode="json") == {"amount": "85.00", "currency": "EUR"}
    assert euros("0.0125").model_dump(mode="json")["amount"] == "0.0125"


@pytest.mark.parametrize(("hours", "price"), [("1", "85.10"), ("0.5", "42.55"), ("0.333", "28.34"), ("0.05", "4.26")])
def test_a_price_is_rounded_half_up_to_cents(hours: str, price: str) -> None:
    assert euros("85.10").times(Decimal(hours)) == euros(price)


def test_two_currencies_do_not_add_up() -> None:
    assert euros("1") + euros("2") == euros("3")
    with pytest.raises(ValueError, match="convert one"):
        euros("1") + Money(amount=Decimal(1), currency="CNY")


@pytest.mark.parametrize("raw", [{"amount": "1", "currency": "euro"}, {"amount": "x", "currency": "EUR"}])
def test_what_is_not_money_is_refused(raw: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Money.model_validate(raw)
