"""What a plant could say without any model: the rates that the forecast must beat."""

from collections.abc import Mapping

import numpy as np

from edge.forecast.signs import SLOTS, Floats


def baselines(days: Floats, weekday: int) -> Mapping[str, Floats]:
    """By name (96,) probabilities of busy for the day after `days`, (n, 96) of 0 and 1, the first being weekday 0.

    `weekday`: that of the day to come, in the same count. Where nothing like it was seen yet, the overall rate.
    """
    rate = np.full(SLOTS, days.mean() if len(days) else 0.5)
    same = days[weekday::7]
    week = same.mean(0) if len(same) else rate
    lately = days[-14:].mean(0) if len(days) else rate
    return {
        "overall_rate": rate,
        "hour_of_week": week,
        "last_14_days": lately,
        "yesterday": days[-1] if len(days) else rate,
        "hour_of_week_and_last_14_days": (week + lately) / 2,
    }
