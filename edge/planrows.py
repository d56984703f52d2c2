"""Reads a plant's plan out of what it sends: CSV with named columns, JSON with pointers, or an RFC 5545 calendar."""

import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, model_validator

from edge import ics
from edge.csvfile import numbered
from edge.errors import FileInvalid
from edge.plan import PlannedOrder, Progress, united
from gateway.span import Span, utc

Format = Literal["csv", "json", "ics"]
Row = tuple[str, Mapping[str, Any]]
"""A row's place, for messages, and its values by our own names."""

MOST_ORDERS = 100_000
NEEDED = ("start", "end", "order")


class Fields(BaseModel):
    """Where our fields are in the plant's: a column of CSV, a JSON pointer (RFC 6901) in each item, a property of ics.

    `machine` may be left out where a plan is one machine's own. `quantity`, `made` and `cycle` (seconds a piece) tell
    how far a running order is. `items`: the pointer to the list in a JSON document. `times`: how CSV and JSON write
    times (strptime), if not as ISO 8601. `delimiter`: of CSV.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    machine: str | None = None
    start: str | None = None
    end: str | None = None
    order: str | None = None
    quantity: str | None = None
    made: str | None = None
    cycle: str | None = None
    items: str = ""
    times: str | None = None
    delimiter: str = ","

    @model_validator(mode="after")
    def _together(self) -> Self:
        if (self.quantity is None) != (self.cycle is None) or (self.made is not None and self.quantity is None):
            msg = "the pieces left need `quantity` and `cycle`, and `made` where some are made already"
            raise ValueError(msg)
        return self

    def of(self, format_: Format) -> dict[str, str]:
        """Our names and theirs; what is not mapped is called as we call it, or as RFC 5545 does."""
        usual = {"csv": "{}", "json": "/{}", "ics": "{}"}[format_]
        names = {"machine": "LOCATION", "order": "SUMMARY"} if format_ == "ics" else {}
        own = {name: getattr(self, name) for name in (*NEEDED, "machine", "quantity", "made", "cycle")}
        wanted = {name: own[name] or names.get(name) or usual.format(name) for name in (*NEEDED, "machine")}
        return wanted | {name: own[name] for name in ("quantity", "made", "cycle") if own[name]}


@dataclass(frozen=True, slots=True)
class Reader:
    """How to read one plan. `machine`: whose own plan it is, where its rows need not say so.

    `at`: when its last good copy was got, which is when the pieces were counted.
    """

    place: str
    format: Format
    fields: Fields
    zone: ZoneInfo
    at: datetime
    machine: str | None = None
    within: Span | None = None

    def read(self, body: bytes) -> list[PlannedOrder]:
        """Every order, by start; one that is listed twice is united, and one of no length takes no time.

        Raises FileInvalid with the row, the field and what to do.
        """
        found = [order for row in self._rows(body) if (order := self._order(row)) is not None]
        return united(found)

    def _rows(self, body: bytes) -> Iterable[Row]:
        match self.format:
            case "csv":
                return csv_rows(self, body)
            case "json":
                return json_rows(self, body)
            case "ics":
                return self._events(body)

    def _events(self, body: bytes) -> Iterable[Row]:
        if self.within is None:
            msg = f"{self.place}: a calendar without end needs a stretch of time to be read for"
            raise FileInvalid(msg)
        names = self.fields.of("ics")
        for each in ics.parse(body, self.place, self.zone).within(self.within):
            text = each.event.text
            found: dict[str, Any] = {name: text.get(prop.upper()) for name, prop in names.items()}
            found |= {"start": each.span.start, "end": each.span.end, "order": found["order"] or text.get("UID")}
            yield f"{self.place}: event {text.get('UID', '?')[:80]!r}", found

    def _order(self, row: Row) -> PlannedOrder | None:
        place, values = row
        if values.get("report") == "breakdown":
            return None
        empty = next((name for name in NEEDED if _empty(values.get(name))), None)
        machine = values.get("machine") or self.machine
        if empty or not machine:
            msg = f"{place}: {empty or 'machine'}: is empty; give it a value or remove the row"
            raise FileInvalid(msg)
        start, end = self._time(place, "start", values["start"]), self._time(place, "end", values["end"])
        if end < start:
            msg = f"{place}: start/end: a span must end after it starts: {start} to {end}; exchange the two"
            raise FileInvalid(msg)
        if start == end:
            return None
        return PlannedOrder(str(machine), Span(start, end), str(values["order"]), self._progress(place, values))

    def _progress(self, place: str, values: Mapping[str, Any]) -> Progress | None:
        if _empty(values.get("quantity")) or _empty(values.get("cycle")):
            return None
        left = _number(values["quantity"], 1e9)
        made = _number(values.get("made") or 0, 1e9)
        seconds = _number(values["cycle"], 1e7)
        if left is None or made is None or seconds is None:
            msg = f"{place}: quantity/made/cycle: expected numbers from 0 on (cycle: seconds for one piece)"
            raise FileInvalid(msg)
        return Progress(left - made, timedelta(seconds=seconds), self.at)

    def _time(self, place: str, name: str, value: Any) -> datetime:
        try:
            if isinstance(value, datetime):
                return utc(value)
            return utc(moment(str(value), self.zone, self.fields.times))
        except (ValueError, OverflowError) as error:
            wish = f"as {self.fields.times}" if self.fields.times else "as ISO 8601, for example 2026-03-02T06:00"
            msg = f"{place}: start/end: {name}: {error}; write times {wish}"
            raise FileInvalid(msg) from error


def moment(text: str, zone: ZoneInfo, form: str | None = None) -> datetime:
    """A time as ISO 8601, or in the form that the plant declared; a naive one is on the plant's wall clock."""
    found = datetime.strptime(text.strip(), form) if form else datetime.fromisoformat(text.strip())  # noqa: DTZ007
    return found if found.tzinfo else found.replace(tzinfo=zone)


