"""What every benchmark shares: figures as rows, shown as a table and written for programs; what a process uses."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path("bench-results")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: `ratio` is value/reference, `reach` what it should come to, `ok` whether it does.

    `reach` is the most that the figure should be, or the least: `ok` knows which.
    """

    name: str
    value: float
    unit: str
    reference: float | None = None
    ratio: float | None = None
    reach: float | None = None
    ok: bool | None = None


def told(name: str, value: float, unit: str) -> Row:
    """A figure that nobody has asked for a bound of."""
    return Row(name, round(value, 2), unit)


def show(rows: Sequence[Row], name: str, title: str) -> None:
    """Print the table, and write bench-results/NAME.json."""
    table = Table(title=title, title_justify="left")
    for head in ("what", "value", "unit", "reference", "ratio", "reach", "ok"):
        table.add_column(head, justify="left" if head in {"what", "unit"} else "right")
    for row in rows:
        cells = [row.name, f"{row.value:.4g}", row.unit, row.reference, row.ratio, row.reach, row.ok]
        table.add_row(*("" if cell is None else str(cell) for cell in cells))
    Console().print(table)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


def cpu_s(pid: int) -> float:
    """Seconds of CPU, user and system, that a process and all its threads have had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mb(pid: int) -> float:
    """MB (2^20 bytes) of a process's memory that is in RAM, shared libraries included."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))
