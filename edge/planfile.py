"""Reads a plant's plan from CSV: one row an order, or a log of what a job shop really did."""

import csv
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from edge.errors import FileInvalid
from edge.plan import PlannedOrder
from gateway.span import Span

_NEEDED = {"machine", "start", "end", "order"}


def read_plan(path: Path, zone: ZoneInfo) -> list[PlannedOrder]:
    """Every order of the file, by start. Naive times are in `zone`; other columns are ignored.

    Columns: machine,start,end,order. A file with a `report` column is a log: its set-ups and productions were planned,
    its breakdowns were not. Raises FileInvalid with file, line and column.
    """
    rows = list(rows_of(path, _NEEDED))
    orders = [
        PlannedOrder(row["machine"], span_of(path, line, row, zone), row["order"])
        for line, row in rows
        if row.get("report", "production") != "breakdown"
    ]
    return sorted(orders, key=lambda order: (order.span, order.machine, order.order))


def rows_of(path: Path, needed: set[str]) -> list[tuple[int, Mapping[str, str]]]:
    """The rows with their line numbers (from 2). Raises FileInvalid where a needed column or value is missing."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = _numbered(path, csv.DictReader(file, strict=True), needed)
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: cannot be read: {error}; check the path and that it is UTF-8 text"
        raise FileInvalid(msg) from error
    for line, row in rows:
        empty = [name for name in sorted(needed) if not row.get(name)]
        if empty:
            msg = f"{path}:{line}: {empty[0]}: is empty; give it a value or remove the row"
            raise FileInvalid(msg)
    return rows


def _numbered(path: Path, reader: "csv.DictReader[str]", needed: set[str]) -> list[tuple[int, Mapping[str, str]]]:
    rows: list[tuple[int, Mapping[str, str]]] = []
    try:
        missing = needed - set(reader.fieldnames or ())
        if missing:
            lacking, wanted = ", ".join(sorted(missing)), ", ".join(sorted(needed))
            msg = f"{path}:1: no column {lacking}; the first line must name {wanted}"
            raise FileInvalid(msg)
        for row in reader:
            _one_line(path, reader.line_num, row)
            rows.append((reader.line_num, row))
    except csv.Error as error:
        msg = (
            f"{path}:{reader.reader.line_num}: {error}; look for a quote that is not closed, on this line or before it"
        )
        raise FileInvalid(msg) from error
    return rows


def _one_line(path: Path, line: int, row: Mapping[str, str]) -> None:
    """A quote that is not closed swallows rows, and what they plan would be sold."""
    for name, value in row.items():
        if isinstance(value, str) and "\n" in value:
            msg = f"{path}:{line}: {name}: goes over several lines; close the quote, or remove it"
            raise FileInvalid(msg)


def span_of(path: Path, line: int, row: Mapping[str, str], zone: ZoneInfo) -> Span:
    """The row's [start, end)."""
    try:
        return Span(moment(row["start"], zone), moment(row["end"], zone))
    except ValueError as error:
        msg = f"{path}:{line}: start/end: {error}; write ISO 8601 times, for example 2026-03-02T06:00"
        raise FileInvalid(msg) from error


def moment(text: str, zone: ZoneInfo) -> datetime:
    """An ISO 8601 time; a naive one is on the plant's wall clock. Raises ValueError."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=zone)
