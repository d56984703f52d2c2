"""What was typed into the forms of this page as requests of the API, or by field the word that says what is wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from cloud.booking.wire import BookingRequest, Work
from cloud.cooperation.alliance import AllianceRequest, Seat
from cloud.cooperation.inquiry import InquiryRequest, QuoteRequest
from cloud.cooperation.model import AgreementRequest
from cloud.dashboard.market.form import TYPED
from gateway.money import Money

Typed = Mapping[str, str]
Faults = dict[str, str]
Made = TypeVar("Made", bound=BaseModel)

SEATS = 4
"""Members that the form of an alliance has room for, besides the founder."""


@dataclass(slots=True)
class Reading:
    """Reads fields one by one; what cannot be read is a fault of that field."""

    typed: Typed
    zone: tzinfo
    faults: Faults = field(default_factory=dict)

    def text(self, name: str, *, needed: bool = False) -> str | None:
        found = self.typed.get(name, "").strip()
        if needed and not found:
            self.faults[name] = "cooperation.fault.needed"
        return found or None

    def number(self, name: str, *, needed: bool = False) -> Decimal | None:
        found = self.text(name, needed=needed)
        if found is None:
            return None
        try:
            value = Decimal(found.replace(",", "."))
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite() or value < 0:
            self.faults[name] = "cooperation.fault.number"
            return None
        return value

    def whole(self, name: str) -> int:
        found = self.number(name, needed=True)
        if found is None or found != int(found) or found < 1:
            self.faults[name] = "cooperation.fault.whole"
            return 1
        return int(found)

    def hours(self, name: str, *, needed: bool = False) -> timedelta | None:
        found = self.number(name, needed=needed)
        return timedelta(seconds=round(float(found) * 3600)) if found is not None else None

    def money(self, name: str, *, needed: bool = False) -> Money | None:
        amount = self.number(name, needed=needed)
        if amount is None:
            return None
        try:
            return Money(amount=amount, currency=(self.text("currency") or "").upper())
        except ValidationError:
            self.faults[name] = "cooperation.fault.money"
            return None

    def moment(self, name: str) -> datetime | None:
        try:
            return datetime.strptime(self.typed.get(name, ""), TYPED).replace(tzinfo=self.zone).astimezone(UTC)
        except ValueError:
            self.faults[name] = "cooperation.fault.time"
            return None

    def day(self, name: str, *, after: bool = False) -> datetime | None:
        """Midnight at its beginning or, of a last day, at its end."""
        try:
            found = date.fromisoformat(self.typed.get(name, ""))
        except ValueError:
            self.faults[name] = "cooperation.fault.time"
            return None
        return datetime.combine(found + timedelta(days=int(after)), time(), self.zone).astimezone(UTC)

    def ticked(self, start: str) -> list[str]:
        """What boxes are ticked whose names begin so: the rest of their names."""
        return [name.removeprefix(start) for name, value in self.typed.items() if name.startswith(start) and value]

    def work(self) -> Work | None:
        master, quantity = self.text("work_master", needed=True), self.whole("pieces")
        if master is None:
            return None
        try:
            return Work(work_master=master, quantity=quantity, material=self.text("material"))
        except ValidationError:
            self.faults["work_master"] = "cooperation.fault.value"
            return None

    def made(self, model: type[Made], values: Mapping[str, Any], named: Mapping[str, str]) -> Made | Faults:
        """The request, unless a field or all of them together are wrong; `named`: fields of the request as typed."""
        if self.faults:
            return self.faults
        try:
            return model.model_validate({name: value for name, value in values.items() if value is not None})
        except (ValidationError, ValueError) as error:
            return blamed(error, named)


def blamed(error: ValueError, named: Mapping[str, str]) -> Faults:
    """The field that a request as a whole is refused for."""
    text = str(error)
    for part, place, word in _WHOLE:
        if part in text:
            return {place: word}
    if isinstance(error, ValidationError) and (found := error.errors()[0]["loc"]):
        name = str(found[0])
        return {named.get(name, name): "cooperation.fault.value"}
    return {"end": "cooperation.fault.order"}


def proposal(typed: Typed, zone: tzinfo, role: str, providers: Mapping[str, str]) -> AgreementRequest | Faults:
    """The agreement that is to be proposed by this side; `providers`: whose services are whose, as far as known."""
    reading = Reading(typed, zone)
    services = reading.ticked("svc:") if role == "provider" else _list(reading.text("found") or reading.text("service"))
    if not services:
        reading.faults["service"] = "cooperation.fault.service"
    values = {
        "name": reading.text("name", needed=True),
        "role": role,
        "partner_id": _partner(reading, providers.get(services[0]) if services else None),
        "service_ids": services,
        "rate": reading.money("rate", needed=True),
        "note": reading.text("note"),
        "quota_hours": _float(reading.number("quota", needed=True)),
        "period": typed.get("period"),
        "zone": str(zone),
        "notice": reading.hours("notice"),
        "priority": int(typed.get("priority") or 0),
        "start": reading.day("start"),
        "end": reading.day("end", after=True),
    }
    named = {"partner_id": "partner", "service_ids": "service", "quota_hours": "quota"}
    return reading.made(AgreementRequest, values, named)


def call_off(typed: Typed, zone: tzinfo, agreement_id: str) -> BookingRequest | Faults:
    """The booking by an agreement."""
    reading = Reading(typed, zone)
    values = {
        "service_id": reading.text("service", needed=True),
        "agreement_id": agreement_id,
        "start": reading.moment("start"),
        "end": reading.moment("end"),
        "quantity": reading.whole("quantity"),
        "work": reading.work(),
    }
    return reading.made(BookingRequest, values, {"service_id": "service"})


def inquiry(typed: Typed, zone: tzinfo) -> InquiryRequest | Faults:
    """The inquiry: who is asked for what."""
    reading = Reading(typed, zone)
    values = {
        "partner_ids": reading.ticked("ent:"),
        "kind": typed.get("kind") or None,
        "process": reading.text("process"),
        "start": reading.moment("start"),
        "end": reading.moment("end"),
        "duration": reading.hours("hours"),
        "quantity": reading.whole("quantity"),
        "max_price": reading.money("price"),
        "work": reading.work(),
        "note": reading.text("note"),
        "expires_at": reading.moment("expires_at"),
    }
    return reading.made(InquiryRequest, values, {"duration": "hours", "max_price": "price"})


def quote(typed: Typed, zone: tzinfo) -> QuoteRequest | Faults:
    """What a provider would do it for."""
    reading = Reading(typed, zone)
    values = {
        "service_id": reading.text("service", needed=True),
        "quantity": reading.whole("quantity"),
        "start": reading.moment("start"),
        "end": reading.moment("end"),
        "price": reading.money("price", needed=True),
        "valid_until": reading.moment("valid_until"),
        "note": reading.text("note"),
    }
    return reading.made(QuoteRequest, values, {"service_id": "service"})


def alliance(typed: Typed, zone: tzinfo, me: str) -> AllianceRequest | Faults:
    """The alliance that is to be founded; shares are typed as percentages."""
    reading = Reading(typed, zone)
    seats = [Seat(id=me, share=_percent(reading, "own"))]
    for number in range(SEATS):
        partner = reading.text(f"member{number}")
        if partner:
            seats.append(_seat(reading, partner, number))
    values = {
        "name": reading.text("name", needed=True),
        "shows": typed.get("shows"),
        "note": reading.text("note"),
        "members": seats,
    }
    return reading.made(AllianceRequest, values, {"members": "own"})


def _seat(reading: Reading, partner: str, number: int) -> Seat:
    try:
        return Seat(id=partner, share=_percent(reading, f"share{number}"))
    except ValidationError:
        reading.faults[f"member{number}"] = "cooperation.fault.partner"
        return Seat(id="ent_none", share=0)


def _percent(reading: Reading, name: str) -> float:
    found = reading.number(name, needed=True)
    if found is None or found > 100:
        reading.faults[name] = "cooperation.fault.percent"
        return 0.0
    return round(float(found) / 100, 6)


def _partner(reading: Reading, provider: str | None) -> str | None:
    """The one that is chosen, or whose id is typed; or the provider of the chosen service."""
    found = provider or reading.text("partner") or reading.text("other")
    if found is None:
        reading.faults["partner"] = "cooperation.fault.needed"
    return found


def _list(text: str | None) -> list[str]:
    return [part for part in (text or "").replace(" ", ",").split(",") if part]


def _float(number: Decimal | None) -> float | None:
    return float(number) if number is not None else None


_WHOLE: tuple[tuple[str, str, str], ...] = (
    ("duration does not fit", "hours", "cooperation.fault.fit"),
    ("longer than", "end", "cooperation.fault.long"),
    ("not a process", "process", "cooperation.fault.process"),
    ("do not make 1", "own", "cooperation.fault.shares"),
    ("names an enterprise twice", "own", "cooperation.fault.twice"),
    ("at least 2 items", "member0", "cooperation.fault.needed"),
)

Reader = Callable[[Typed], BaseModel | Faults]
