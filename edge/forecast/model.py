"""From signs to a probability: one table for all machines, what this machine adds to it, and who was right lately.

Seven opinions on each quarter hour are weighed: the table with a cautious and with a bold share of the machine's own
lessons (logistic regressions), and plain rates: that of the hour of the week, that of the last fourteen days, the mean
of both, this mean smoothed over some hours, and the overall level.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.forecast import table
from edge.forecast.signs import NAMES, Floats, Past, Usual, around, weekdays

REACHES = (0, 1, 2, 7)
"""From which day after the moment of the forecast on each row of the table holds."""

TAUGHT_AT = (0, 1, 4, 10)
"""The day whose forecasts teach each reach."""

SINGLE = (
    "level",
    "hour",
    "week",
    "week_wide",
    "shop_week",
    "shape_5",
    "shop_recent",
    "now_1",
    "now_12",
    "idle_worth",
    "idle_worth_now",
    "evening",
    "after_such",
    "campaign",
)
PAIRS = (
    ("week_wide", "evening"),
    ("level", "recent_5"),
    ("yesterday", "recent_5"),
    ("idle_worth", "idle_worth"),
    ("shop_recent", "shop_recent"),
    ("hour", "week"),
    ("recent_14", "shape_5"),
    ("shop_week", "evening"),
    ("recent_1", "busy_for"),
    ("week", "shop_week"),
    ("level", "shop_recent"),
    ("week", "shape_5"),
    ("campaign", "week"),
)
TERMS = 1 + len(SINGLE) + len(PAIRS)

_MEAN, _SPREAD, _WEIGHTS = np.array(table.MEAN), np.array(table.SPREAD), np.array(table.WEIGHTS)
_SINGLE = [NAMES.index(name) for name in SINGLE]
_LEFT, _RIGHT = ([NAMES.index(pair[side]) for pair in PAIRS] for side in (0, 1))

_OWN_SHARE = np.array([0.05, 0.2])
"""Standard deviation of what a machine may add to a weight of the table: cautious, bold."""

_WORTH = 1 / 16
"""How much of an independent observation a quarter hour is: neighbours are nearly copies of each other."""

_TRUST = np.log([0.45, 0.1, 0.03, 0.03, 0.25, 0.1, 0.04])
OPINIONS = len(_TRUST)
_STERNNESS = 12.0
"""By what share of the best opinion's loss another may be worse: at 1 / 12 it counts a third of its trust."""

_EASE = 0.15
"""What is added to the best loss, so that opinions which are all but perfect need not quarrel over nothing."""

_TOLERANCE = 1.2
"""How many times the due squared error the last days may show before the forecasts become less sure."""

_MEMORY = {"lessons": 45.0, "losses": 14.0, "surprise": 5.0}
"""Days after which what was learnt counts half."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one reach of forecasts has taught about one machine, faded day by day; arrays are never written to.

    `own`: (2, TERMS) what it adds to the table, cautious and bold; `known` (2, TERMS, TERMS) and `pull` (2, TERMS): the
    evidence for it. `losses`: (OPINIONS,) their squared errors. `missed`, `due`: those of the forecasts,
    and what they would have been had every probability been right.
    """

    own: Floats
    known: Floats
    pull: Floats
    losses: Floats
    missed: float = 0.0
    due: float = 0.0


def blank() -> Lesson:
    return Lesson(np.zeros((2, TERMS)), np.zeros((2, TERMS, TERMS)), np.zeros((2, TERMS)), np.zeros(OPINIONS))


def terms(signs: Floats, mean: Floats = _MEAN, spread: Floats = _SPREAD) -> Floats:
    """(cells, TERMS) of the raw signs (cells, len(NAMES)): standardised, clipped, and multiplied in pairs."""
    units = np.clip((signs - mean) / spread, -3, 3)
    return np.concatenate([np.ones((len(units), 1)), units[:, _SINGLE], units[:, _LEFT] * units[:, _RIGHT]], 1)


def opinions(lesson: Lesson, reach: int, found: Floats, plain: Floats, weights: Floats = _WEIGHTS) -> Floats:
    """(OPINIONS, cells) probabilities of busy. `found`: the terms; `plain`: (5, cells) the plain rates."""
    return np.concatenate([_rate((weights[reach] + lesson.own) @ found.T), plain])


def settled(lesson: Lesson, said: Floats) -> Floats:
    """(cells,) one probability of busy: those count more who were right lately, and surprises make it less sure.

    Half way between the mean of the opinions' probabilities, which is cautious, and that of their log odds, which stays
    sure of what all agree on.
    """
    best = lesson.losses.min()
    trust = np.exp(_TRUST - _STERNNESS * (lesson.losses - best) / (best + _EASE))
    trust /= trust.sum()
    odds = (trust @ _odds(said) + _odds(trust @ said)) / 2
    surprise = (lesson.missed + 0.5) / (lesson.due + 0.5)
    return _rate(odds / max(1.0, surprise / _TOLERANCE) ** 0.6)


def taught(  # noqa: PLR0913, PLR0917 - what was said, what came, and by which table
    lesson: Lesson, reach: int, found: Floats, said: Floats, truth: Floats, weights: Floats = _WEIGHTS
) -> Lesson:
    """The lesson after one more day: `truth` (cells,) is 1 where it was busy. One step of Newton's method."""
    prior = np.eye(TERMS) / (_OWN_SHARE**2)[:, None, None]
    fade = {name: 0.5 ** (1 / half) for name, half in _MEMORY.items()}
    rate = _rate((weights[reach] + lesson.own) @ found.T)
    slope = np.maximum(rate * (1 - rate), 1e-4)
    known = lesson.known * fade["lessons"] + _WORTH * np.einsum("mc,ci,cj->mij", slope, found, found, optimize=True)
    aim = slope * (lesson.own @ found.T) + truth - rate
    pull = lesson.pull * fade["lessons"] + _WORTH * aim @ found
    own = np.linalg.solve(known + prior, pull[..., None])[..., 0]
    told, share = settled(lesson, said), len(truth) / 96
    return Lesson(
        own,
        known,
        pull,
        lesson.losses * fade["losses"] + ((said - truth) ** 2).mean(1) * share,
        lesson.missed * fade["surprise"] + float(((told - truth) ** 2).mean()) * share,
        lesson.due * fade["surprise"] + float((told * (1 - told)).mean()) * share,
    )


def plain_rates(past: Past, found: Usual, days: NDArray[np.int64]) -> Floats:
    """(5, cells) the rate of the hour of the week, of the last 14 days, their mean, that smoothed, and the level."""
    counted, classes = past.busy * past.known, weekdays(len(past.busy))
    week = (classes @ counted + 0.5 * found.hour) / (classes @ past.known + 0.5)
    lately = (counted[-14:].sum(0) + found.level) / (past.known[-14:].sum(0) + 1)
    mean, slots = (week + lately) / 2, np.arange(96)
    rates = [week, np.broadcast_to(lately, week.shape), mean, around(mean, 8), np.full_like(week, found.level)]
    found_rates: Floats = np.stack([rate[days, slots].ravel() for rate in rates])
    return np.clip(found_rates, 0.004, 0.996)


def _rate(odds: Floats) -> Floats:
    found: Floats = 1 / (1 + np.exp(-odds))
    return found


def _odds(rate: Floats) -> Floats:
    found: Floats = np.log(rate / (1 - rate))
    return found
