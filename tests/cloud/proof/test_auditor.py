"""The auditor cries over what is wrong, and not over what a plant says late."""

import asyncpg
from api_market import START, Market, at, booking, piece

from cloud.booking.audit import audit


async def test_hours_given_back_after_they_are_past_leave_no_fault(market: Market) -> None:
    """A statement that was long on its way says anew what was offered while nobody could be told."""
    service_id, machine_id = await market.offer()
    booked = await market.clients["buyer"].book(booking(service_id, 1, 2))
    await _says(market, machine_id, 2, at(0.5))
    flagged = await market.owner.fetchval("SELECT at_risk FROM claim WHERE id = $1", booked.id)
    assert flagged
    await _says(market, machine_id, 3, at(3), piece(0, 48))
    assert await audit(market.owner) == []


async def _says(market: Market, machine_id: str, version: int, now: object, *pieces: dict[str, object]) -> None:
    said = {
        "v": 1,
        "kind": "statement",
        "machine": "m",
        "version": version + 100,
        "issued_at": START.isoformat(),
        "valid_until": at(24).isoformat(),
        "start": START.isoformat(),
        "end": at(400).isoformat(),
        "spans": list(pieces),
    }
    pool: asyncpg.Pool = market.ingest
    await pool.fetchval("SELECT ts_apply_statement($1, $2, $3)", machine_id, said, now)
