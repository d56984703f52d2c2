"""The walk: at each midnight a forecast for every machine, then the day itself, from which the habits learn."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from edge.backtest.baselines import baselines
from edge.backtest.log import Log
from edge.bands import outlook
from edge.forecast import Forecast, company, forecast, fresh, learn
from edge.forecast.grid import BUSY, DAY, QUARTER, cells, midnight, slot
from edge.forecast.signs import SLOTS, Floats
from edge.outlook import Band
from gateway.odds import Odds
from gateway.span import Span

AHEAD = 7
"""Days that each forecast is held against."""

HORIZON = timedelta(days=28)
"""How far it reaches: what is told of tomorrow is told in the bands of a whole statement."""


@dataclass(frozen=True, slots=True)
class Page:
    """One machine's forecast of one midnight, and what came of it.

    `idle` (n,): P(idle) of each quarter hour, up to `AHEAD` days; `seen` (n,): 1 where it was reported idle.
    `quarters`: how many of them are the next day. `spans`: by length in hours P(whole span idle) for each start within
    that day, and whether it was. `quoted`: by length what the registry would say instead, which knows bands and their
    odds alone. `pairs` (n - 1,): P(idle in a quarter hour and in the next). `baselines`: by name
    P(idle), (n,).
    """

    machine: str
    day: int
    idle: Floats
    seen: Floats
    quarters: int
    spans: Mapping[int, tuple[Floats, Floats]]
    quoted: Mapping[int, Floats]
    pairs: Floats
    baselines: Mapping[str, Floats]


def last_whole_day(log: Log, zone: ZoneInfo) -> int:
    """The number (from 1) of the last local day that the log covers to its end."""
    first, end = _first(log, zone), log.end.astimezone(zone)
    whole = midnight(end.date() + DAY, zone) - log.end <= QUARTER
    return (end.date() - first).days + whole


def walk(log: Log, zone: ZoneInfo, first: int, last: int, lengths: Sequence[int] = (1, 2, 4, 8)) -> Iterator[Page]:
    """The pages of the days `first` to `last`, counted from 1; all days before are learnt. Idle means reported idle."""
    begin = _first(log, zone)
    machines = {name: _Machine(spans, begin, last, zone) for name, spans in log.busy.items()}
    habits = {name: fresh(zone) for name in machines}
    for number in range(1, last + 1):
        day = begin + DAY * (number - 1)
        others = company(habits)
        for name, machine in machines.items():
            if number >= first:
                issued = forecast(habits[name], midnight(day, zone), HORIZON, others=others.get(name))
                yield machine.page(name, number, issued, lengths)
            habits[name] = learn(habits[name], day, machine.of(day), others=others.get(name))


def quoted(bands: Sequence[Band], quarters: int, lengths: Sequence[int]) -> Mapping[int, Floats]:
    """By length in hours what gateway.odds.all_through says of every span within the first `quarters` quarter hours."""
    counts = [(band.span.end - band.span.start) // QUARTER for band in bands]
    odds = [band.odds or Odds(band.confidence.floor) for band in bands]
    chance = np.repeat([each.chance for each in odds], counts)[:quarters]
    fading = np.repeat([each.fading / 4 for each in odds], counts)[:quarters]
    found = {}
    for hours in lengths:
        windows = np.lib.stride_tricks.sliding_window_view
        rest = windows(fading, hours * 4)[:, ::-1].cumsum(1)[:, ::-1]
        found[hours] = (windows(chance, hours * 4) * np.exp(-rest)).min(1)
    return found


def all_through(seen: Floats, quarters: int) -> Floats:
    """(n - quarters + 1,) 1 where it was idle in all of so many quarter hours, by the first of them."""
    found: Floats = np.lib.stride_tricks.sliding_window_view(seen, quarters).min(1)
    return found


class _Machine:
    """What really happened to one machine, in the forms that the walk asks for."""

    def __init__(self, spans: Sequence[Span], first: date, last: int, zone: ZoneInfo) -> None:
        self._spans, self._first, self._last, self._zone = spans, first, last, zone
        self._starts = [span.start for span in spans]
        self._ends = [span.end for span in spans]
        self._days = (cells(spans, (), first, last, zone) == BUSY).astype(np.float64)

    def of(self, day: date) -> Sequence[Span]:
        """The spans that touch a local day."""
        begin, end = midnight(day, self._zone), midnight(day + DAY, self._zone)
        return self._spans[bisect_right(self._ends, begin) : bisect_left(self._starts, end)]

    def page(self, name: str, number: int, issued: Forecast, lengths: Sequence[int]) -> Page:
        day = self._first + DAY * (number - 1)
        begin, end = midnight(day, self._zone), midnight(self._first + DAY * self._last, self._zone)
        count = min(AHEAD * SLOTS, (end - begin) // QUARTER)
        quarters = (midnight(day + DAY, self._zone) - begin) // QUARTER
        clock = np.array([int(slot(begin + QUARTER * step, day, self._zone)) % SLOTS for step in range(count)])
        seen = self._idle(begin, count)
        said = {
            name: 1 - rate[clock[:quarters]]
            for name, rate in baselines(self._days[: number - 1], (number - 1) % 7).items()
        }
        held = {}
        for hours in lengths:
            whole = all_through(seen[:quarters], hours * 4)
            held[hours] = (issued.spans(hours * 4)[: len(whole)], whole)
        told = quoted(outlook(issued).bands, quarters, lengths)
        return Page(name, number, issued.idle[:count], seen, quarters, held, told, issued.spans(2)[: count - 1], said)

    def _idle(self, begin: datetime, count: int) -> Floats:
        seen = np.ones(count)
        low = bisect_right(self._ends, begin)
        for span in self._spans[low:]:
            start, end = (span.start - begin) / QUARTER, (span.end - begin) / QUARTER
            if start >= count:
                break
            seen[max(0, int(np.floor(start))) : max(0, int(np.ceil(end)))] = 0
        return seen


def _first(log: Log, zone: ZoneInfo) -> date:
    return log.start.astimezone(zone).date()
