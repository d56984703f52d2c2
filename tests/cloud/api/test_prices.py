"""Over HTTP: prices by confidence and hour, and quotes that say how likely all of the hours are idle."""

from datetime import timedelta
from math import exp
from typing import Any

import pytest
from api_market import Market, at, booking, need, piece, wanted
from pydantic import ValidationError

from cloud.registry.prices import PriceBand
from gateway.capacity import Confidence
from gateway.money import Money


def euros(amount: str) -> Money:
    return Money(amount=amount, currency="EUR")  # type: ignore[arg-type]


NIGHT = PriceBand(price=euros("30.00"), days=("mon",), start="22:00", end="06:00")
UNSURE = PriceBand(price=euros("20.00"), most=Confidence.MEDIUM)


async def test_a_service_comes_back_with_its_price_bands(market: Market) -> None:
    service_id, _ = await market.offer("maker", price_bands=(NIGHT, UNSURE))
    (kept,) = await market.clients["maker"].services()
    assert kept.id == service_id
    assert kept.price_bands == (NIGHT, UNSURE)


async def test_search_hold_and_booking_state_the_same_price_and_chance(market: Market) -> None:
    """Monday 6:00 UTC is 7:00 in Vienna. From 20:00 UTC, 21:00 there, one hour at 60, four of the night at 30."""
    sure = piece(0, 16, confidence=5, chance=0.99, fading=0.01)
    service_id, machine_id = await market.offer(
        "maker", sure, piece(16, 40, confidence=4, chance=0.92, fading=0.05), price_bands=(NIGHT, UNSURE)
    )
    buyer = market.clients["buyer"]
    (found,) = (await buyer.search(need(14, 19, 5))).items
    likely = round(0.92 * exp(-0.05 * 3), 4)
    assert (found.price, found.rate, found.confidence) == (euros("180.00"), euros("60.00"), 4)
    assert found.chance == pytest.approx(likely, abs=1e-4)
    assert f"all of it is idle with {likely:.0%}" in found.why[1]
    assert "36.00 EUR on average per hour" in found.why[2]
    held = await buyer.hold(wanted(service_id, 14, 19))
    assert (held.price, held.chance) == (found.price, found.chance)
    booked = await buyer.book(booking(service_id, 30, 31))
    assert (booked.price, booked.chance) == (euros("60.00"), round(0.92 * exp(-0.05), 4))
    assert (await buyer.booking(booked.id)).chance == booked.chance
    seen = await market.clients["maker"].capacity(machine_id, at(1), at(20))
    assert [(one.chance, one.fading) for one in seen.spans] == [(0.99, 0.01), (0.92, 0.05)]
    assert all(one.said_at for one in seen.spans)


async def test_hours_that_are_less_sure_cost_what_their_band_says(market: Market) -> None:
    await market.offer("maker", piece(0, 4, confidence=5), piece(4, 8, confidence=3), price_bands=(UNSURE,))
    (found,) = (await market.clients["buyer"].search(need(2, 6, 4))).items
    assert found.price == euros("160.00")
    assert found.chance == 0.75  # without numbers of a forecast a band's floor


async def test_the_cheapest_hours_come_first_also_by_their_band(market: Market) -> None:
    cheap = PriceBand(price=euros("10.00"), start="00:00", end="12:00")
    machines = await market.plant("maker", "m1", "m2")
    for machine_id in machines:
        await market.states(machine_id, piece(0, 48))
    await market.service("maker", machines[0], name="flat", amount="40.00")
    await market.service("maker", machines[1], name="banded", amount="50.00", price_bands=(cheap,))
    answer = await market.clients["buyer"].search(need(0, 3, 2))
    assert [one.service_name for one in answer.items] == ["banded", "flat"]
    answer = await market.clients["buyer"].search(need(8, 12, 2))
    assert [one.service_name for one in answer.items] == ["flat", "banded"]


@pytest.mark.parametrize(
    ("band", "says"),
    [
        ({"start": "06:10"}, "pattern"),
        ({"start": "24:00"}, "no hour"),
        ({"start": "06:00", "end": "06:00"}, "no hour"),
        ({"least": 4, "most": 2}, "least is 4 and most is 2"),
        ({"price": euros("-1.00")}, "may not be negative"),
        ({"days": ()}, "at least 1 item"),
        ({"days": ("monday",)}, "Input should be 'mon'"),
    ],
)
def test_a_band_that_cannot_be_is_refused(band: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        PriceBand.model_validate({"price": euros("1.00"), **band})


async def test_bands_in_another_currency_are_refused(market: Market) -> None:
    dollars = PriceBand(price=Money(amount="1.00", currency="USD"))  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="price_bands must be in EUR"):
        await market.offer("maker", price_bands=(dollars,))


def test_every_band_is_kept_and_read_as_it_was() -> None:
    for band in (NIGHT, UNSURE, PriceBand(price=euros("0.12"), days=("sun", "sat"), start="23:45", end="24:00")):
        again = PriceBand.of(band.kept(), "EUR")
        assert again.kept() == band.kept()
    assert timedelta(minutes=NIGHT.kept()["start"]) == timedelta(hours=22)  # type: ignore[arg-type]
