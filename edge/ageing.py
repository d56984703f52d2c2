"""How far what the plant once said is still believed: confidence falls with its age, down to not at all."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.capacity import Confidence

STEPS = (Confidence.FIRM, Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW)
"""What is believed while fresh, and in each third of the time from then on until it is stale."""


@dataclass(frozen=True, slots=True)
class Belief:
    """`as_of`: when a plan or calendar was last known to be the plant's own; None: never yet.

    Business time: until `fresh` old it counts in full; from `stale` on it counts for nothing.
    """

    name: str
    as_of: datetime | None
    fresh: timedelta
    stale: timedelta

    def confidence(self, now: datetime) -> Confidence | None:
        """The highest confidence that anything based on it may have; None: nothing may be sold on it.

        A copy from the future (our clock went back) is fresh.
        """
        if self.as_of is None:
            return None
        age = now - self.as_of
        return next((step for step, until in zip(STEPS, self._limits(), strict=True) if age < until), None)

    def turn(self, now: datetime) -> datetime | None:
        """When `confidence` falls next, if no newer copy comes."""
        if self.as_of is None:
            return None
        return next((self.as_of + until for until in self._limits() if self.as_of + until > now), None)

    def _limits(self) -> tuple[timedelta, ...]:
        third = (self.stale - self.fresh) / 3
        return (self.fresh, self.fresh + third, self.fresh + 2 * third, self.stale)
