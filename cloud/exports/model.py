"""Calendar feeds as they cross the border; bookings as events of iCalendar and as rows of CSV. Pure."""

import csv
import hashlib
import io
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from icalendar import Calendar, Event

from cloud.booking.model import LIVE, State
from cloud.registry.model import Wire

COLUMNS = (
    *("id", "state", "role", "start", "end", "service", "machine_id", "provider", "booker", "quantity", "work_master"),
    *("pieces", "good_pieces", "booked_hours", "run_hours", "price", "currency", "at_risk", "created_at", "updated_at"),
)
"""Of the CSV; times RFC 3339 in UTC."""

TENTATIVE = frozenset({State.HELD, State.REQUESTED})
KEPT = LIVE | {State.COMPLETED, State.METERED, State.SETTLED, State.DISPUTED, State.ABORTED, State.NO_SHOW}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Feed(Wire):
    """An address that shows the enterprise's bookings to whoever has it: for a calendar, which can send no key."""

    id: str
    created_at: datetime


class NewFeed(Feed):
    """A feed just made; `path` is shown once, below the API's own address."""

    path: str


@dataclass(frozen=True, slots=True)
class Token:
    """The secret part of a feed's address; 256 random bits, kept as their SHA-256."""

    text: str

    @classmethod
    def new(cls) -> "Token":
        return cls(secrets.token_urlsafe(32))

    @property
    def hash(self) -> bytes:
        return hashlib.sha256(self.text.encode()).digest()


def calendar(name: str, rows: Iterable[Mapping[str, Any]]) -> bytes:
    """RFC 5545. A booking keeps its UID for ever; its sequence grows with each state that it enters."""
    made = Calendar()
    made.add("prodid", "-//Thirdshift//registry//EN")
    made.add("version", "2.0")
    made.add("x-wr-calname", f"Thirdshift: {name}")
    for row in rows:
        made.add_component(_event(row))
    return bytes(made.to_ical())


def _event(row: Mapping[str, Any]) -> Event:
    state, event = State(row["state"]), Event()
    gone = state not in KEPT
    event.add("uid", f"{row['id']}@thirdshift")
    event.add("dtstamp", row["updated_at"])
    event.add("dtstart", row["start"])
    event.add("dtend", row["end"])
    event.add("sequence", row["entered"])
    event.add("status", "CANCELLED" if gone else "TENTATIVE" if state in TENTATIVE else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if gone else "OPAQUE")
    event.add("summary", f"{row['service']}: {row['work_master']}, {row['pieces']} pieces ({row['role']})")
    event.add("description", f"{row['id']} {state}{' AT RISK' if row['at_risk'] else ''}")
    return event


def header() -> str:
    return _line(COLUMNS)


def line(row: Mapping[str, Any]) -> str:
    """One booking. A text that a spreadsheet would take for a formula is quoted as text."""
    return _line([_cell(row[name]) for name in COLUMNS])


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case bool():
            return "true" if value else "false"
        case str() if value.startswith(_FORMULA):
            return "'" + value
        case _:
            return str(value)


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
