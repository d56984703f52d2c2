"""What one machine did, day by day on the plant's wall clock, and what its own ways add to those of all machines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from gateway.span import Span


@dataclass(frozen=True, slots=True)
class Habit:
    """A machine's own past. Never mutated: `learn` gives a new one.

    `last`: the last local day that was learnt, None before the first. `days`: (n, 96) uint8, the quarter hours of the
    wall clock, oldest day first: idle, busy or unknown. Bounded: at most `KEPT` days.
    """

    zone: ZoneInfo
    last: date | None
    days: NDArray[np.uint8]


def fresh(zone: ZoneInfo) -> Habit:
    """A machine of which nothing is known yet."""
    raise NotImplementedError


def learn(
    habit: Habit,
    day: date,
    busy: Sequence[Span],
    unknown: Sequence[Span] = (),
    holidays: frozenset[date] = frozenset(),
) -> Habit:
    """The habit after the local day `day`, from midnight to midnight in the habit's zone.

    `busy`: time the machine worked for its own plant (clipped to the day here). `unknown`: time that proves nothing
    either way: sold to a partner, or nobody saw the machine; it wins over `busy`. Days left out in between are unknown.
    A holiday is no evidence of a usual week. Raises ValueError for a day that was learnt already.
    """
    raise NotImplementedError


def dump(habit: Habit) -> bytes:
    """The habit as bytes, at most 200 kB."""
    raise NotImplementedError


def load(body: bytes) -> Habit:
    """The habit that `dump` wrote. Raises ValueError for anything else; the caller then begins afresh."""
    raise NotImplementedError
