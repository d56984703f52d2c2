"""The one shape that every benchmark has: figures as rows, shown as a table and written for other programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path("bench-results")


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
