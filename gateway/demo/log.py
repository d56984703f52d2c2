"""A shop-floor log as the demo sees it: which machines, which process, how long a part takes, from when to when."""

import csv
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from gateway.errors import UsageError

COLUMNS = ("machine", "process", "report", "start", "end", "order", "completed_qty")


@dataclass(frozen=True, slots=True)
class LoggedMachine:
    """A machine of the log; `cycle` is the median time that a part took."""

    name: str
    process: str
    cycle: timedelta


@dataclass(frozen=True, slots=True)
class PlantLog:
    """What a log tells about its plant. Times are plant time without a zone."""

    path: Path
    machines: tuple[LoggedMachine, ...]
    start: datetime
    end: datetime
    reports: tuple[tuple[str, datetime, datetime], ...]

    def quiet(self, start: datetime, end: datetime) -> int:
        """How many machines have no report in [start, end)."""
        busy = {machine for machine, begun, done in self.reports if begun < end and done > start}
        return len(self.machines) - len(busy)


def read(path: Path) -> PlantLog:
    """The log at `path`. Raises UsageError with file, line and column where it cannot be used."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: {error}; give the path of a CSV log"
        raise UsageError(msg) from error
    if not rows or any(column not in rows[0] for column in COLUMNS):
        msg = f"{path}:1: the first line must name the columns {', '.join(COLUMNS)}, and rows must follow"
        raise UsageError(msg)
    return _facts(path, rows)


def _facts(path: Path, rows: list[dict[str, str]]) -> PlantLog:
    cycles: dict[str, list[float]] = {}
    process: dict[str, str] = {}
    reports: list[tuple[str, datetime, datetime]] = []
    for line, row in enumerate(rows, start=2):
        try:
            start, end = datetime.fromisoformat(row["start"]), datetime.fromisoformat(row["end"])
            made = int(row["completed_qty"] or 0)
        except (ValueError, TypeError) as error:
            msg = f"{path}:{line}: {error}; start and end are ISO 8601 times, completed_qty is a whole number"
            raise UsageError(msg) from error
        reports.append((row["machine"], start, end))
        process.setdefault(row["machine"], row["process"])
        if row["report"] == "production" and made:
            cycles.setdefault(row["machine"], []).append((end - start).total_seconds() / made)
    machines = tuple(
        LoggedMachine(name, process[name], timedelta(seconds=round(median(cycles.get(name) or [600.0]))))
        for name in sorted(process)
    )
    first, last = min(start for _, start, _ in reports), max(end for _, _, end in reports)
    return PlantLog(path, machines, first, last, tuple(reports))
