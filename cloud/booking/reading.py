"""The SQL that reads holds and bookings: each side sees its own, and no more of the other than the claim itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

import asyncpg

from cloud.api.paging import Ask
from cloud.booking.bundle import Bundle
from cloud.booking.model import State
from cloud.booking.wire import Booking, Cancellation, Entered, Hold
from cloud.settlement.wire import Settlement
from gateway.money import Money

_COLUMNS = """id, state, service_id, machine_id, provider_id, booker_id, hold_id, agreement_id, quote_id,
    lower(span) AS start, upper(span) AS "end", quantity, work, price_amount, price_currency, unit_price, chance,
    at_risk, at_risk_reason, meter, settlement, revision, cancel_asked_at, free_until, cancel_share, cancel_fee,
    late_price, created_at, updated_at,
    CASE WHEN state = 'REQUESTED' THEN expires_at END AS expires_at, """ + ", ".join(
    f"CASE WHEN booker_id = $1 THEN {name} END AS {name}"
    for name in ("bundle_id", "healing", "proposal", "heals", "healed_by")
)
"""What both sides see of a booking; and, after that, what is for its booker alone."""
_BOOKING = f"""SELECT {_COLUMNS} FROM claim
  WHERE id = $2 AND id LIKE 'bkg\\_%' AND (booker_id = $1 OR provider_id = $1)"""  # noqa: S608 - our own names
_BOOKINGS = f"""SELECT {_COLUMNS} FROM claim
  WHERE id LIKE 'bkg\\_%' AND (booker_id = $1 OR provider_id = $1) AND (created_at, id) > ($2, $3)
    AND ($5::text IS NULL OR state = $5) AND ($6::text IS NULL OR machine_id = $6)
    AND ($7::tstzrange IS NULL OR span && $7)
    AND ($8::text IS NULL OR CASE $8 WHEN 'booker' THEN booker_id ELSE provider_id END = $1)
    AND ($9::boolean IS NULL OR at_risk = $9)
  ORDER BY created_at, id LIMIT $4"""  # noqa: S608 - likewise
_LEGS = f"SELECT {_COLUMNS} FROM claim WHERE bundle_id = $2 AND booker_id = $1 ORDER BY seq"  # noqa: S608 - likewise
_BUNDLE = "SELECT id, whole, created_at FROM bundle WHERE id = $2 AND booker_id = $1"
_HISTORY = """SELECT claim_id, state, at, reason FROM claim_history WHERE claim_id = ANY($1)
  ORDER BY claim_id, seq"""
_HOLD = """SELECT id, state, service_id, machine_id, lower(span) AS start, upper(span) AS "end", quantity, price_amount,
    price_currency, unit_price, nullif(units, 0) AS work_quantity, chance, agreement_id, expires_at
  FROM claim WHERE id = $2 AND id LIKE 'hld\\_%' AND booker_id = $1"""


@dataclass(frozen=True, slots=True)
class Only:
    """Which bookings are asked for: in a state, of a machine, touching [start, end); None where it does not matter.

    `role`: those that the enterprise made, or those that it provides.
    """

    state: State | None = None
    machine_id: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    role: Literal["booker", "provider"] | None = None
    at_risk: bool | None = None


async def booking(rows: asyncpg.Connection, tenant: str, identity: str) -> Booking | None:
    """The booking with its history, where the tenant is its booker or its provider."""
    row = await rows.fetchrow(_BOOKING, tenant, identity)
    return (await _complete(rows, tenant, [row]))[0] if row else None


async def bundle(rows: asyncpg.Connection, tenant: str, identity: str) -> Bundle | None:
    """The bundle with its legs in the order in which they were asked for, where the tenant is its booker."""
    row = await rows.fetchrow(_BUNDLE, tenant, identity)
    if row is None:
        return None
    legs = await rows.fetch(_LEGS, tenant, identity)
    return Bundle.model_validate({**dict(row), "bookings": await _complete(rows, tenant, legs)})


async def bookings(rows: asyncpg.Connection, tenant: str, ask: Ask, only: Only) -> list[Booking]:
    """At most `ask.limit` + 1 bookings, oldest first."""
    window = asyncpg.Range(only.start, only.end) if only.start or only.end else None
    which = (only.state, only.machine_id, window, only.role, only.at_risk)
    found = await rows.fetch(_BOOKINGS, tenant, ask.moment, ask.id, ask.limit + 1, *which)
    return await _complete(rows, tenant, found)


async def hold(rows: asyncpg.Connection, tenant: str, identity: str) -> Hold | None:
    """A hold is its booker's alone to see."""
    row = await rows.fetchrow(_HOLD, tenant, identity)
    return Hold.model_validate(_priced(row)) if row else None


async def _complete(rows: asyncpg.Connection, tenant: str, found: Sequence[asyncpg.Record]) -> list[Booking]:
    """The bookings with what other tables know of them: their histories, and the names of both sides."""
    history: dict[str, list[Entered]] = {row["id"]: [] for row in found}
    for row in await rows.fetch(_HISTORY, list(history)):
        history[row["claim_id"]].append(Entered(state=row["state"], at=row["at"], reason=row["reason"]))
    sides = {row[side] for row in found for side in ("provider_id", "booker_id")}
    names = dict(await rows.fetch("SELECT id, name FROM ts_names($1, $2)", tenant, list(sides)))
    return [
        Booking.model_validate(
            {
                **_priced(row),
                "role": role(tenant, row["booker_id"]),
                "provider_name": names.get(row["provider_id"]),
                "booker_name": names.get(row["booker_id"]),
                "history": history[row["id"]],
            }
        )
        for row in found
    ]


def role(tenant: str, booker_id: str) -> str:
    """On which side of the booking the tenant stands."""
    return "booker" if tenant == booker_id else "provider"


def cancellation(
    price: Money, free_until: datetime | None, share: float, charged: Decimal | None
) -> Cancellation | None:
    """What calling off costs, as a share of `price`; None where it never costs anything."""
    if not share or free_until is None:
        return None
    told = Money(amount=charged, currency=price.currency) if charged is not None else None
    return Cancellation(free_until=free_until, fee=price.times(Decimal(str(share))), charged=told)


def _priced(row: asyncpg.Record) -> dict[str, object]:
    value = dict(row)
    price = Money(amount=value.pop("price_amount"), currency=value.pop("price_currency"))
    if "settlement" in value:
        value["settlement"] = Settlement.of(value["settlement"], price.currency)
    if "cancel_share" in value:
        terms = (value.pop("free_until"), float(value.pop("cancel_share")), value.pop("cancel_fee"))
        of = Money(amount=value.pop("late_price") or price.amount, currency=price.currency)
        value["cancellation"] = cancellation(of, *terms)
    each = value.pop("unit_price")
    return {**value, "price": price, "unit_price": Money(amount=each, currency=price.currency) if each else None}
