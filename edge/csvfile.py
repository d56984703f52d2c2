"""Reads CSV of people strictly: one line a row, every needed column there, every fault with its line."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from edge.errors import FileInvalid

Row = Mapping[str, str]


def numbered(place: str, text: Iterable[str], needed: Iterable[str], delimiter: str = ",") -> Iterator[tuple[int, Row]]:
    """The rows with their line numbers (from 2). Raises FileInvalid where a column is missing or a quote is astray."""
    reader = csv.DictReader(text, delimiter=delimiter, strict=True)
    wanted = set(needed)
    try:
        missing = wanted - set(reader.fieldnames or ())
        if missing:
            lacking, all_of_them = (", ".join(sorted(names)) for names in (missing, wanted))
            msg = f"{place}:1: no column {lacking}; the first line must name {all_of_them}"
            raise FileInvalid(msg)
        for row in reader:
            _one_line(place, reader.line_num, row)
            yield reader.line_num, row
    except csv.Error as error:
        line = reader.reader.line_num
        msg = f"{place}:{line}: {error}; look for a quote that is not closed, on this line or before it"
        raise FileInvalid(msg) from error


def rows_of(path: Path, needed: set[str]) -> list[tuple[int, Row]]:
    """The rows of a file. Raises FileInvalid, also where a needed value is missing."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(numbered(str(path), file, needed))
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: cannot be read: {error}; check the path and that it is UTF-8 text"
        raise FileInvalid(msg) from error
    for line, row in rows:
        empty = [name for name in sorted(needed) if not row.get(name)]
        if empty:
            msg = f"{path}:{line}: {empty[0]}: is empty; give it a value or remove the row"
            raise FileInvalid(msg)
    return rows


def _one_line(place: str, line: int, row: Row) -> None:
    """A quote that is not closed swallows rows, and what they plan would be sold."""
    for name, value in row.items():
        if isinstance(value, str) and "\n" in value:
            msg = f"{place}:{line}: {name}: goes over several lines; close the quote, or remove it"
            raise FileInvalid(msg)
