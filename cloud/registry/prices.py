"""Prices by confidence and hour, as a provider states them and as they are kept."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from gateway.capacity import Confidence
from gateway.money import Money

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEK: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ClockTime = Annotated[str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):(00|15|30|45)|24:00)$")]
"""HH:MM on the plant's clock, in quarter hours."""


class PriceBand(BaseModel):
    """A price per hour and unit for hours of a confidence from `least` to `most`, on `days`, from `start` to `end`.

    On the plant's own clock, in quarter hours. A window that ends before it begins goes on after midnight, and belongs
    to the day of its start.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    price: Money
    least: Confidence = Confidence.VERY_LOW
    most: Confidence = Confidence.FIRM
    days: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7)] = WEEK
    start: ClockTime = "00:00"
    end: ClockTime = "24:00"

    @model_validator(mode="after")
    def _some_hours(self) -> "PriceBand":
        if self.price.amount < 0:
            msg = "a band's price may not be negative"
            raise ValueError(msg)
        if self.least > self.most:
            msg = f"least is {int(self.least)} and most is {int(self.most)}: no hour is in between"
            raise ValueError(msg)
        if self.start in {self.end, "24:00"} or self.end == "00:00":
            msg = f"from {self.start} to {self.end} there is no hour; all day is from 00:00 to 24:00"
            raise ValueError(msg)
        return self

    def kept(self) -> dict[str, object]:
        """As it stands in the database: an exact price as text, days from Monday = 1, minutes after midnight."""
        return {
            "price": str(self.price.amount),
            "least": int(self.least),
            "most": int(self.most),
            "days": sorted(WEEK.index(day) + 1 for day in set(self.days)),
            "start": _minutes(self.start),
            "end": _minutes(self.end),
        }

    @classmethod
    def of(cls, kept: Mapping[str, Any], currency: str) -> "PriceBand":
        """What `kept` gave."""
        return cls(
            price=Money(amount=kept["price"], currency=currency),
            least=kept["least"],
            most=kept["most"],
            days=tuple(WEEK[day - 1] for day in kept["days"]),
            start=_clock(kept["start"]),
            end=_clock(kept["end"]),
        )


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
