"""What was typed to change a booking, as the change that the registry is asked for."""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from cloud.booking.wire import Amendment, Booking
from cloud.dashboard.market.form import TYPED, typed

Change = dict[str, Any]
Faults = dict[str, str]


def amendment(one: Booking, given: Mapping[str, str], zone: tzinfo) -> Amendment | Faults:
    """Only what differs is asked for; or, by field, the entry of the dictionary that says what is wrong."""
    change: Change = {}
    faults: Faults = {}
    _moments(one, given, zone, change, faults)
    _numbers(one, given, change, faults)
    if faults:
        return faults
    if not change:
        return {"end": "bookings.fault.nothing"}
    start, end = ({"start": one.start, "end": one.end, **change}[name] for name in ("start", "end"))
    return Amendment.model_validate(change) if start < end else {"end": "market.fault.order"}


def _moments(one: Booking, given: Mapping[str, str], zone: tzinfo, change: Change, faults: Faults) -> None:
    for name, now in (("start", one.start), ("end", one.end)):
        text = given.get(name, "")
        if text == typed(now, zone):
            continue
        try:
            change[name] = datetime.strptime(text[:16], TYPED).replace(tzinfo=zone).astimezone(UTC)
        except ValueError:
            faults[name] = "market.fault.time"


def _numbers(one: Booking, given: Mapping[str, str], change: Change, faults: Faults) -> None:
    for name, was in (("quantity", one.quantity), ("pieces", one.work.quantity)):
        text = given.get(name, "").strip()
        if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
            faults[name] = "market.fault.whole"
        elif int(text) != was and name == "pieces":
            change["work"] = one.work.model_copy(update={"quantity": int(text)})
        elif int(text) != was:
            change[name] = int(text)
