"""The search form: what its fields hold as text, what that asks for, and which field is to blame if nothing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from cloud.market.model import Near, SearchRequest, Split
from cloud.registry.capability import Tolerance, Workpiece
from gateway.capacity import CapacityKind, Confidence
from gateway.money import Money

Values = Mapping[str, str]
Made = TypeVar("Made", bound=BaseModel)

HOUR = timedelta(hours=1)
AHEAD = timedelta(days=7)
LIMIT = 30
_COMMA = re.compile("[,;\\N{FULLWIDTH COMMA}\\N{IDEOGRAPHIC COMMA}]")
TYPED = "%Y-%m-%dT%H:%M"
"""As an input of type datetime-local has it: on the plant's clock, without a zone."""

KINDS = tuple(kind.value for kind in CapacityKind)


@dataclass(frozen=True, slots=True)
class Faults:
    """Why nothing can be searched for: words of the dictionary, by field."""

    by_field: Mapping[str, str]


def usual(now: datetime, zone: tzinfo) -> dict[str, str]:
    """What the form begins with: four hours somewhere in the coming week."""
    start = now.replace(minute=0, second=0, microsecond=0) + HOUR
    return {
        **dict.fromkeys(FIELDS, ""),
        "kind": CapacityKind.PROCESSING.value,
        "start": typed(start, zone),
        "end": typed(start + AHEAD, zone),
        "hours": "4",
        "quantity": "1",
        "confidence": str(int(Confidence.VERY_LOW)),
        "currency": "EUR",
    }


FIELDS = (
    *("kind", "process", "start", "end", "hours", "quantity", "confidence", "price", "currency", "service"),
    *("latitude", "longitude", "km", "materials", "certificates", "x", "y", "z", "kg", "grade", "mm"),
    *("units", "pieces", "least"),
)


CHOSEN = frozenset({"kind", "hours"})
"""Fields that begin with something, and say something when they are empty."""


def typed(moment: datetime, zone: tzinfo) -> str:
    """The moment as the field shows it."""
    return moment.astimezone(zone).strftime(TYPED)


def merged(values: Values, given: Mapping[str, object]) -> dict[str, str]:
    """The form with what was typed into it, or came with the page's address; what is no field of it is left out."""
    return {**values, **{name: str(value).strip()[:100] for name, value in given.items() if name in FIELDS}}


def asked(values: Values, zone: tzinfo) -> SearchRequest | Faults:
    """The search that the fields ask for."""
    reading = _Reading(values, zone)
    found = {
        "kind": values["kind"] or None,
        "process": values["process"] or None,
        "start": reading.moment("start"),
        "end": reading.moment("end"),
        "duration": reading.hours("hours"),
        "quantity": reading.whole("quantity", 1),
        "min_confidence": reading.whole("confidence", 1),
        "max_price": reading.money(),
        "materials": _several(values["materials"]),
        "certificates": _several(values["certificates"]),
        "workpiece": reading.workpiece(),
        "tolerance": reading.tolerance(),
        "work_quantity": reading.whole("units", None),
        "split": reading.split(),
        "near": reading.near(),
        "service_id": values["service"] or None,
        "limit": LIMIT,
    }
    if reading.faults:
        return Faults(reading.faults)
    try:
        return SearchRequest.model_validate({name: value for name, value in found.items() if value is not None})
    except (ValidationError, ValueError) as error:
        return Faults(_blamed(error))


@dataclass(slots=True)
class _Reading:
    """Reads fields one by one; what cannot be read is a fault of that field."""

    values: Values
    zone: tzinfo
    faults: dict[str, str] = field(default_factory=dict)

    def moment(self, name: str) -> datetime | None:
        try:
            return datetime.strptime(self.values[name], TYPED).replace(tzinfo=self.zone).astimezone(UTC)
        except ValueError:
            self.faults[name] = "market.fault.time"
            return None

    def number(self, name: str) -> Decimal | None:
        text = self.values[name].replace(",", ".")
        if not text:
            return None
        try:
            found = Decimal(text)
        except InvalidOperation:
            found = Decimal("NaN")
        if not found.is_finite():
            self.faults[name] = "market.fault.number"
            return None
        return found

    def hours(self, name: str) -> timedelta | None:
        found = self.number(name)
        if found is None:
            return None
        if not 0 < found <= 2208:
            self.faults[name] = "market.fault.hours"
            return None
        return timedelta(seconds=round(float(found) * 3600))

    def whole(self, name: str, otherwise: int | None) -> int | None:
        found = self.number(name)
        if found is None:
            return otherwise
        if found != int(found) or not 1 <= found <= 1_000_000:
            self.faults[name] = "market.fault.whole"
        return int(found)

    def money(self) -> Money | None:
        amount = self.number("price")
        if amount is None:
            return None
        try:
            return Money(amount=amount, currency=self.values["currency"].upper())
        except ValueError:
            self.faults["price"] = "market.fault.money"
            return None

    def near(self) -> Near | None:
        given = {name: self.number(name) for name in ("latitude", "longitude", "km")}
        return self._made(Near, given, "km", "market.fault.place")

    def workpiece(self) -> Workpiece | None:
        names = {"x": "x_mm", "y": "y_mm", "z": "z_mm", "kg": "mass_kg"}
        given = {told: self.number(name) for name, told in names.items()}
        return self._made(Workpiece, given, "x", "market.fault.workpiece")

    def tolerance(self) -> Tolerance | None:
        given = {"grade": self.values["grade"].upper().replace(" ", "") or None, "mm": self.number("mm")}
        return self._made(Tolerance, given, "grade", "market.fault.tolerance")

    def split(self) -> Split | None:
        given = {"pieces": self.number("pieces"), "least": self.hours("least")}
        return self._made(Split, given, "pieces", "market.fault.split")

    def _made(self, model: type[Made], given: Mapping[str, object], name: str, fault: str) -> Made | None:
        """What some fields are together; None where none of them is filled in."""
        told = {each: value for each, value in given.items() if value is not None}
        if not told:
            return None
        try:
            return model.model_validate(told)
        except ValidationError:
            self.faults.setdefault(name, fault)
            return None


def _several(text: str) -> tuple[str, ...]:
    """Names between commas, Chinese ones too."""
    return tuple(filter(None, map(str.strip, _COMMA.split(text))))


_WHOLE = (
    ("duration does not fit", "hours", "market.fault.fit"),
    ("piece may not be longer", "least", "market.fault.least"),
    ("longer than", "end", "market.fault.long"),
    ("not a process", "process", "market.fault.process"),
    ("more pieces than units", "pieces", "market.fault.pieces"),
)
"""What the search's own checks say, and the field that is to blame."""


def _blamed(error: ValueError) -> dict[str, str]:
    """The field that a search as a whole is refused for."""
    text = str(error)
    for words, name, fault in _WHOLE:
        if words in text:
            return {name: fault}
    if isinstance(error, ValidationError) and (place := error.errors()[0]["loc"]):
        named = {"service_id": "service", "min_confidence": "confidence", "max_price": "price", "duration": "hours"}
        return {named.get(str(place[0]), str(place[0])): "market.fault.value"}
    return {"end": "market.fault.order"}
