"""The steps in which a long time is told: what people read on an axis, and what rollups can be added up to."""

from datetime import datetime, timedelta

from cloud.telemetry.model import EPOCH

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
STEPS = (
    *(1, 2, 5, 10, 15, 30),
    *(_MINUTE * each for each in (1, 2, 5, 10, 15, 30)),
    *(_HOUR * each for each in (1, 2, 3, 6, 12)),
    *(_DAY * each for each in (1, 2, 7, 14, 28, 56)),
)
"""Seconds that a point may stand for."""


def step_for(window: timedelta, points: int) -> int:
    """The least of STEPS (s) that covers the window with at most so many points."""
    wanted = window.total_seconds() / points
    return next((step for step in STEPS if step >= wanted), STEPS[-1])


def floor(at: datetime, step: timedelta) -> datetime:
    """The last multiple of `step` of UNIX time that is not after `at`."""
    return at - (at - EPOCH) % step
