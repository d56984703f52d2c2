"""The one query of search, and how its rows become candidates."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg

from cloud.db import reaching
from cloud.market.candidate import Candidate, Skill
from cloud.market.left import Offered, Taking, steps
from cloud.market.model import SearchRequest
from cloud.market.quote import PriceBand
from cloud.registry.capability import fold, rank_of
from cloud.registry.processes import near as kin
from cloud.registry.processes import within
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

KINDRED = 20
"""Of those that could not do it but have the hours, the cheapest are asked what they lack."""
FARTHER = 2.0
"""So many times as far as was asked, a near miss may be."""

SEARCH = """SELECT * FROM ts_search(
  ROW($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
    $25, $26, $27, NULL, NULL)::ts_ask, $28, $29, $30, $31, $32)"""

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
    """The cheapest of all that the tenant may see that can do it at this place, whether they have the hours or not."""
    return await _page(pool, tenant, request, now, (False, BEYOND, 0, NEAR, NEAR))


async def kindred(pool: asyncpg.Pool, tenant: str, request: SearchRequest, now: datetime) -> Page:
    """The cheapest that the tenant may see that likely have the hours, but lack one of what is asked of a service."""
    how = (True, timedelta(0), 0, KINDRED, KINDRED * 10)
    return await _page(pool, tenant, request, now, how, loose=True)


def asks_much(request: SearchRequest) -> bool:
    """Whether anything is asked of a service that it could lack."""
    asked = (
        request.process,
        request.materials,
        request.workpiece,
        request.tolerance,
        request.certificates,
        request.near,
    )
    return any(asked)


async def _page(  # noqa: PLR0913 - who asks what, and which part of the answer
    pool: asyncpg.Pool,
    tenant: str,
    request: SearchRequest,
    now: datetime,
    how: Sequence[object],
    *,
    loose: bool = False,
) -> Page:
    async with reaching():
        rows = await pool.fetch(SEARCH, tenant, now, *_ask(request, now, loose=loose), *how)
    found = [_candidate(row, request.quantity) for row in rows if row["service_id"]]
    return Page(found, rows[0]["complete"])


def _ask(request: SearchRequest, now: datetime, *, loose: bool) -> tuple[object, ...]:
    """From `start` on: the members of ts_ask."""
    near, limit, piece, fine = request.near, request.max_price, request.workpiece, request.tolerance
    whole = request.duration or request.window.duration
    exact = list(within(request.process)) if request.process else None
    wide = [*exact, *kin(request.process)] if loose and exact and request.process else exact
    return (
        *(max(request.start, now), max(request.end, now), request.split.least if request.split else whole, whole),
        *(request.kind, wide, request.quantity, request.min_confidence),
        *((limit.currency, _rate(limit, whole, request.quantity)) if limit else (None, None)),
        request.service_id,
        *((near.latitude, near.longitude, near.km * FARTHER if loose else near.km) if near else (None, None, None)),
        *(list(map(fold, request.materials)) or None, *(piece.edges if piece else (None, None, None))),
        *(piece.mass_kg if piece else None, rank_of(fine.grade) if fine and fine.grade else None),
        *(fine.mm if fine else None, list(map(fold, request.certificates)) or None),
        *(loose, exact, near.km if near else None),
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
        rate=_money(row["price_amount"], currency),
        setup_fee=_money(row["setup_fee_amount"], currency),
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
        unit_price=row["unit_price"],
        skill=_skilled(row),
    )


@lru_cache(maxsize=4096)
def _money(amount: Decimal, currency: str) -> Money:
    """Tariffs are few, and a Money checks its digits whenever it is made."""
    return Money(amount=amount, currency=currency)


def _skilled(row: asyncpg.Record) -> Skill:
    long = row["long_mm"]
    held = row["certificates"]
    return Skill(
        process=row["process"],
        materials=tuple(row["materials"]),
        edges=(long, row["middle_mm"], row["short_mm"]) if long is not None else None,
        mass_kg=row["mass_kg"],
        grade=row["grade"],
        fine_mm=row["fine_mm"],
        certificates=tuple((each["name"], datetime.fromisoformat(each["valid_until"])) for each in held),
    )


def _offer(row: asyncpg.Record) -> Iterator[Offered]:
    columns = (row[name] or () for name in ("starts", "ends", "quantities", "confidences", "chances", "fadings"))
    return map(Offered._make, zip(*columns, strict=True))


def _takings(row: asyncpg.Record) -> list[Taking]:
    return list(map(Taking, row["taken_from"] or (), row["taken_until"] or (), row["taken"] or ()))


def _band(kept: Mapping[str, Any]) -> PriceBand:
    least, most = Confidence(kept["least"]), Confidence(kept["most"])
    return PriceBand(Decimal(kept["price"]), least, most, frozenset(kept["days"]), kept["start"], kept["end"])
