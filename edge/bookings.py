"""Booked jobs for the plant's planner, as an iCalendar (RFC 5545) and as rows of CSV. Pure."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import orjson

from edge.orders.asked import Asked
from edge.orders.record import OrderRecord, Phase
from gateway.messages import Order

if TYPE_CHECKING:  # 4 MB with all that it brings: only for a plant whose planner asks for the calendar
    from icalendar import Event

NEVER_RAN = frozenset({"no_show", "aborted"})

COLUMNS = (
    "booking", "revision", "machine", "start", "end", "status", "phase", "work_master", "quantity", "good_quantity",
    "capacity", "material", "parameters", "started", "ended", "answer_until",
)  # fmt: skip
"""Of the CSV; times in ISO 8601 with their offset."""


EMPTY = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Thirdshift//edge agent//EN\r\nEND:VCALENDAR\r\n"
"""The calendar of an agent that has nothing booked, for which no library is loaded."""


class Status(StrEnum):
    """Of an event (RFC 5545, 3.8.1.11)."""

    TENTATIVE = "TENTATIVE"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"


RANK = {Status.TENTATIVE: 0, Status.CONFIRMED: 1, Status.CANCELLED: 2}


@dataclass(frozen=True, slots=True)
class Booked:
    """One job. `at`: when it became what it is, as far as is known; `until`: when a person must have answered."""

    order: Order
    status: Status
    phase: str
    at: datetime
    good_quantity: int = 0
    started: datetime | None = None
    ended: datetime | None = None
    until: datetime | None = None

    @property
    def sequence(self) -> int:
        """Grows with each revision and each change of status (RFC 5545, 3.8.7.4)."""
        return (self.order.revision - 1) * 3 + RANK[self.status]


def listed(
    records: Iterable[OrderRecord], asked: Iterable[Asked], at: Mapping[str, datetime] | None = None
) -> list[Booked]:
    """All jobs, one for each booking: its highest revision. `at`: when each order was answered, by its job's id."""
    found = [_asked(each) for each in asked] + [_kept(record, (at or {}).get(record.job_id)) for record in records]
    best: dict[str, Booked] = {}
    for each in found:
        known = best.get(each.order.booking)
        if known is None or known.sequence < each.sequence:
            best[each.order.booking] = each
    return sorted(best.values(), key=lambda each: (each.order.start, each.order.booking))


def _asked(asked: Asked) -> Booked:
    return Booked(asked.order, Status.TENTATIVE, "asked", asked.at, until=asked.until)


def _kept(record: OrderRecord, answered: datetime | None) -> Booked:
    off = record.cancelled is not None or (record.outcome in NEVER_RAN and record.started is None)
    status = Status.CANCELLED if off else Status.CONFIRMED
    phase = str(record.outcome or record.phase) if record.phase is Phase.DONE else record.phase.value
    moments = [each for each in (answered, record.started, record.ended) if each is not None]
    at = max(moments, default=record.order.start)
    return Booked(record.order, status, phase, at, record.good_quantity, record.started, record.ended)


def ics(booked: Sequence[Booked], agent: str) -> bytes:
    """A calendar to subscribe to. UIDs are stable: `BOOKING.AGENT@thirdshift`."""
    if not booked:
        return EMPTY
    from icalendar import Calendar  # noqa: PLC0415 - see above

    calendar = Calendar()
    calendar.add("prodid", "-//Thirdshift//edge agent//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", f"Booked machine hours ({agent})")
    for each in booked:
        calendar.add_component(_event(each, agent))
    return bytes(calendar.to_ical())


def _event(booked: Booked, agent: str) -> "Event":
    from icalendar import Event  # noqa: PLC0415 - see above

    order, event = booked.order, Event()
    event.add("uid", f"{order.booking}.{agent}@thirdshift")
    event.add("dtstamp", booked.at)
    event.add("dtstart", order.start)
    event.add("dtend", order.end)
    event.add("sequence", booked.sequence)
    event.add("status", booked.status.value)
    event.add("summary", f"{order.machine}: {order.work_master}, {order.quantity} pieces ({order.booking})")
    event.add("location", order.machine)
    event.add("categories", ["Thirdshift"])
    event.add("transp", "TRANSPARENT" if booked.status is Status.CANCELLED else "OPAQUE")
    event.add("description", "\n".join(_lines(booked)))
    return event


def _lines(booked: Booked) -> Iterable[str]:
    order = booked.order
    yield f"{booked.phase}; may be started until {order.not_after.isoformat()}"
    if booked.until is not None:
        yield f"waits for an answer until {booked.until.isoformat()}: thirdshift edge orders accept {order.booking}"
    if order.material:
        yield f"material: {order.material}"
    for name, value in order.parameters.items():
        yield f"{name}: {value}"
    if booked.started is not None:
        yield f"started {booked.started.isoformat()}, {booked.good_quantity} good pieces"


def table(booked: Sequence[Booked]) -> bytes:
    """The jobs as CSV (RFC 4180) with a heading; no text in it is a formula to a spreadsheet."""
    found = io.StringIO(newline="")
    writer = csv.writer(found)
    writer.writerow(COLUMNS)
    for each in booked:
        order = each.order
        what = [order.booking, order.revision, order.machine, _time(order.start), _time(order.end), each.status.value]
        work = [each.phase, order.work_master, order.quantity, each.good_quantity, order.capacity]
        texts = [_harmless(order.material or ""), orjson.dumps(dict(order.parameters)).decode()]
        writer.writerow([*what, *work, *texts, _time(each.started), _time(each.ended), _time(each.until)])
    return found.getvalue().encode()


def _time(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat()


def _harmless(text: str) -> str:
    """A partner's text, which a spreadsheet would run if it began like a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
