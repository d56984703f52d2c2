"""The one query of search, and how its rows become candidates."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg

from cloud.db import reaching
from cloud.market.match import Candidate, Step
from cloud.market.model import SearchRequest
from cloud.market.quote import PriceBand
from gateway.capacity import Confidence
from gateway.money import Money
from gateway.odds import Odds
from gateway.span import Span

AT_ONCE = 500
"""Services and machines that one query looks at, the cheapest first."""
MOST = 5000
"""Those that one search looks at: it goes on until it has found enough."""
BEYOND = timedelta(days=14)
"""How far past the window a near miss may look for a span that would do."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def candidates(
    pool: asyncpg.Pool, tenant: str, request: SearchRequest, now: datetime, skip: int
) -> list[Candidate]:
    """What the tenant may see and narrowly fits, with what is left after all claims; one round trip.

    At most AT_ONCE of them, the cheapest after the first `skip`.
    """
    near = request.near
    async with reaching():
        rows = await pool.fetch(
            "SELECT * FROM ts_search($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            *(
                tenant,
                now,
                max(request.start, now),
                max(request.end, now) + BEYOND,
                request.kind,
                request.process,
                request.quantity,
            ),
            request.service_id,
            *((near.latitude, near.longitude, near.km) if near else (None, None, None)),
            *(skip, AT_ONCE),
        )
    return [_candidate(row) for row in rows]


def _candidate(row: asyncpg.Record) -> Candidate:
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
        steps=tuple(_step(*step) for step in row["steps"]),
        bands=tuple(_band(band) for band in row["price_bands"]),
        zone=ZoneInfo(row["zone"]),
    )


def _step(start: int, end: int, chance: float, fading: float, *left: int) -> Step:
    one, two, three, four, five = left
    span = Span(_EPOCH + timedelta(microseconds=start), _EPOCH + timedelta(microseconds=end))
    return Step(span, (one, two, three, four, five), Odds(chance, fading))


def _band(kept: Mapping[str, Any]) -> PriceBand:
    least, most = Confidence(kept["least"]), Confidence(kept["most"])
    return PriceBand(Decimal(kept["price"]), least, most, frozenset(kept["days"]), kept["start"], kept["end"])
