"""What a claim is, the one table of its states and moves, and the answers that booking gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from cloud.errors import IllegalMove
from gateway.money import Money
from gateway.span import Span


class State(StrEnum):
    """Where a claim stands. A hold (`hld_`) is HELD and ends CONSUMED, when its booking (`bkg_`) takes its place."""

    HELD = "HELD"
    CONSUMED = "CONSUMED"
    REQUESTED = "REQUESTED"
    CONFIRMED = "CONFIRMED"
    DISPATCHED = "DISPATCHED"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    METERED = "METERED"
    SETTLED = "SETTLED"
    EXPIRED = "EXPIRED"
    DECLINED = "DECLINED"
    CANCELLED = "CANCELLED"
    DISPLACED = "DISPLACED"
    UNDELIVERABLE = "UNDELIVERABLE"
    NO_SHOW = "NO_SHOW"
    ABORTED = "ABORTED"
    DISPUTED = "DISPUTED"


S = State

TRANSITIONS: Mapping[State, frozenset[State]] = {
    S.HELD: frozenset({S.CONSUMED, S.EXPIRED, S.CANCELLED}),
    S.REQUESTED: frozenset({S.CONFIRMED, S.DECLINED, S.EXPIRED, S.CANCELLED}),
    S.CONFIRMED: frozenset({S.DISPATCHED, S.CANCELLED, S.DISPLACED, S.UNDELIVERABLE, S.DECLINED}),
    S.DISPATCHED: frozenset(
        {
            S.CONFIRMED,
            S.RUNNING,
            S.COMPLETED,
            S.CANCELLED,
            S.DISPLACED,
            S.UNDELIVERABLE,
            S.NO_SHOW,
            S.ABORTED,
            S.DECLINED,
        }
    ),
    S.RUNNING: frozenset({S.COMPLETED, S.ABORTED}),
    S.COMPLETED: frozenset({S.METERED}),
    S.ABORTED: frozenset({S.METERED}),
    S.NO_SHOW: frozenset({S.METERED}),
    S.METERED: frozenset({S.SETTLED, S.DISPUTED}),
    S.DISPUTED: frozenset({S.SETTLED}),
    S.CONSUMED: frozenset(),
    S.SETTLED: frozenset(),
    S.EXPIRED: frozenset(),
    S.DECLINED: frozenset(),
    S.CANCELLED: frozenset({S.METERED}),
    S.DISPLACED: frozenset(),
    S.UNDELIVERABLE: frozenset(),
}
"""Every legal move. DISPATCHED means that the edge accepted the order; METERED carries its outcome in the meter. From
DISPATCHED back to CONFIRMED goes a booking that was amended: its new order awaits an answer of its own.

A running job is only ended by its plant. One that was cancelled before its start was told, but ran, is metered too.
"""

INITIAL = frozenset({S.HELD, S.REQUESTED, S.CONFIRMED})
"""The states in which a claim may be born."""

LIVE = frozenset({S.HELD, S.REQUESTED, S.CONFIRMED, S.DISPATCHED, S.RUNNING})
"""The states in which a claim takes its quantity over its span."""


def move(current: State, target: State) -> State:
    """The target, where the table allows the step. Raises IllegalMove otherwise."""
    if target not in TRANSITIONS[current]:
        allowed = ", ".join(sorted(TRANSITIONS[current])) or "nothing: it is final"
        msg = f"a claim can't go from {current} to {target}; from {current} it may go to {allowed}"
        raise IllegalMove(msg)
    return target


@dataclass(frozen=True, slots=True)
class Claim:
    """A hold, a request or a booking, as the registry has it. What has no type of its own here is a JSON value.

    `chance`: that all of the span is idle, as it was quoted.
    """

    id: str
    state: State
    machine_id: str
    service_id: str
    provider_id: str
    booker_id: str
    span: Span
    quantity: int
    price: Money
    unit_price: Money | None
    work_quantity: int
    chance: float | None
    work: Mapping[str, Any] | None
    hold_id: str | None
    bundle_id: str | None
    agreement_id: str | None
    quote_id: str | None
    expires_at: datetime | None
    revision: int
    at_risk: bool
    at_risk_reason: str | None
    free_until: datetime | None
    cancel_share: float
    cancel_fee: Decimal | None
    healing: Mapping[str, Any] | None
    heals: str | None
    healed_by: str | None
    proposal: Mapping[str, Any] | None
    meter: Mapping[str, Any] | None
    settlement: Mapping[str, Any] | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Claim":
        """The claim that the JSON of ts_claim_json describes."""
        same = {name: told[name] for name in _SAME}
        return cls(
            state=State(told["state"]),
            span=Span(_time(told["start"]), _time(told["end"])),
            price=Money(amount=Decimal(told["price"]["amount"]), currency=told["price"]["currency"]),
            unit_price=Money.model_validate(told["unit_price"]) if told["unit_price"] else None,
            chance=told.get("chance"),
            expires_at=_time(told["expires_at"]) if told["expires_at"] else None,
            free_until=_time(told["free_until"]) if told["free_until"] else None,
            cancel_share=float(told["cancel_share"]),
            cancel_fee=Decimal(told["cancel_fee"]) if told["cancel_fee"] else None,
            created_at=_time(told["created_at"]),
            updated_at=_time(told["updated_at"]),
            **same,
        )

    def role(self, enterprise_id: str) -> Literal["booker", "provider"]:
        """On which side of the claim the enterprise stands; who books with itself is its booker."""
        return "booker" if self.booker_id == enterprise_id else "provider"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The registry did what was asked; `replayed` if it had done so before, for the same idempotency key."""

    claim: Claim
    status: int
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The registry did nothing, and says why: a stable code, an HTTP status, and the facts behind it as JSON values."""

    code: str
    status: int
    facts: Mapping[str, Any]


Answer = Accepted | Refused


@dataclass(frozen=True, slots=True)
class Together:
    """The claims of a bundle, and the legs (by their place from 0) that were not booked, with their refusals."""

    id: str
    whole: bool
    created_at: datetime
    claims: tuple[Claim, ...]
    missed: tuple[tuple[int, Refused], ...] = ()


_SAME = (
    "id",
    "work_quantity",
    "machine_id",
    "service_id",
    "provider_id",
    "booker_id",
    "quantity",
    "work",
    "hold_id",
    "bundle_id",
    "agreement_id",
    "quote_id",
    "revision",
    "at_risk",
    "at_risk_reason",
    "healing",
    "heals",
    "healed_by",
    "proposal",
    "meter",
    "settlement",
)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
