"""Plan files by themselves: one row an order, or a log of what a job shop really did."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from edge.csvfile import rows_of
from edge.errors import FileInvalid
from edge.plan import PlannedOrder
from edge.planrows import Fields, Reader, moment
from gateway.span import Span

__all__ = ["moment", "read_bytes", "read_plan", "rows_of", "span_of"]

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def read_plan(path: Path, zone: ZoneInfo) -> list[PlannedOrder]:
    """Every order of the file, by start. Naive times are in `zone`; other columns are ignored.

    Columns: machine,start,end,order. A file with a `report` column is a log: its set-ups and productions were planned,
    its breakdowns were not. Raises FileInvalid with file, line and column.
    """
    return Reader(str(path), "csv", Fields(), zone, _NEVER).read(read_bytes(path))


def read_bytes(path: Path) -> bytes:
    """What is in the file. Raises FileInvalid."""
    try:
        return path.read_bytes()
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror}; check the path and its permissions"
        raise FileInvalid(msg) from error


def span_of(path: Path, line: int, row: Mapping[str, str], zone: ZoneInfo) -> Span:
    """The row's [start, end)."""
    try:
        return Span(moment(row["start"], zone), moment(row["end"], zone))
    except ValueError as error:
        msg = f"{path}:{line}: start/end: {error}; write ISO 8601 times, for example 2026-03-02T06:00"
        raise FileInvalid(msg) from error
