"""Which tables there are to take away, and what their columns hold; CSV of their rows. Pure."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a column holds. Moments are UTC; amounts have four decimals, their currency is a column of its own."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    AMOUNT = "amount"
    MOMENT = "moment"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Table:
    """A table by the name of its file, with its columns in order."""

    name: str
    columns: Mapping[str, Kind]


_T, _I, _N, _A, _M, _F = Kind.TEXT, Kind.INTEGER, Kind.NUMBER, Kind.AMOUNT, Kind.MOMENT, Kind.FLAG

BOOKINGS = Table(
    "bookings",
    {
        "id": _T,
        "state": _T,
        "role": _T,
        "start": _M,
        "end": _M,
        "service": _T,
        "machine_id": _T,
        "provider": _T,
        "booker": _T,
        "quantity": _I,
        "work_master": _T,
        "pieces": _I,
        "good_pieces": _I,
        "booked_hours": _N,
        "run_hours": _N,
        "price": _A,
        "currency": _T,
        "at_risk": _F,
        "created_at": _M,
        "updated_at": _M,
        "meter_agrees": _F,
        "due": _A,
        "settled": _A,
    },
)
"""Every booking that the enterprise made or provides, with what was metered, what is due and what was settled."""

LEDGER = Table(
    "ledger",
    {"seq": _I, "at": _M, "machine_id": _T, "claim_id": _T, "kind": _T, "start": _M, "end": _M, "quantity": _I},
)
"""The account of the hours of the enterprise's own machines: each statement, and each move of a hold or booking."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def header(table: Table) -> str:
    """The first line of the CSV."""
    return _line(table.columns)


def line(table: Table, row: Mapping[str, Any]) -> str:
    """One row as CSV; times RFC 3339 in UTC. A text that a spreadsheet would take for a formula is quoted as text."""
    return _line([_cell(row[name]) for name in table.columns])


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:.4f}"
        case str() if value.startswith(_FORMULA):
            return "'" + value
        case _:
            return str(value)


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
