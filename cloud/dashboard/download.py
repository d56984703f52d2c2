"""What a page shows as a file to take away: CSV that spreadsheets open as it is, in any language."""

import csv
import inspect
import io
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime

from nicegui import ui
from nicegui.element import Element

from cloud.dashboard.frame import button
from cloud.dashboard.words import Words

Rows = Iterable[Sequence[object]]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_bytes(rows: Rows) -> bytes:
    """CSV (RFC 4180) in UTF-8 with a byte order mark, which spreadsheets need; times as UTC, RFC 3339.

    A text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    told = io.StringIO()
    csv.writer(told).writerows([_cell(value) for value in row] for row in rows)
    return told.getvalue().encode("utf-8-sig")


def csv_button(words: Words, name: str, rows: Callable[[], Rows | Awaitable[Rows]]) -> Element:
    """A button that saves what `rows` gives then as `name`.csv; the first row names the columns and their units."""

    async def save() -> None:
        found = rows()
        ui.download.content(csv_bytes(await found if inspect.isawaitable(found) else found), f"{name}.csv", "text/csv")

    return button(words("chart.csv"), save, "quiet", text="CSV")


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case str() if value.startswith(_FORMULA):
            return f"'{value}"
        case _:
            return str(value)
