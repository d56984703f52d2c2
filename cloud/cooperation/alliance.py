"""Alliances as they cross the API's border: members with their shares, the pool, and what it earned."""

from collections.abc import Iterable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cloud.booking.wire import Text
from cloud.cooperation.states import AllianceState, MemberState
from cloud.registry.model import Id, Label, Wire
from gateway.capacity import CapacityKind
from gateway.machine import ItemState
from gateway.money import Money

MOST_MEMBERS = 50

Shows = Annotated[
    Literal["services", "capacity", "states"],
    Field(description="what the others see of one's pooled services: their terms; free hours too; machine states too"),
]
Share = Annotated[float, Field(ge=0, le=1, description="of what the pool earns, by millionths")]


class Seat(Wire):
    """A member that is asked, and its share."""

    id: Id
    share: Share


class AllianceRequest(Wire):
    """An alliance to be founded. The members, the founder among them, have shares that make 1; each must join."""

    name: Label
    members: Annotated[tuple[Seat, ...], Field(min_length=2, max_length=MOST_MEMBERS)]
    shows: Shows = "services"
    note: Text | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if abs(sum(seat.share for seat in self.members) - 1) > 1e-6:
            msg = "the members' shares do not make 1"
            raise ValueError(msg)
        if len({seat.id for seat in self.members}) < len(self.members):
            msg = "members names an enterprise twice"
            raise ValueError(msg)
        return self


class JoinRequest(Wire):
    """Joins on the shares as they are; or, having joined, shows more or less."""

    shows: Shows = "services"


class Member(Wire):
    """An enterprise in an alliance."""

    id: str
    name: str
    state: MemberState
    share: float
    shows: Shows


class Alliance(Wire):
    """An alliance, for its members alone; `mine` is the caller's own standing. ACTIVE once all have joined."""

    id: str
    name: str
    state: AllianceState
    mine: MemberState
    founder_id: str
    members: tuple[Member, ...]
    note: str | None
    reason: str | None
    created_at: datetime
    updated_at: datetime


class PooledMachine(Wire):
    """A machine behind a pooled service, and what it does."""

    name: str
    state: ItemState | None
    since: datetime | None


class PooledService(Wire):
    """A service that all members may book. `free_hours` (hours times quantity), `machines`: as its provider shows."""

    service_id: str
    service_name: str
    provider_id: str
    provider_name: str
    kind: CapacityKind
    process: str | None
    price: Money
    instant: bool
    free_hours: float | None
    machines: tuple[PooledMachine, ...] | None


class Pool(Wire):
    """What an alliance has in common; free hours are those in [start, end)."""

    start: datetime
    end: datetime
    items: tuple[PooledService, ...]


class Part(Wire):
    """A member's part of what the pool earned: `earned` by its own services, `due` by its share of all.

    `balance` is due minus earned: what it gets from the others, or, below nothing, gives.
    """

    enterprise_id: str
    enterprise_name: str
    share: float
    bookings: int
    open: Annotated[int, Field(description="of them not settled yet: counted with what is due by the meter")]
    earned: Money
    due: Money
    balance: Money


class Revenue(Wire):
    """What the pool earned from bookings whose hours ended in [start, end), split by the members' shares."""

    start: datetime
    end: datetime
    items: tuple[Part, ...]


def split(total: Decimal, shares: Iterable[float]) -> list[Decimal]:
    """The total by shares, in cents that add up to it: the rest of rounding goes to the largest remainders."""
    cent = Decimal("0.01")
    exact = [total * Decimal(str(share)) for share in shares]
    parts = [one.quantize(cent, ROUND_HALF_UP) for one in exact]
    off = int((total - sum(parts)) / cent)
    order = sorted(range(len(parts)), key=lambda place: exact[place] - parts[place], reverse=off > 0)
    for place in order[: abs(off)]:
        parts[place] += cent if off > 0 else -cent
    return parts
