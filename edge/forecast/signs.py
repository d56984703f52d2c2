"""The signs by which a machine's next days are judged: what is usual, what was lately, and what it does now.

All of it is counted back from the moment of the forecast: row -1 of a past holds the last 24 hours, row -2 the 24 hours
before, and so on, so a forecast at noon is made like one at midnight. Columns are quarter hours after that moment.
Cells are 1 (busy), 0 (idle) and masked where unknown; what is unknown is taken as usual, which is no evidence.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SLOTS = 96
"""Quarter hours of a day."""

WEEK = 7

NAMES = (
    "level",
    "hour",
    "week",
    "week_wide",
    "shop_week",
    "recent_1",
    "recent_5",
    "recent_14",
    "shape_1",
    "shape_5",
    "shop_recent",
    "yesterday",
    "now_1",
    "now_12",
    "busy_for",
    "idle_worth",
    "idle_worth_now",
    "evening",
    "after_such",
    "campaign",
)
"""The signs, in the order of the columns. docs/forecast.md says what each is."""

_START_RATE = 0.2
"""What is taken as usual before anything is known, for two days' worth of evidence."""

_PAUSE = 6.0
"""Hours of usual work without any after which a new stretch of work begins."""


@dataclass(frozen=True, slots=True)
class Past:
    """(n, 96) each, oldest row first: `busy` in 0..1, and `known`, 1 where `busy` is evidence. n is at least 8.

    `shop` and `shop_known`: the same of the plant's other machines, their mean; None for a machine that stands alone.
    """

    busy: Floats
    known: Floats
    shop: Floats | None = None
    shop_known: Floats | None = None


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual: the level, by time of day (96,), by weekday and time of day (7, 96); rates in 0..1, and log odds.

    Weekdays are counted back too: class k holds the rows n - 7 + k, n - 14 + k, …; a forecast's first day is class
    n % 7. `evidence`: known days, faded by half in four weeks.
    """

    level: float
    hour: Floats
    week: Floats
    wide: Floats
    shop_week: Floats
    evidence: float


def usual(past: Past) -> Usual:
    """Rates shrunk towards the next wider one: weekday and hour to hour of day (with the shop's week) to level."""
    busy, known = past.busy * past.known, past.known
    slow, classes = _fade(len(busy), 28.0), weekdays(len(busy))
    days = slow @ known.mean(1)
    level = _shrunk(slow @ busy.mean(1), days, _START_RATE, 2.0)
    hour = _safe(_shrunk(around(slow @ busy, 4), around(slow @ known, 4), level, 2.0))
    shop_week = _shop_week(past, slow, classes)
    counts, seen = classes @ busy, classes @ known
    week = _safe(_shrunk(_through(counts, 4), _through(seen, 4), _rate(_odds(hour) + 0.8 * shop_week), 2.0))
    wide = _safe(_shrunk(_through(counts, 16), _through(seen, 16), hour, 1.0))
    return Usual(float(level), hour, week, wide, shop_week, float(days))


def signs(past: Past, found: Usual, days: NDArray[np.int64], first: int = 0) -> Floats:
    """(len(days), 96, len(NAMES)) raw signs. `days`: (d, 96) the weekday class of each target cell.

    `first`: how many days after the moment of the forecast the first row of `days` begins.
    """
    rows = len(past.busy)
    expected = found.week[np.arange(rows) % WEEK]
    busy = np.where(past.known > 0, past.busy, expected)
    slots = np.arange(SLOTS)
    week = found.week[days, slots]
    hours = (np.arange(len(days))[:, None] + first) * 24.0 + (slots + 0.5) / 4
    level, hour = _odds(found.level), _odds(found.hour)
    out = np.empty((*days.shape, len(NAMES)))
    fixed: dict[str, Floats | float] = {"level": level, "hour": hour - level}
    fixed |= _lately(busy, expected) | _shop_lately(past, found)
    fixed["campaign"] = _campaign(busy, expected * past.known)
    now = _now(busy, expected, past.known, hours)
    yesterday = around(busy[-1] - expected[-1], 4)
    varied = {
        "week": _odds(week) - hour,
        "week_wide": _odds(found.wide[days, slots]) - hour,
        "shop_week": found.shop_week[days, slots],
        "yesterday": yesterday,
        "after_such": _after_such(busy, expected, past.known) / np.sqrt(np.maximum(0.02, week * (1 - week))),
    }
    for column, name in enumerate(NAMES):
        out[..., column] = fixed[name] if name in fixed else varied[name] if name in varied else now[name]
    return out


def _lately(busy: Floats, expected: Floats) -> dict[str, Floats | float]:
    """How much more than usual it worked lately, in all and by time of day, over some days each."""
    found: dict[str, Floats | float] = {}
    done, due = busy.sum(1), expected.sum(1)
    for name, half in (("1", 0.7), ("5", 5.0), ("14", 14.0)):
        weights = _fade(len(busy), half)
        ratio = float(np.log((weights @ done + 8) / (weights @ due + 8)))
        found[f"recent_{name}"] = ratio
        if name != "14":
            shape = np.log((around(weights @ busy, 8) + 0.2) / (around(weights @ expected, 8) + 0.2))
            found[f"shape_{name}"] = shape - ratio
    return found


def _shop_lately(past: Past, found: Usual) -> dict[str, float]:
    if past.shop is None or past.shop_known is None:
        return {"shop_recent": 0.0}
    weights, known = _fade(len(past.shop), 0.7), past.shop_known
    slow = _fade(len(past.shop), 28.0)
    hour = _safe(_shrunk(around(slow @ (past.shop * known), 4), around(slow @ known, 4), _START_RATE, 2.0))
    expected = _rate(_odds(hour) + found.shop_week)[np.arange(len(past.shop)) % WEEK]
    shop = np.where(known > 0, past.shop, expected)
    return {"shop_recent": float(np.log((weights @ shop.sum(1) + 4) / (weights @ expected.sum(1) + 4)))}


def _now(busy: Floats, expected: Floats, known: Floats, hours: Floats) -> dict[str, Floats | float]:
    """What the machine does now, for how long it has done so, and the evening before, fading with the hours ahead."""
    state, seen = busy[-1, -1], known[-1, -1] > 0
    back = busy.ravel()[::-1]
    changes = np.nonzero(np.abs(back - state) > 0.5)[0]
    run = (int(changes[0]) if len(changes) else len(back)) if seen else 0
    worth = float(np.log1p(expected.ravel()[::-1][:run].sum() / 4))
    length = float(np.log1p(run / 4)) if seen else 2.0
    surprise = state - expected[-1, -1]
    evening = float((busy[-1, -24:] - expected[-1, -24:]).mean())
    return {
        "now_1": surprise * np.exp(-hours),
        "now_12": surprise * np.exp(-hours / 12),
        "busy_for": state * (length - 1.5) * np.exp(-hours / 4),
        "idle_worth": (1 - state) * worth,
        "idle_worth_now": (1 - state) * worth * np.exp(-hours / 6),
        "evening": evening,
    }


def _after_such(busy: Floats, expected: Floats, known: Floats) -> Floats:
    """(96,) how much more than usual it worked on the days that followed a moment like this one."""
    alike = (np.abs(busy[:-1, -1] - busy[-1, -1]) < 0.5) & (known[:-1, -1] > 0)
    weights = _fade(len(busy), 42.0)[1:] * alike
    more: Floats = around(weights @ (busy - expected)[1:], 4) / (weights.sum() + 3)
    return more


def _campaign(busy: Floats, due: Floats) -> float:
    """For how many hours of usual work the present stretch has lasted (log): pauses below `_PAUSE` belong to it."""
    back = np.cumsum(due.ravel()[::-1]) / 4
    idle = back - np.maximum.accumulate(np.where(busy.ravel()[::-1] > 0.5, back, 0.0))
    ends = np.flatnonzero(idle > _PAUSE)
    end = ends[0] if len(ends) else -1
    return float(np.log1p(back[end] - idle[end]))


def _shop_week(past: Past, slow: Floats, classes: Floats) -> Floats:
    """(7, 96) log odds by which the other machines' week differs from their usual day."""
    if past.shop is None or past.shop_known is None:
        return np.zeros((WEEK, SLOTS))
    busy, known = past.shop * past.shop_known, past.shop_known
    hour = _safe(_shrunk(around(slow @ busy, 4), around(slow @ known, 4), _START_RATE, 2.0))
    week = _safe(_shrunk(_through(classes @ busy, 4), _through(classes @ known, 4), hour, 1.0))
    return _odds(week) - _odds(hour)


def _fade(rows: int, half: float) -> Floats:
    """(rows,) weights that halve every `half` days back."""
    return np.exp2(-np.arange(rows)[::-1] / half)


def weekdays(rows: int) -> Floats:
    """(7, rows) the weight of each row in each weekday class, halved in eight weeks."""
    weights: Floats = (np.arange(rows) % WEEK == np.arange(WEEK)[:, None]) * _fade(rows, 56.0)
    return weights


def _shrunk(count: Floats, seen: Floats, towards: Floats | float, days: float) -> Floats:
    found: Floats = (count + days * towards) / (seen + days)
    return found


def _safe(rate: Floats) -> Floats:
    return np.clip(rate, 0.004, 0.996)


def _odds(rate: Floats | float) -> Floats:
    found: Floats = np.log(rate / (1 - rate))
    return found


def _rate(odds: Floats) -> Floats:
    found: Floats = 1 / (1 + np.exp(-odds))
    return found


def _bell(width: float, size: int) -> Floats:
    """(size, size) smoothing of a ring of `size` quarter hours by a bell of that standard deviation."""
    steps = np.arange(size)
    weights = np.exp(-0.5 * (np.minimum(steps, size - steps) / width) ** 2)
    return np.stack([np.roll(weights / weights.sum(), shift) for shift in steps])


_AROUND = {width: _bell(width, SLOTS) for width in (4, 8)}
_REACH = 48
_THROUGH = {width: np.exp(-0.5 * (np.arange(-_REACH, _REACH + 1) / width) ** 2) for width in (4, 16)}


def around(values: Floats, width: int) -> Floats:
    """Smoothed around the clock: `values` is (96,) or (n, 96)."""
    return values @ _AROUND[width]


def _through(values: Floats, width: int) -> Floats:
    """Smoothed through the week, whose end meets its beginning: `values` is (7, 96)."""
    ring = values.ravel()
    bell = _THROUGH[width] / _THROUGH[width].sum()
    padded = np.concatenate([ring[-_REACH:], ring, ring[:_REACH]])
    return np.convolve(padded, bell, "valid").reshape(values.shape)
