"""What is owed for a job, as a table; and who has to say yes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from cloud.settlement.due import Agreed, bill, due
from cloud.settlement.model import Meter, Outcome
from gateway.money import Money

NOW = datetime(2026, 3, 3, tzinfo=UTC)
WHOLE = Meter(
    outcome=Outcome.COMPLETED,
    ordered_quantity=10,
    good_quantity=10,
    share=1.0,
    booked_hours=2.0,
    run_hours=2.0,
    started=NOW,
    ended=NOW,
    reported_executing_s=7200,
    evidence_from=NOW,
    evidence_to=NOW,
    changes=1,
    unseen_hours=0.0,
    agrees=True,
)


def price(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


@pytest.mark.parametrize(
    ("changed", "fee", "owed"),
    [
        ({}, None, "100.00"),
        ({"good_quantity": 4, "share": 0.4, "outcome": Outcome.ABORTED}, None, "40.00"),
        ({"good_quantity": 0, "share": 0.0, "outcome": Outcome.NO_SHOW}, None, "0.00"),
        ({"good_quantity": 1, "share": 1 / 3}, None, "33.33"),
        ({"ordered_quantity": 0, "share": 0.0, "run_hours": 0.5}, None, "25.00"),
        ({"ordered_quantity": 0, "share": 0.0, "run_hours": 3.0}, None, "100.00"),
        ({"share": 0.1}, "25", "25.00"),
        ({"share": 0.5}, "25", "50.00"),
    ],
    ids=[
        *("all of it", "40 percent of it", "nothing", "a third, to the cent"),
        *("by hours where no pieces were ordered", "never more than the price"),
        *("called off too late and hardly run: the fee", "called off too late and half run: what was run"),
    ],
)
def test_owed_is_the_share_that_was_earned(changed: dict[str, object], fee: str | None, owed: str) -> None:
    agreed = Agreed(price("100"), Decimal(fee) if fee else None)
    assert due(agreed, replace(WHOLE, **changed)) == price(owed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "owed"),
    [
        ({}, "100.00"),
        ({"good_quantity": 4, "share": 0.4}, "88.00"),
        ({"good_quantity": 4, "share": 0.4, "run_hours": 1.0}, "48.00"),
        ({"good_quantity": 12}, "100.00"),
        ({"good_quantity": 0, "share": 0.0, "run_hours": 0.0}, "0.00"),
    ],
    ids=[
        "all of it",
        "four good ones in all its hours",
        "four in half of them",
        "no more than were ordered",
        "nothing",
    ],
)
def test_where_pieces_have_a_price_they_are_owed_as_good_and_the_hours_as_run(
    changed: dict[str, object], owed: str
) -> None:
    agreed = Agreed(price("100"), None, units=10, unit_price=Decimal(2))
    assert due(agreed, replace(WHOLE, **changed)) == price(owed)  # type: ignore[arg-type]


def test_a_part_that_was_given_up_too_late_is_owed_beside_what_was_run() -> None:
    assert due(Agreed(price("100"), late_fee=Decimal(30)), WHOLE) == price("130.00")
    nothing = replace(WHOLE, good_quantity=0, share=0.0, outcome=Outcome.NO_SHOW)
    assert due(Agreed(price("100"), late_fee=Decimal(30)), nothing) == price("30.00")
    assert due(Agreed(price("100"), Decimal(80), late_fee=Decimal(30)), nothing) == price("80.00"), "of the whole"


def test_silence_settles_what_the_evidence_agrees_on_and_nothing_else() -> None:
    within = timedelta(days=14)
    assert bill(Agreed(price("100")), WHOLE, NOW, within).settle_by == NOW + within
    assert bill(Agreed(price("100")), replace(WHOLE, agrees=False), NOW, within).settle_by is None
