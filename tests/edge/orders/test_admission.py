"""What may reach a machine from outside: only what the plant named, within its bounds, and in time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.orders.admission import Admitted, Bound, OrderMode, OrderPolicy, Refused, WorkMaster, admit
from gateway.messages import Order

MASTER = WorkMaster(
    max_quantity=100,
    parameters={
        "depth": Bound(min=0.5, max=4.0),
        "program": Bound(choices=("O1234", "O1235")),
        "passes": Bound(min=1, max=5),
    },
)
POLICY = OrderPolicy(orders=OrderMode.STORE, work_masters={"bracket": MASTER})


def test_what_the_plant_named_is_admitted(order: Callable[..., Order]) -> None:
    assert admit(order(), POLICY, datetime.now(UTC)) == Admitted()


def test_nothing_is_admitted_by_default(order: Callable[..., Order]) -> None:
    refused = admit(order(), OrderPolicy(), datetime.now(UTC))
    assert isinstance(refused, Refused)
    assert refused.code == "orders-off"


@pytest.mark.parametrize(
    ("changes", "code", "says"),
    [
        ({"work_master": "sabotage"}, "work-master-not-allowed", "allowed: bracket"),
        ({"quantity": 101}, "quantity-not-allowed", "100 allowed"),
        ({"parameters": {"depth": 4.01}}, "parameter-out-of-bounds", "not within 0.5 to 4"),
        ({"parameters": {"depth": float("nan")}}, "parameter-out-of-bounds", "depth"),
        ({"parameters": {"depth": "2.5"}}, "parameter-out-of-bounds", "not a number"),
        ({"parameters": {"program": "O9999"}}, "parameter-out-of-bounds", "none of O1234"),
        ({"parameters": {"coolant": 1}}, "parameter-not-allowed", "no parameter 'coolant'"),
    ],
    ids=["work master", "quantity", "too deep", "not a number", "text", "program", "unknown parameter"],
)
def test_anything_else_is_refused_with_its_reason(
    order: Callable[..., Order], changes: dict[str, Any], code: str, says: str
) -> None:
    refused = admit(order(**changes), POLICY, datetime.now(UTC))
    assert isinstance(refused, Refused)
    assert refused.code == code
    assert says in refused.reason


@pytest.mark.parametrize("late", [timedelta(minutes=2), timedelta(hours=2)], ids=["past not_after", "past its end"])
def test_a_late_order_is_refused(order: Callable[..., Order], late: timedelta) -> None:
    refused = admit(order(), POLICY, datetime.now(UTC) + late)
    assert isinstance(refused, Refused)
    assert refused.code == "too-late"


@pytest.mark.parametrize("bound", [{}, {"min": 1}, {"max": 1}, {"min": 2, "max": 1}])
def test_a_parameter_without_bounds_cannot_be_configured(bound: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Bound.model_validate(bound)


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_no_number_gets_past_its_bounds(value: float) -> None:
    fault = Bound(min=-1, max=1).fault(value)
    assert (fault is None) == (-1 <= value <= 1)
