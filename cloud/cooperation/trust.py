"""How dealings with a partner went, as figures: what was counted, and the shares that follow from it."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from cloud.registry.model import Wire


class Counts(Wire):
    """Bookings that were confirmed and whose hours ended in the period, each under one of these.

    kept: all that was ordered, good and begun in time. late: begun more than five minutes late. partly: less than was
    ordered. failed: aborted, not begun, or not delivered to the machine. moved: the plant took its hours back, and the
    booking went elsewhere. open: not metered yet.
    """

    kept: int = 0
    late: int = 0
    partly: int = 0
    failed: int = 0
    moved: int = 0
    cancelled_by_provider: int = 0
    cancelled_by_booker: int = 0
    open: int = 0

    @property
    def all(self) -> int:
        return sum(getattr(self, name) for name in type(self).model_fields)

    @property
    def due(self) -> int:
        """Those that the provider had to keep, and of which is known how they went."""
        return self.all - self.cancelled_by_booker - self.open


class Trust(Wire):
    """How dealings with one partner went over the period, from the bookings between it and the caller alone.

    `role` is the partner's side of them. Shares are of `due` bookings (0 to 1), None where there are none; `answer_s`
    is the median of seconds of business time in which the provider answered `answered` of `requests` requests.
    """

    partner_id: str
    partner_name: str
    role: Literal["provider", "booker"]
    bookings: int
    due: int
    counts: Counts
    kept_share: float | None
    at_risk: Annotated[int, Field(description="bookings that the plant's offer ever no longer covered")]
    at_risk_share: Annotated[float | None, Field(description="of `bookings`")]
    disputed: int
    booked_hours: Annotated[float, Field(description="of those that were metered")]
    metered_hours: float
    requests: int
    answered: int
    answer_s: float | None


class TrustAnswer(Wire):
    """The figures of every partner that the caller had a booking with whose hours ended in [start, end)."""

    start: datetime
    end: datetime
    items: tuple[Trust, ...]


def share(part: int, whole: int) -> float | None:
    """To four digits; None of nothing."""
    return round(part / whole, 4) if whole else None