def csv_rows(reader: Reader, body: bytes) -> Iterable[Row]:
    """The rows of a CSV text with their line numbers (the first is 2)."""
    names = reader.fields.of("csv")
    own = reader.machine is not None and reader.fields.machine is None
    needed = [column for name, column in names.items() if name != "machine" or not own]
    try:
        text = io.StringIO(body.decode("utf-8-sig"), newline="")
    except UnicodeDecodeError as error:
        msg = f"{reader.place}: cannot be read: {error}; save it as CSV in UTF-8"
        raise FileInvalid(msg) from error
    for line, row in numbered(reader.place, text, needed, reader.fields.delimiter):
        if line > MOST_ORDERS:
            _too_many(reader)
        values: dict[str, Any] = {name: row.get(column) for name, column in names.items()}
        yield f"{reader.place}:{line}", values | {"report": row.get("report")}


def json_rows(reader: Reader, body: bytes) -> Iterable[Row]:
    """The items of a JSON document."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        msg = f"{reader.place}: is not JSON: {error}"
        raise FileInvalid(msg) from error
    items = point(document, reader.fields.items)
    if not isinstance(items, list):
        msg = f"{reader.place}: no list of orders at {reader.fields.items!r}; set `items` to its JSON pointer"
        raise FileInvalid(msg)
    if len(items) > MOST_ORDERS:
        _too_many(reader)
    names = reader.fields.of("json")
    for number, item in enumerate(items):
        place = f"{reader.place}: {reader.fields.items}/{number}"
        yield place, {name: point(item, pointer) for name, pointer in names.items()}


def point(document: Any, pointer: str) -> Any:
    """What a JSON pointer (RFC 6901) points to; None where there is nothing."""
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(document, list) and key.isdecimal() and int(key) < len(document):
            document = document[int(key)]
        elif isinstance(document, dict) and key in document:
            document = document[key]
        else:
            return None
    return document


def _number(value: Any, most: float) -> float | None:
    """A number from 0 to `most`, also as text."""
    try:
        found = float(value)
    except (ValueError, TypeError):
        return None
    return found if 0 <= found <= most else None


def _empty(value: Any) -> bool:
    return value is None or value == ""


def _too_many(reader: Reader) -> None:
    msg = f"{reader.place}: has more than {MOST_ORDERS} orders; send the coming months only"
    raise FileInvalid(msg)
