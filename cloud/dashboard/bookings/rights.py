"""What somebody may do with a booking now: by the side, the state, and what it would cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cloud.booking.model import State
from cloud.booking.wire import Booking
from gateway.money import Money

Deed = Literal["confirm", "decline", "accept", "amend", "cancel", "settle", "dispute"]

DEEDS: Mapping[Deed, str] = {
    "confirm": "provide",
    "decline": "provide",
    "accept": "book",
    "amend": "book",
    "cancel": "book",
    "settle": "book",
    "dispute": "book",
}
"""Each with the scope that it needs, in the order in which buttons stand."""

ALIVE = frozenset({State.REQUESTED, State.CONFIRMED, State.DISPATCHED, State.RUNNING})


def possible(one: Booking) -> tuple[Deed, ...]:
    """What the registry would let this side do, as far as can be seen from here; it has the last word."""
    mine, said = one.role, one.settlement
    provider, booker = mine == "provider", mine == "booker"
    asked = one.state is State.REQUESTED and provider
    alive = one.state in ALIVE and one.cancel_asked_at is None
    told = said is not None and mine in said.accepted
    other = said is not None and said.dispute is not None and said.dispute.by != mine
    open_ = one.state is State.METERED and not told
    holds: Mapping[Deed, bool] = {
        "confirm": asked,
        "decline": asked,
        "accept": booker and one.proposal is not None,
        "amend": booker and alive,
        "cancel": alive and not asked,
        "settle": open_ or (one.state is State.DISPUTED and other and said is not None and _proposes(said.dispute)),
        "dispute": open_ or one.state is State.DISPUTED,
    }
    return tuple(deed for deed in DEEDS if holds[deed])


def _proposes(dispute: object) -> bool:
    return getattr(dispute, "due", None) is not None


@dataclass(frozen=True, slots=True)
class Cost:
    """What calling off costs now; `word`: the entry of the dictionary that says why."""

    word: str
    fee: Money | None = None
    free_until: datetime | None = None


def cost_of_cancelling(one: Booking, now: datetime) -> Cost:
    """By the terms that were agreed when it was booked."""
    if one.role == "provider":
        return Cost("bookings.cost.provider")
    if one.state is State.RUNNING:
        return Cost("bookings.cost.running")
    terms = one.cancellation
    if terms is None or one.state is State.REQUESTED:
        return Cost("bookings.cost.free")
    if now <= terms.free_until:
        return Cost("bookings.cost.still_free", terms.fee, terms.free_until)
    return Cost("bookings.cost.fee", terms.fee, terms.free_until)


def to_accept(one: Booking) -> Money | None:
    """The amount that accepting accepts: what the other side proposes, or what is due by the meter."""
    said = one.settlement
    return (said.dispute.due if said.dispute else said.due) if said else None
