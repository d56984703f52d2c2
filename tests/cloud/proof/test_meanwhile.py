"""What happens to a booking while somebody waits for its machine's guard: nobody acts on what he saw before that."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
from api_market import START, Market, at, booking, piece, until

from cloud.booking.audit import audit
from cloud.booking.heal import heal
from cloud.booking.wire import Amendment, Healing
from cloud.client import ApiError
from gateway.money import Money

SOON = timedelta(0)


@asynccontextmanager
async def guarded(market: Market, machine_id: str) -> AsyncIterator[asyncpg.Connection]:
    """Keeps the machine's guard, as any call does that is under way; what is done inside is done by then."""
    async with market.owner.acquire() as connection, connection.transaction():
        await connection.execute("SELECT ts_lock_machines(ARRAY[$1])", machine_id)
        yield connection


async def waits_for_a_lock(market: Market) -> None:
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        " AND query ~ 'ts_(heal|accept)'"
    )
    await until(lambda: market.owner.fetchval(query), within=30)


async def a_round(market: Market, now: datetime) -> int:
    return await heal(market.ingest, now, START - timedelta(hours=1), SOON, SOON)


async def in_trouble(market: Market, consent: bool, **elsewhere: Any) -> tuple[str, str, str]:
    """A booking from 10 to 12 whose hours were taken back, its machine, and the other plant's service."""
    service_id, machine_id = await market.offer("maker")
    other, _ = await market.offer("rival", **elsewhere)
    healing = Healing(consent=consent, max_price=Money(amount="1000", currency="EUR"))
    booked = await market.clients["buyer"].book(booking(service_id, 10, 12, healing=healing))
    await market.states(machine_id)
    return booked.id, machine_id, other


async def test_a_booking_that_is_amended_meanwhile_is_not_moved_against_the_other_plants_terms(market: Market) -> None:
    booking_id, machine_id, _ = await in_trouble(market, consent=True, min_duration=timedelta(hours=2))
    async with guarded(market, machine_id) as connection:
        healing = asyncio.create_task(a_round(market, at(1)))
        await waits_for_a_lock(market)
        shorter = (market.id("buyer"), None, None, booking_id, None, at(11), None, None, at(1), None)
        await connection.fetchval("SELECT ts_amend($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)", *shorter)
    await healing
    await a_round(market, at(1))
    amended = await market.clients["buyer"].booking(booking_id)
    assert (amended.end, amended.healed_by) == (at(11), None), "an hour is too short for the other plant"
    assert await audit(market.owner) == []


async def test_a_booking_that_is_not_touched_meanwhile_is_moved(market: Market) -> None:
    booking_id, machine_id, _ = await in_trouble(market, consent=True, min_duration=timedelta(hours=2))
    async with guarded(market, machine_id):
        healing = asyncio.create_task(a_round(market, at(1)))
        await waits_for_a_lock(market)
    assert await healing == 1
    assert (await market.clients["buyer"].booking(booking_id)).state == "DISPLACED"


async def test_a_proposal_that_is_replaced_meanwhile_is_not_taken_on_a_machine_without_its_guard(
    market: Market,
) -> None:
    booking_id, machine_id, _ = await in_trouble(market, consent=False)
    await market.enterprise("third")
    third, third_machine = await market.offer("third")
    await a_round(market, at(0.5))
    async with guarded(market, machine_id) as connection:
        accepting = asyncio.create_task(market.clients["buyer"].accept(booking_id))
        await waits_for_a_lock(market)
        other = {"service_id": third, "machine_id": third_machine, "provider_id": market.id("third")}
        await connection.execute("UPDATE claim SET proposal = proposal || $2 WHERE id = $1", booking_id, other)
    with pytest.raises(ApiError) as caught:
        await accepting
    assert caught.value.code == "proposal.gone"
    taken = await market.clients["buyer"].accept(booking_id)
    assert taken.machine_id == third_machine


async def test_an_amendment_that_waited_is_decided_by_what_is_left_then(market: Market) -> None:
    service_id, _ = await market.offer("maker", piece(10, 14))
    buyer = market.clients["buyer"]
    booked = await buyer.book(booking(service_id, 10, 11))
    amending, rivals = await asyncio.gather(
        buyer.amend(booked.id, Amendment(end=at(13))),
        market.clients["rival"].book(booking(service_id, 12, 14)),
        return_exceptions=True,
    )
    assert isinstance(amending, ApiError) != isinstance(rivals, ApiError)
    assert await audit(market.owner) == []
