"""What luck alone leaves between said and seen: the gap of a forecast if each of its numbers were right."""

from collections.abc import Mapping, Sequence

import numpy as np

from edge.backtest.score import gap, reliability
from edge.backtest.walk import Page, all_through
from edge.forecast.signs import Floats

TIMES = 20


def luck(pages: Sequence[Page], times: int = TIMES, seed: int = 1) -> Mapping[int, float]:
    """The mean gap by length of span in hours (0: single quarter hours), over so many invented courses of all pages.

    Each page's next day is drawn from its own forecast, quarter hour by quarter hour, each given the one before: what
    was said is then true, and the gap is the noise of a log of that length. Pages are drawn apart from each other; real
    days hang together, so real luck leaves a little more.
    """
    dice = np.random.default_rng(seed)
    lengths = {0: 1} | {hours: hours * 4 for hours in pages[0].spans}
    found: dict[int, list[float]] = {hours: [] for hours in lengths}
    for _ in range(times):
        courses = [_course(page, dice) for page in pages]
        for hours, quarters in lengths.items():
            said = [page.spans[hours][0] if hours else page.idle[: page.quarters] for page in pages]
            seen = [all_through(course, quarters) for course in courses]
            found[hours].append(gap(reliability(np.concatenate(said), np.concatenate(seen))))
    return {hours: float(np.mean(gaps)) for hours, gaps in found.items()}


def _course(page: Page, dice: np.random.Generator) -> Floats:
    """(quarters,) 1 where idle: one day as the forecast has it."""
    idle, pairs = page.idle[: page.quarters], page.pairs[: page.quarters - 1]
    stays, turns = pairs / idle[:-1], (idle[1:] - pairs) / (1 - idle[:-1])
    throws = dice.random(page.quarters)
    state = bool(throws[0] < idle[0])
    course = [state]
    for throw, stay, turn in zip(throws[1:].tolist(), stays.tolist(), turns.tolist(), strict=True):
        state = throw < (stay if state else turn)
        course.append(state)
    return np.array(course, np.float64)
