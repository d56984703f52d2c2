"""The forecast itself: for each quarter hour the probability that the machine is idle, and for whole spans."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from edge.forecast import model
from edge.forecast.grid import IDLE, QUARTER, UNKNOWN, cells, full_quarter, offsets, slot
from edge.forecast.habit import KEPT, Habit, past_of
from edge.forecast.shop import Others
from edge.forecast.signs import SLOTS, Floats, Past, Usual, signs, usual
from gateway.span import Span

_RENEWAL = 0.055
"""How much of P(busy) is a new start, given that the machine was idle the quarter hour before."""

_STARTS = 0.085
"""Starts that were seen for each that the forecasts would have, were neighbours independent; and how firm that is."""

_FIRM = 5.0


@dataclass(frozen=True, slots=True)
class Forecast:
    """Issued once, for the quarter hours from `start` on (a full quarter hour, UTC, at or before the asked `now`).

    `idle`: (n,) float64, P(idle all through the quarter hour). `stays`: (n,) log P(idle | idle the quarter hour
    before), summed from the start on. `days`: how many days of evidence it stands on; old ones count less,
    so they are at most about 40.
    """

    start: datetime
    idle: Floats
    stays: Floats
    days: float

    @property
    def end(self) -> datetime:
        return self.start + QUARTER * len(self.idle)

    def at(self, moment: datetime) -> float:
        """P(idle) in the quarter hour that holds `moment`. Raises ValueError outside [start, end)."""
        return float(self.idle[self._index(moment)])

    def span(self, span: Span) -> float:
        """P(idle in every quarter hour that `span` touches): at most the least of its quarter hours.

        A span inside another one is never less likely than that one. Raises ValueError outside [start, end).
        """
        first, last = self._index(span.start), self._index(span.end - timedelta(microseconds=1))
        return float(self.idle[first] * np.exp(self.stays[last] - self.stays[first]))

    def spans(self, quarters: int) -> Floats:
        """(n - quarters + 1,) P(idle all through) of every span of that many quarter hours, by its start."""
        last = len(self.idle) - quarters + 1
        found: Floats = self.idle[:last] * np.exp(self.stays[quarters - 1 :] - self.stays[:last])
        return found

    def _index(self, moment: datetime) -> int:
        index = (moment - self.start) // QUARTER
        if not 0 <= index < len(self.idle):
            msg = f"{moment} is outside the forecast from {self.start} to {self.end}"
            raise ValueError(msg)
        return index


def forecast(  # noqa: PLR0913, PLR0917 - facts of one moment, each of which may be absent
    habit: Habit,
    now: datetime,
    horizon: timedelta,
    busy: Sequence[Span] = (),
    unknown: Sequence[Span] = (),
    holidays: frozenset[date] = frozenset(),
    others: Others | None = None,
    dark: Sequence[Span] = (),
) -> Forecast:
    """The outlook at `now`. `busy` and `unknown`: what happened since the last learnt midnight, as in `learn`.

    What the machine does now is what it did in the quarter hour before `now`. `holidays`: local days on which the plant
    rests; they count as the quietest day of this machine's own week. `others`: from `company`. `dark`: when by the
    calendar nobody works, which is worth a day of evidence where there is little other.
    """
    start = full_quarter(now)
    ahead = offsets(start, -(-horizon // QUARTER), habit.zone)
    past = _rolled(habit, start, busy, unknown, others)
    found = usual(past)
    count = int(ahead.max()) // SLOTS + 1
    target = (len(past.busy) + np.arange(count))[:, None] % 7 + np.zeros(SLOTS, np.int64)
    resting = _resting(start, count, habit, holidays)
    target[resting] = int(found.week.mean(1).argmin())
    chance = _busy(habit, past, found, target)
    idle = as_sure((1 - chance)[np.maximum(ahead, 0)], found.evidence + _within(dark, start, len(ahead)))
    return Forecast(start, idle, _stays(idle, habit), found.evidence)


def as_sure(chance: Floats, days: float | Floats) -> Floats:
    """The probabilities as far from one half as so many days of evidence allow: the rule of succession, in days."""
    limit = 1 - 1 / (2 + 2 * days)
    found: Floats = np.clip(chance, 1 - limit, limit)
    return found


def _within(spans: Sequence[Span], start: datetime, count: int) -> Floats:
    """(count,) 1 for the quarter hours from `start` on that lie wholly in one of the spans."""
    found = np.zeros(count)
    for span in spans:
        first, last = -((start - span.start) // QUARTER), (span.end - start) // QUARTER
        found[max(0, first) : max(0, last)] = 1
    return found


def _rolled(
    habit: Habit, start: datetime, busy: Sequence[Span], unknown: Sequence[Span], others: Others | None
) -> Past:
    """The past as rows of 24 hours that end at `start`. Days that were not learnt in time prove nothing but work.

    Days that were learnt but are yet to come, after a clock that jumped back, are left out.
    """
    today = start.astimezone(habit.zone).date()
    done = int(slot(start, today, habit.zone))
    first = habit.last + timedelta(days=1) if habit.last else today
    since = max(0, min(KEPT, (today - first).days))
    recent = cells(busy, unknown, today - timedelta(days=since), since + 1, habit.zone)
    missed = recent[:-1]
    missed[missed == IDLE] = UNKNOWN
    learnt = habit.days[: max(0, len(habit.days) - max(0, (first - today).days))]
    whole = past_of(np.concatenate([learnt, missed]), today - timedelta(days=1), others)
    if not done:
        return whole
    begun = past_of(recent[-1:], today, None)
    blind = np.zeros(SLOTS)

    def shifted(part: Floats, new: Floats) -> Floats:
        return np.concatenate([part, new[None]]).ravel()[done : done - SLOTS].reshape(-1, SLOTS)

    shop = None if whole.shop is None else shifted(whole.shop, blind)
    shop_known = None if whole.shop_known is None else shifted(whole.shop_known, blind)
    return Past(shifted(whole.busy, begun.busy[-1]), shifted(whole.known, begun.known[-1]), shop, shop_known)


def _resting(start: datetime, days: int, habit: Habit, holidays: frozenset[date]) -> NDArray[np.bool_]:
    """(days, 96) which target cells are on a holiday."""
    first = start.astimezone(habit.zone).date()
    resting = np.array([first + timedelta(days=step) in holidays for step in range(days + 1)])
    done = int(slot(start, first, habit.zone))
    return np.repeat(resting, SLOTS)[done : done + days * SLOTS].reshape(days, SLOTS)


def _busy(habit: Habit, past: Past, found: Usual, target: NDArray[np.int64]) -> Floats:
    """(days * 96,) P(busy) by the lessons of each reach."""
    terms = model.terms(signs(past, found, target).reshape(target.size, -1))
    plain = model.plain_rates(past, found, target)
    chance = np.empty(target.size)
    borders = [*(day * SLOTS for day in model.REACHES), max(target.size, model.REACHES[-1] * SLOTS)]
    for reach, lesson in enumerate(habit.lessons):
        part = slice(borders[reach], min(borders[reach + 1], target.size))
        if part.start < target.size:
            said = model.opinions(lesson, reach, terms[part], plain[:, part])
            chance[part] = model.settled(lesson, said)
    return chance


def _stays(idle: Floats, habit: Habit) -> Floats:
    """Neighbours hang together: a chain with the correlation that this machine's starts have shown."""
    renewal = _RENEWAL * (habit.starts + _FIRM) / (habit.starts_due * _STARTS + _FIRM)
    before, after = idle[:-1], idle[1:]
    together = (1 - min(1.0, renewal)) * np.sqrt(before * (1 - before) * after * (1 - after))
    both = np.minimum(before * after + together, np.minimum(before, after))
    return np.concatenate([[0.0], np.cumsum(np.log(both / before))])
