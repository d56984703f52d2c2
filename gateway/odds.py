"""How likely a whole span is idle, from what is said of its parts: what a quote states, on both sides of the fence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import exp

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Odds:
    """Over a stretch of time: `chance` that it is idle at an instant, 0.01 to 1; `fading`: an hour more keeps
    exp(-fading) of that, 0 or more.
    """

    chance: float
    fading: float = 0.0

    def at_most(self, other: "Odds") -> "Odds":
        """No better than either."""
        return Odds(min(self.chance, other.chance), max(self.fading, other.fading))


def all_through(parts: Sequence[tuple[timedelta, Odds]]) -> float:
    """P(idle all through) of parts that follow each other, each with its length.

    It is as likely as at its first instant, fades with the hours, and is never more likely than a part of it: where a
    worse part begins, only what is common to both goes on. Without parts 1.
    """
    kept = 1.0
    for length, odds in parts:
        kept = min(kept, odds.chance) * exp(-odds.fading * (length / HOUR))
    return kept
