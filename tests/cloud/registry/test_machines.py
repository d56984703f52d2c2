"""An offer as it is read: whole, however many statements of parts it was put together from."""

from datetime import UTC, datetime, timedelta
from typing import Any

from cloud.registry.machines import joined
from cloud.registry.model import CapacityPiece

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def piece(start: float, end: float, **more: Any) -> CapacityPiece:
    given = {"type": "Available", "quantity": 1, "reason": "idle", "confidence": 5, **more}
    return CapacityPiece(start=NOW + timedelta(hours=start), end=NOW + timedelta(hours=end), **given)


def test_the_seams_of_statements_of_parts_do_not_show() -> None:
    assert joined([piece(2, 3), piece(0, 2), piece(3, 9)]) == (piece(0, 9),)


def test_what_differs_or_does_not_touch_stays_apart() -> None:
    apart = [piece(0, 1), piece(1, 2, confidence=4), piece(2, 3, reason="off-shift"), piece(4, 5, reason="off-shift")]
    assert joined(apart) == tuple(apart)


def test_units_that_lie_over_one_another_are_not_mixed() -> None:
    over = [piece(0, 2), piece(0, 4, type="Committed", reason="planned"), piece(2, 4)]
    assert joined(over) == (piece(0, 4), piece(0, 4, type="Committed", reason="planned"))
