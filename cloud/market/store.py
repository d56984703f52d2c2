"""The one query of search, and how its rows become candidates."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg

from cloud.db import reaching
from cloud.market.left import Offered, Taking, steps
from cloud.market.match import Candidate
from cloud.market.model import SearchRequest
from cloud.market.quote import PriceBand
from gateway.capacity import Confidence
from gateway.money import Money

AT_ONCE = 100
"""Services and machines that one query opens the offers of."""
MOST = 5000
"""Those that one search walks over, the cheapest first; most of them are passed by."""
NEAR = 60
"""Of those that do not do, the cheapest are asked why."""
BEYOND = timedelta(days=14)
"""How far past the window a near miss may look for a span that would do."""

SEARCH = """SELECT * FROM ts_search(
  ROW($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, NULL)::ts_ask, $16, $17, $18, $19, $20)"""

_HALF_A_CENT = Decimal("0.005")


@dataclass(frozen=True, slots=True)
class Page:
    """Candidates, the cheapest first; `complete`: there are no others."""

    candidates: list[Candidate]
    complete: bool


async def candidates(  # noqa: PLR0913, PLR0917 - who asks what, and which part of the answer
    pool: asyncpg.Pool, tenant: str, request: SearchRequest, now: datetime, skip: int, count: int
) -> Page:
    """What the tenant may see and likely does, with what is left after all claims; one round trip.

    At most `count` of them, after the first `skip`.
    """
    return await _page(pool, tenant, request, now, (True, timedelta(0), skip, min(count, AT_ONCE), MOST))


async def neighbours(pool: asyncpg.Pool, tenant: str, request: SearchRequest, now: datetime) -> Page:
    """The cheapest of all that the tenant may see of this kind at this place, whether it does or not."""
    return await _page(pool, tenant, request, now, (False, BEYOND, 0, NEAR, NEAR))


async def _page(pool: asyncpg.Pool, tenant: str, request: SearchRequest, now: datetime, how: Sequence[object]) -> Page:
    async with reaching():
        rows = await pool.fetch(SEARCH, tenant, now, *_ask(request, now), *how)
    found = [_candidate(row, request.quantity) for row in rows if row["service_id"]]
    return Page(found, rows[0]["complete"])


def _ask(request: SearchRequest, now: datetime) -> tuple[object, ...]:
    """From `start` on: the members of ts_ask."""
    near, limit = request.near, request.max_price
    duration = request.duration or request.window.duration
    return (
        *(max(request.start, now), max(request.end, now), duration),
        *(request.kind, request.process, request.quantity, request.min_confidence),
        *((limit.currency, _rate(limit, duration, request.quantity)) if limit else (None, None)),
        request.service_id,
        *((near.latitude, near.longitude, near.km) if near else (None, None, None)),
    )


def _rate(limit: Money, duration: timedelta, quantity: int) -> Decimal:
    """The most per hour and unit at which all of it, rounded to cents, may cost no more than the limit."""
    return (limit.amount + _HALF_A_CENT) / (Decimal(duration // timedelta(microseconds=1)) / 3_600_000_000 * quantity)


def _candidate(row: asyncpg.Record, quantity: int) -> Candidate:
    currency = row["price_currency"]
    return Candidate(
        service_id=row["service_id"],
        service_name=row["service_name"],
        provider_id=row["provider_id"],
        provider_name=row["provider_name"],
        machine_id=row["machine_id"],
        instant=row["instant"],
        rate=Money(amount=row["price_amount"], currency=currency),
        setup_fee=Money(amount=row["setup_fee_amount"], currency=currency),
        notice=row["notice"],
        min_duration=row["min_duration"],
        max_duration=row["max_duration"],
        min_confidence=Confidence(row["min_confidence"]),
        valid_until=row["valid_until"],
        last_receipt_at=row["last_receipt_at"],
        km=row["km"],
        steps=steps(_offer(row), _takings(row), row["units"], quantity),
        bands=tuple(_band(band) for band in row["price_bands"]),
        zone=ZoneInfo(row["zone"]),
        latitude=row["latitude"],
        longitude=row["longitude"],
    )


def _offer(row: asyncpg.Record) -> Iterator[Offered]:
    columns = (row[name] or () for name in ("starts", "ends", "quantities", "confidences", "chances", "fadings"))
    return map(Offered, *columns)


def _takings(row: asyncpg.Record) -> list[Taking]:
    return list(map(Taking, row["taken_from"] or (), row["taken_until"] or (), row["taken"] or ()))


def _band(kept: Mapping[str, Any]) -> PriceBand:
    least, most = Confidence(kept["least"]), Confidence(kept["most"])
    return PriceBand(Decimal(kept["price"]), least, most, frozenset(kept["days"]), kept["start"], kept["end"])
