"""Calendar feeds as they cross the border; bookings as events of iCalendar. Pure."""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from icalendar import Calendar, Event

from cloud.booking.model import LIVE, State
from cloud.registry.model import Wire

TENTATIVE = frozenset({State.HELD, State.REQUESTED})
KEPT = LIVE | {State.COMPLETED, State.METERED, State.SETTLED, State.DISPUTED, State.ABORTED, State.NO_SHOW}


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
