"""The forecast itself: for each quarter hour the probability that the machine is idle, and for whole spans."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from edge.forecast.habit import Habit
from gateway.span import Span

QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Forecast:
    """Issued once, for the quarter hours from `start` on (a full quarter hour, UTC, at or before the asked `now`).

    `idle`: (n,) float64, P(idle all through the quarter hour). `days`: how many days of evidence it stands on.
    """

    start: datetime
    idle: NDArray[np.float64]
    days: float

    @property
    def end(self) -> datetime:
        return self.start + QUARTER * len(self.idle)

    def at(self, moment: datetime) -> float:
        """P(idle) in the quarter hour that holds `moment`. Raises ValueError outside [start, end)."""
        raise NotImplementedError

    def span(self, span: Span) -> float:
        """P(idle in every quarter hour that `span` touches): at most the least of its quarter hours.

        A span inside another one is never less likely than that one. Raises ValueError outside [start, end).
        """
        raise NotImplementedError


def forecast(
    habit: Habit,
    now: datetime,
    horizon: timedelta,
    busy: Sequence[Span] = (),
    unknown: Sequence[Span] = (),
    holidays: frozenset[date] = frozenset(),
) -> Forecast:
    """The outlook at `now`. `busy` and `unknown`: what happened since the last learnt midnight, as in `learn`.

    Whether the machine is busy now is read from `busy`: a span that reaches `now` or beyond. `holidays`: local days on
    which the plant rests; they count as a day of rest of this machine's own week.
    """
    raise NotImplementedError
