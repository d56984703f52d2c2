"""Holds as the page keeps them: whose they are, what is booked of them, and the keys by which nothing happens twice."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from pydantic import ValidationError

from cloud.booking.bundle import BundleRequest
from cloud.booking.wire import BookingRequest, Document, Healing, Hold, HoldRequest, Work
from cloud.client.market import bundle_of
from cloud.dashboard.market.agreed import Cover
from cloud.market.model import Found
from gateway.money import Money

MOST = 50
"""Holds of one enterprise that are remembered; the registry lets it have no more at once by far."""

DOCUMENTS = 3
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Note:
    """What a hold does not say itself: what it was made of, for how many pieces, whether it was extended, and the name
    of the agreement that it is called off by.
    """

    name: str = ""
    pieces: str = ""
    extended: bool = False
    agreement: str = ""


@dataclass(slots=True)
class Kept:
    """The holds that were made on this dashboard, by enterprise: a page that is opened anew finds them again."""

    _by_enterprise: dict[str, dict[str, Note]] = field(default_factory=dict)

    def of(self, enterprise: str) -> dict[str, Note]:
        """The notes by hold."""
        return dict(self._by_enterprise.get(enterprise, {}))

    def add(self, enterprise: str, hold: str, note: Note) -> None:
        mine = self._by_enterprise.setdefault(enterprise, {})
        mine[hold] = note
        for old in list(mine)[:-MOST]:
            del mine[old]

    def drop(self, enterprise: str, hold: str) -> None:
        self._by_enterprise.get(enterprise, {}).pop(hold, None)


@dataclass(slots=True)
class Intents:
    """The idempotency keys of one answer's results. A result that is held, or being held, is not held again."""

    answer: str
    held: dict[int, str] = field(default_factory=dict)
    _tries: dict[int, int] = field(default_factory=dict)
    _under_way: set[int] = field(default_factory=set)

    def begin(self, number: int, agreement: str = "") -> str | None:
        """The key to hold that result with, by that agreement; None while it is being held, or is."""
        if number in self.held or number in self._under_way:
            return None
        self._under_way.add(number)
        return f"hold-{self.answer}-{number}-{self._tries.get(number, 0)}{agreement and f'-{agreement}'}"

    def done(self, number: int, hold: str) -> None:
        self._under_way.discard(number)
        self.held[number] = hold

    def failed(self, number: int, *, known: bool) -> None:
        """It came to nothing. Unless that is `known`, the next try is the same intent: this may have gone through."""
        self._under_way.discard(number)
        if known:
            self._tries[number] = self._tries.get(number, 0) + 1

    def over(self, hold: str) -> None:
        """The hold is no more: who wants it again means it anew."""
        for number in [number for number, one in self.held.items() if one == hold]:
            del self.held[number]
            self._tries[number] = self._tries.get(number, 0) + 1


def wish(found: Found, pieces: str = "", agreement: str | None = None) -> HoldRequest:
    """The hold of a result: of the very machine that was shown, at the price that was shown, or an agreement's."""
    return HoldRequest(
        service_id=found.service_id,
        machine_id=found.machine_id,
        start=found.start,
        end=found.end,
        quantity=found.quantity,
        agreement_id=agreement,
        work_quantity=int(pieces) if pieces.isdecimal() else None,
    )


@dataclass(frozen=True, slots=True)
class Whole:
    """A result of several pieces, which is not held but booked at once as a bundle; `answer`: of which search.

    `covers`: the agreements by which it can be called off.
    """

    found: Found
    answer: str
    covers: tuple[Cover, ...] = ()


Target = Hold | Whole
"""What an order can be written for."""


def order_key(target: Target, request: BookingRequest | BundleRequest) -> str:
    """The same order of the same thing is the same intent, from whatever tab it comes: it is booked once."""
    body = hashlib.sha256(request.model_dump_json().encode()).hexdigest()[:16]
    return f"book-{target.answer if isinstance(target, Whole) else target.id}-{body}"


def order(target: Target, typed: Mapping[str, str]) -> BookingRequest | BundleRequest | dict[str, str]:
    """What was typed into the form, or by field the entry of the dictionary that says what is wrong."""
    faults: dict[str, str] = {}
    master, quantity = typed.get("work_master", "").strip(), typed.get("pieces", "").strip()
    if not master:
        faults["work_master"] = "market.fault.needed"
    if not quantity.isdecimal() or not 1 <= int(quantity) <= 1_000_000:
        faults["pieces"] = "market.fault.whole"
    documents = _documents(typed, faults)
    legs = len(target.found.pieces) if isinstance(target, Whole) else 1
    if "pieces" not in faults and int(quantity) < legs:
        faults["pieces"] = "market.fault.legs"
    price = target.found.price if isinstance(target, Whole) else target.price
    healing = _healing(price, typed, faults)
    if faults:
        return faults
    try:
        work = Work(
            work_master=master,
            quantity=int(quantity),
            material=typed.get("material", "").strip() or None,
            documents=documents,
        )
    except ValidationError:
        return {"work_master": "market.fault.value"}
    if isinstance(target, Whole):
        more = {"healing": healing, "agreement_id": _agreement(target, typed)}
        whole = bundle_of(target.found, work)
        return BundleRequest(legs=tuple(leg.model_copy(update=more) for leg in whole.legs))
    return BookingRequest(hold_id=target.id, work=work, healing=healing)


def _agreement(target: Whole, typed: Mapping[str, str]) -> str | None:
    """The agreement that was chosen, if it is one of those that were offered."""
    chosen = typed.get("agreement", "")
    return chosen if chosen in {cover.agreement.id for cover in target.covers} else None


def _documents(typed: Mapping[str, str], faults: dict[str, str]) -> tuple[Document, ...]:
    found = []
    for number in range(DOCUMENTS):
        name, href, sha256 = (typed.get(f"{part}{number}", "").strip() for part in ("name", "href", "sha256"))
        if not (name or href or sha256):
            continue
        if not name or not href:
            faults[f"name{number}"] = "market.fault.document"
        elif not _HASH.fullmatch(sha256.lower()):
            faults[f"sha256{number}"] = "market.fault.hash"
        else:
            found.append(Document(name=name, href=href, sha256=sha256.lower()))
    return tuple(found)


def _healing(price: Money, typed: Mapping[str, str], faults: dict[str, str]) -> Healing | None:
    if not typed.get("healing"):
        return None
    most = typed.get("most", "").strip().replace(",", ".")
    if not most:
        return Healing(consent=True)
    try:
        return Healing(consent=True, max_price=Money(amount=Decimal(most), currency=price.currency))
    except (InvalidOperation, ValidationError):
        faults["most"] = "market.fault.money"
        return None
