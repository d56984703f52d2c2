"""The cheapest for all of it comes first, and the others say why they do not."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from cloud.market.candidate import Match, Miss
from cloud.market.match import judge, search, settled
from cloud.market.words import compared
from gateway.money import Money


def test_the_price_of_all_of_it_ranks_fees_and_units_too(shop: Any) -> None:
    plain = shop.candidate(shop.step(0, 9), service_id="plain", rate="60")
    fee = shop.candidate(shop.step(0, 9), service_id="fee", rate="40", setup_fee=shop.euros("50"))
    units = shop.candidate(shop.step(0, 9), service_id="units", rate="10", unit_price=shop.euros("2").amount)

    def order(hours: float, made: int) -> list[str]:
        matches, _ = search(shop.need(hours=hours, units=made), [plain, fee, units], 10)
        return [match.candidate.service_id for match in matches]

    assert order(2, 100) == ["plain", "fee", "units"]
    assert order(4, 90) == ["fee", "units", "plain"]
    assert order(4, 0) == ["units", "fee", "plain"]


def test_each_says_why_it_ranks_where_it_does(shop: Any) -> None:
    offers = [
        shop.candidate(shop.step(4, 9), service_id="a", rate="60"),
        shop.candidate(shop.step(7, 9, confidence=3), service_id="b", rate="60"),
        shop.candidate(shop.step(1, 9), service_id="c", rate="62.40"),
    ]
    matches, _ = search(shop.need(), offers, 10)
    assert [compared(match, matches[0]) for match in matches] == [
        "cheapest",
        "as cheap as the first, 3 h later, 22 % less sure",
        "2.40 EUR/h more than the first, 3 h earlier",
    ]


def test_other_currencies_are_not_compared(shop: Any) -> None:
    rate, nothing = (Money(amount=Decimal(amount), currency="USD") for amount in (9, 0))
    dollars = shop.candidate(shop.step(4, 9), service_id="svc_2")
    offers = [shop.candidate(shop.step(4, 9)), replace(dollars, rate=rate, setup_fee=nothing)]
    first, second = search(shop.need(), offers, 10)[0]
    assert compared(second, first) == "in USD, not compared with EUR"


@pytest.mark.parametrize(
    ("free", "would_do", "remedy"),
    [
        pytest.param([(2, 5)], (3, 5), "7 h earlier", id="earlier"),
        pytest.param([(30, 40)], (30, 32), "12 h later", id="later"),
        pytest.param([(2, 5), (30, 40)], (3, 5), "7 h earlier", id="the nearer of both"),
        pytest.param([(2, 5), (16, 17), (21, 40)], (21, 23), "3 h later", id="the nearer of both again"),
        pytest.param([(9, 11)], (9, 11), "1 h earlier", id="half of it in the window"),
    ],
)
def test_a_near_miss_says_how_much_earlier_or_later_would_do(
    shop: Any, free: list[tuple[int, int]], would_do: tuple[int, int], remedy: str
) -> None:
    one = shop.candidate(*(shop.step(*each) for each in free))
    miss = judge(shop.need(10, 20), one)
    assert isinstance(miss, Miss)
    assert (miss.would_do, miss.remedy) == (shop.span(*would_do), remedy)


def test_nothing_earlier_than_the_notice_would_do(shop: Any) -> None:
    one = shop.candidate(shop.step(2, 5), shop.step(30, 40), notice=shop.at(4) - shop.now)
    miss = judge(shop.need(10, 20), one)
    assert isinstance(miss, Miss)
    assert miss.remedy == "12 h later"


def test_whether_enough_was_looked_at(shop: Any) -> None:
    """Candidates come by their cheapest hour; a fee may make a later one cheaper than an earlier one."""
    plain = [shop.candidate(shop.step(0, 9), service_id=f"s{rate}", rate=str(rate)) for rate in (10, 20, 30)]
    fee = shop.candidate(shop.step(0, 9), service_id="fee", rate="5", setup_fee=shop.euros("100"))
    need = shop.need()

    def enough(*looked_at: Any) -> bool:
        return settled(need, looked_at, search(need, looked_at, 2)[0], 2)

    assert not enough(plain[0])
    assert enough(plain[0], plain[1])
    assert not enough(fee, plain[0]), "what costs 11 an hour would be cheaper than the fee"
    assert enough(fee, *plain)
    assert isinstance(judge(need, fee), Match)
