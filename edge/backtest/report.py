"""The backtest's document: all figures over the machines that count, and for each machine."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from edge.backtest.log import Log
from edge.backtest.score import curve, summary
from edge.backtest.walk import Page, last_whole_day, walk
from edge.errors import FileInvalid
from edge.forecast.grid import BUSY, cells

LEARN_FIRST = 56
"""Days that are only learnt from, unless the caller says otherwise; two thirds of a shorter log."""

BUSY_ENOUGH = 384
"""Quarter hours that a machine must have been busy in the log to count in the means: on four days of every ninety."""


def pages_of(log: Log, path: Path, zone: ZoneInfo, first: int | None, last: int | None) -> tuple[list[Page], range]:
    """The walked pages and the days they are of, counted from 1. Raises FileInvalid where the log is too short."""
    whole = last_whole_day(log, zone)
    until = whole if last is None else min(last, whole)
    begin = min(LEARN_FIRST, whole * 2 // 3) + 1 if first is None else first
    if begin > until:
        msg = (
            f"{path}: covers {whole} whole days, so days {begin} to {until} cannot be judged; "
            f"give a longer log, or another --first and --last"
        )
        raise FileInvalid(msg)
    return list(walk(log, zone, begin, until)), range(begin, until + 1)


def document(log: Log, pages: Sequence[Page], days: range, zone: ZoneInfo) -> dict[str, Any]:
    """What `--json` prints: `brier` and `baselines` are means over the machines that count, the rest their hours.

    A machine counts if it was busy for `BUSY_ENOUGH` quarter hours of the log; if none was, all count.
    """
    busy = busy_quarters(log, zone)
    counted = [name for name in busy if busy[name] >= BUSY_ENOUGH] or list(busy)
    machines = {name: summary([page for page in pages if page.machine == name]) for name in busy}
    chosen = [page for page in pages if page.machine in counted]
    found = summary(chosen)
    names = found["baselines"]
    found |= {
        "brier": _mean(machines[name]["brier"] for name in counted),
        "baselines": {each: _mean(machines[name]["baselines"][each] for name in counted) for each in names},
        "horizons": {
            ahead: {"brier": _mean(machines[name]["horizons"][ahead]["brier"] for name in counted)}
            for ahead in found["horizons"]
        },
    }
    beaten = [name for name in counted if machines[name]["brier"] < min(machines[name]["baselines"].values())]
    for name, each in machines.items():
        each |= {"counted": name in counted, "busy_quarter_hours": busy[name]}
    about = {"days": [days[0], days[-1]], "counted": counted, "beats_every_baseline": beaten, "curve": curve(chosen)}
    return {**found, **about, "machines": machines, "note": "idle means reported idle: a log may leave reports out"}


def busy_quarters(log: Log, zone: ZoneInfo) -> Mapping[str, int]:
    """By machine, the quarter hours in which it was reported busy."""
    begin, end = log.start.astimezone(zone).date(), log.end.astimezone(zone).date()
    days = (end - begin).days + 1
    return {name: int((cells(spans, (), begin, days, zone) == BUSY).sum()) for name, spans in log.busy.items()}


def table(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The document as rows, one a machine, the counted ones first, then their mean."""
    rows = [_row(name, each) for name, each in found["machines"].items() if each["counted"]]
    rest = [_row(f"({name})", each) for name, each in found["machines"].items() if not each["counted"]]
    return [*rows, _row("all counted", found), *rest]


def _row(name: str, each: Mapping[str, Any]) -> dict[str, Any]:
    best = min(each["baselines"], key=lambda key: each["baselines"][key])
    return {
        "machine": name,
        "brier": f"{each['brier']:.4f}",
        "best_baseline": f"{each['baselines'][best]:.4f} {best}",
        "offered_hours": f"{each['offered_hours']:.0f}",
        "reported_idle": _percent(each["idle_share"]),
        "of_all_idle_hours": _percent(each["recall"]),
        "reliability_gap": f"{each['reliability_gap']:.3f}",
        "brier_7_days": f"{each['horizons']['7']['brier']:.4f}",
    }


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _mean(values: Any) -> float:
    return float(np.mean(list(values)))
