"""What a machine's desk has on paper: the plant's plan and calendar, and how far each is still believed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from edge.ageing import Belief
from edge.outlook import Outlook
from edge.plan import PlannedOrder
from edge.shifts import WorkingTime
from gateway.capacity import Confidence


@dataclass(frozen=True, slots=True)
class Papers:
    """The plant's own orders on one machine, and the calendar if it can change while the agent runs.

    `planned`: whether there is a plan at all. `ends`: when the last order of the whole plan ends, on any machine.
    `outlook`: what a forecast expects.
    """

    orders: Sequence[PlannedOrder] = ()
    calendar: WorkingTime | None = None
    beliefs: tuple[Belief, ...] = ()
    planned: bool = False
    ends: datetime | None = None
    outlook: Outlook | None = None

    def trust(self, now: datetime) -> Confidence | None:
        """How far all of it is believed: as far as the oldest paper. None: nothing may be sold on it."""
        found = [belief.confidence(now) for belief in self.beliefs]
        sure = [each for each in found if each is not None]
        return None if len(sure) < len(found) else min(sure, default=Confidence.FIRM)

    def stale(self, now: datetime) -> list[str]:
        """The names of what is too old."""
        return [belief.name for belief in self.beliefs if belief.confidence(now) is None]

    def turn(self, now: datetime) -> datetime | None:
        """When it is believed less, if nothing newer comes."""
        moments = [turn for belief in self.beliefs if (turn := belief.turn(now))]
        return min(moments, default=None)
