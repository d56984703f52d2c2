"""`make bench-forecast`: the forecast against what we want of it, on a log, and what it costs."""

import functools
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from edge import sparebench
from edge.backtest.log import Log, read_log
from edge.backtest.luck import luck
from edge.backtest.report import document, pages_of
from edge.errors import FileInvalid
from edge.forecast import Habit, company, dump, forecast, fresh, learn
from edge.forecast.grid import DAY, midnight
from gateway.bench import Row, show

LOG = Path("../shared/data/jobshop-2012/reports.csv")
ZONE = ZoneInfo("UTC")
FIRST, LAST = 57, 88
MACHINES = 200
HORIZON = timedelta(days=28)


def quality(found: Mapping[str, Any], chance: Mapping[int, float]) -> Iterator[Row]:
    """The figures of the backtest. The reference is the best baseline, or the plain regression that came before; of a
    gap, what luck alone would leave of it on this log, were every number right.
    """
    counted = len(found["counted"])
    yield _most("brier, mean of counted machines", found["brier"], "", min(found["baselines"].values()), 0.102)
    for name, value in found["baselines"].items():
        yield _row(f"brier of baseline {name}", value, "", None, None, ok=None)
    yield _least(
        "machines below every baseline", len(found["beats_every_baseline"]), f"of {counted}", None, 0.9 * counted
    )
    yield _least("offered at 0.9 in windows of 2 h: reported idle", found["idle_share"] or 0, "share", 0.96, 0.95)
    yield _least("share of reported idle hours offered at 0.9", found["recall"] or 0, "share", 0.645, 0.68)
    yield _row("hours offered at 0.9", found["offered_hours"], "h", None, None, ok=None)
    yield _most("gap between said and seen, quarter hours", found["reliability_gap"], "", chance[0], 0.02)
    for hours, span in found["spans"].items():
        yield _most(f"gap between said and seen, whole spans of {hours} h", span["gap"], "", chance[int(hours)], 0.03)
    for hours, span in found["spans"].items():
        name = f"the same as the registry quotes it from bands, {hours} h"
        yield _most(name, span["quoted_gap"], "", chance[int(hours)], 0.03)
    yield _row("brier over the next 7 days", found["horizons"]["7"]["brier"], "", None, None, ok=None)


def cost(log: Log, last: int) -> Iterator[Row]:
    """What learning and forecasting cost, in time on one core and in bytes, with all the days that a habit keeps."""
    begin = log.start.astimezone(ZONE).date()
    habits = _learnt(log, begin, last)
    others = company(habits)
    name = next(iter(habits))
    habit, now = habits[name], midnight(begin + DAY * last, ZONE)
    later = now + timedelta(hours=10, minutes=7)
    for what, moment in (("at midnight", now), ("at 10:07", later)):
        seconds = _best(functools.partial(forecast, habit, moment, HORIZON, others=others.get(name)))
        yield _most(f"28 days of one machine {what}", seconds * 1000, "ms", None, 5.0)
    seconds = _best(lambda: [forecast(habit, now, HORIZON, others=others.get(name)) for _ in range(MACHINES)], 1)
    yield _most(f"28 days of {MACHINES} machines", seconds, "s", None, 1.0)
    day = begin + DAY * last
    seconds = _best(lambda: learn(habit, day, log.busy[name][-3:], others=others.get(name)))
    yield _row("one day learnt of one machine", seconds * 1000, "ms", None, None, ok=None)
    yield _most("habit on disk", len(dump(habit)) / 1000, "kB", None, 200.0)
    yield _most("habit in memory", _bytes(habit) / 1000, "kB", None, 200.0)


def main(path: Path) -> None:
    """Walk the log and print; of the job shop's log the days 57 to 88, of another one its own last part."""
    if not path.exists():
        msg = f"{path}: not there; give a log: make bench-forecast LOG=path"
        raise FileInvalid(msg)
    log = read_log(path, ZONE)
    first, last = (FIRST, LAST) if path.resolve() == LOG.resolve() else (None, None)
    pages, days = pages_of(log, path, ZONE, first, last)
    found = document(log, pages, days, ZONE)
    spare = [*sparebench.rows(), *sparebench.log_rows(log, ZONE, (days[0] - 1, days[0] + 1, days[0] + 3))]
    show(
        [
            *quality(found, luck([page for page in pages if page.machine in found["counted"]])),
            *cost(log, days[-1]),
            *spare,
        ],
        "forecast",
        f"forecast on {path.name}, days {days[0]} to {days[-1]}",
    )


def _learnt(log: Log, begin: date, last: int) -> Mapping[str, Habit]:
    habits = {name: fresh(ZONE) for name in log.busy}
    for number in range(last):
        others = company(habits)
        day = begin + DAY * number
        for name, spans in log.busy.items():
            habits[name] = learn(habits[name], day, spans, others=others.get(name))
    return habits


def _bytes(habit: Habit) -> int:
    lessons = sum(
        array.nbytes for each in habit.lessons for array in (each.own, each.known, each.pull, each.losses)
    )  # fmt: skip
    return habit.days.nbytes + lessons


def _best(work: Callable[[], object], times: int = 20) -> float:
    """Seconds, the median of some runs."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return sorted(found)[len(found) // 2]


def _most(name: str, value: float, unit: str, reference: float | None, reach: float) -> Row:
    return _row(name, value, unit, reference, reach, ok=value <= reach)


def _least(name: str, value: float, unit: str, reference: float | None, reach: float) -> Row:
    return _row(name, value, unit, reference, reach, ok=value >= reach)


def _row(  # noqa: PLR0913 - the columns of the table
    name: str, value: float, unit: str, reference: float | None, reach: float | None, *, ok: bool | None
) -> Row:
    ratio = round(value / reference, 3) if reference else None
    return Row(name, round(value, 5), unit, round(reference, 5) if reference else None, ratio, reach, ok)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else LOG)
    except FileInvalid as error:
        sys.exit(str(error))
