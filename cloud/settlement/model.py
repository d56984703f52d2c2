"""The facts that a meter is made of, and the meter itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.machine import ItemState, Quality
from gateway.span import Span


class Outcome(StrEnum):
    """How a job ended: the booking state that its last report led to."""

    COMPLETED = "COMPLETED"
    ABORTED = "ABORTED"
    NO_SHOW = "NO_SHOW"


@dataclass(frozen=True, slots=True)
class Booked:
    """What was agreed: the claim's span, and the pieces ordered by its work (0 where the work names none)."""

    claim: str
    span: Span
    ordered_quantity: int


@dataclass(frozen=True, slots=True)
class FinalReport:
    """The edge's last word on the job; `executing` is its own measure of the time in ItemState Executing."""

    outcome: Outcome
    at: datetime
    started: datetime | None
    ended: datetime | None
    executing: timedelta
    ordered_quantity: int
    good_quantity: int

    @property
    def end(self) -> datetime:
        """The moment up to which the history must be known before anything can be metered."""
        return self.ended or self.at


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the machine's state history: from `at` it was in `state`, for `origin`."""

    at: datetime
    state: ItemState
    origin: str
    quality: Quality = Quality.GOOD


@dataclass(frozen=True, slots=True)
class Meter:
    """Booked beside measured. `share` is good of ordered, 0 to 1; hours are hours of business time.

    `run_hours` is what the history proves; `reported_executing_s` what the edge said; `agrees` whether the two are
    within tolerance and the quantities are those that were ordered. `unseen_hours` is time of the job in which nobody
    could see the machine.
    """

    outcome: Outcome
    ordered_quantity: int
    good_quantity: int
    share: float
    booked_hours: float
    run_hours: float
    started: datetime | None
    ended: datetime | None
    reported_executing_s: float
    evidence_from: datetime
    evidence_to: datetime
    changes: int
    unseen_hours: float
    agrees: bool
    disagreements: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The meter as it stands in the claim and goes to the partners."""
        return {
            "outcome": self.outcome.value,
            "ordered_quantity": self.ordered_quantity,
            "good_quantity": self.good_quantity,
            "share": round(self.share, 6),
            "booked_hours": round(self.booked_hours, 6),
            "run_hours": round(self.run_hours, 6),
            "started": _text(self.started),
            "ended": _text(self.ended),
            "reported_executing_s": self.reported_executing_s,
            "evidence": {
                "from": _text(self.evidence_from),
                "to": _text(self.evidence_to),
                "changes": self.changes,
                "unseen_hours": round(self.unseen_hours, 6),
            },
            "agrees": self.agrees,
            "disagreements": list(self.disagreements),
        }


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
