"""How long a search takes tells nothing of what the caller may not see: it does not even pass it by.

Counted first, in rows that PostgreSQL fetched: the same number, to the row. Then by the clock, without a bound that a
slow machine could break: searches among many hidden services and among none take turns, and nobody can tell the ones
from the others by their time. Each control plants the leak, a walk that passes hidden services by, and finds it.
"""

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg
import pytest
from api_market import Market, at, piece

from cloud.market import store
from cloud.market.model import SearchRequest

HOUR = timedelta(hours=1)
MANY = 1000
FETCHED = "SELECT sum(coalesce(idx_tup_fetch, 0) + coalesce(seq_tup_read, 0))::bigint FROM pg_stat_xact_user_tables"
LIKE = """
INSERT INTO {table} SELECT (jsonb_populate_record(t, jsonb_build_object(
  'id', $1 || $2 || n, 'service_id', $1 || $2 || n, 'name', $1 || $2 || n, 'visibility', $2::text, 'partner_id',
  $3::text, 'price_amount', 1, 'least_price', 1))).*
FROM {table} t, generate_series(1, $4::int) AS n WHERE t.{column} = $1
"""
PASSES_BY = """SELECT l.* FROM listing l WHERE l.process = ($1::ts_ask).processes[1] AND ts_is_asked(l, $1)
  ORDER BY price_currency, least_price, service_id, position, machine_id LIMIT 100"""
"""The planted leak: hidden services are fetched, looked at, and left out."""
PLANTED = "CREATE INDEX planted ON listing (process, price_currency, least_price, service_id, position, machine_id)"


@pytest.fixture
async def crowd(market: Market) -> str:
    """A few open services of one process on one machine, over which everybody searches; the id of one of them."""
    service_id, machine_id = await market.offer("maker", piece(0, 48), process="3.2.3")
    for number in range(5):
        await market.service("maker", machine_id, name=f"open {number}", process="3.2.3", amount="61.00")
    other = await market.service("maker", machine_id, name="of another process", process="3.2.1")
    await hide(market, other, "open", 2 * MANY)
    await market.owner.execute("ANALYZE listing")
    return service_id


async def hide(market: Market, like: str, visibility: str, number: int, partner: str | None = None) -> None:
    """So many services, cheaper than all that are open."""
    async with market.owner.acquire() as connection, connection.transaction():
        # A trigger lists each service by itself: here they are listed as it would, all at once.
        await connection.execute("SET LOCAL session_replication_role = replica")
        for table, column in (("service", "id"), ("service_machine", "service_id"), ("listing", "service_id")):
            await connection.execute(LIKE.format(table=table, column=column), like, visibility, partner, number)


def asks(process: str = "3.2.3") -> SearchRequest:
    return SearchRequest(start=at(8), end=at(40), duration=HOUR, process=process)


async def fetched(market: Market, who: str, how: tuple[object, ...], *, loose: bool = False) -> int:
    """Rows that the database fetched for one search, of whichever table."""
    async with market.owner.acquire() as connection, connection.transaction():
        before = await connection.fetchval(FETCHED)
        await connection.fetch(store.SEARCH, market.id(who), at(1), *store._ask(asks(), at(1), loose=loose), *how)
        after = await connection.fetchval(FETCHED)
    return int(after - before)


async def works(market: Market, who: str) -> list[int]:
    """Of the search itself, of its near misses, and of those that lack one thing."""
    return [
        await fetched(market, who, (True, timedelta(0), 0, store.AT_ONCE, store.MOST)),
        await fetched(market, who, (False, store.BEYOND, 0, store.NEAR, store.NEAR)),
        await fetched(market, who, (True, timedelta(0), 0, store.KINDRED, store.KINDRED * 10), loose=True),
    ]


Secret = Callable[[Market, str], Awaitable[None]]


async def internal_ones(market: Market, like: str) -> None:
    await hide(market, like, "internal", MANY)


async def ones_for_partners(market: Market, like: str) -> None:
    await market.clients["maker"].add_partner(market.id("buyer"))
    await hide(market, like, "partners", MANY)


async def ones_for_one_partner(market: Market, like: str) -> None:
    await market.clients["maker"].add_partner(market.id("buyer"))
    await hide(market, like, "partner", MANY, market.id("buyer"))


@pytest.mark.parametrize(
    "secret", [internal_ones, ones_for_partners, ones_for_one_partner], ids=lambda one: one.__name__
)
async def test_a_search_fetches_no_row_of_what_the_caller_may_not_see(
    market: Market, crowd: str, secret: Secret
) -> None:
    before = await works(market, "rival")
    await secret(market, crowd)
    assert await works(market, "rival") == before


async def test_nor_of_what_a_partner_of_somebody_else_may_not_see(market: Market, crowd: str) -> None:
    """Who is a partner sees what is for partners, and passes by neither what is internal nor what is for another."""
    maker = market.clients["maker"]
    for who in ("rival", "buyer"):
        await maker.add_partner(market.id(who))
    await hide(market, crowd, "partners", 10)
    before = await works(market, "rival")
    await hide(market, crowd, "internal", MANY)
    await hide(market, crowd, "partner", MANY, market.id("buyer"))
    assert await works(market, "rival") == before


async def test_control_what_he_may_see_does_cost_him(market: Market, crowd: str) -> None:
    before = await works(market, "rival")
    await hide(market, crowd, "open", MANY)
    assert (await works(market, "rival"))[0] >= before[0] + 100


async def test_control_a_walk_that_passes_hidden_ones_by_is_found(market: Market, crowd: str) -> None:
    async def passing() -> int:
        async with market.owner.acquire() as connection, connection.transaction():
            before = await connection.fetchval(FETCHED)
            await connection.fetch(PASSES_BY.replace("$1", await _asked(connection, market, "3.2.3")))
            return int(await connection.fetchval(FETCHED) - before)

    before = await passing()
    await internal_ones(market, crowd)
    assert await passing() >= before + MANY


async def test_nobody_can_tell_by_the_clock(market: Market, crowd: str) -> None:
    """0.5 is a coin's chance; of forty against forty alike ones, less than 0.2 or more than 0.8 never comes."""
    machine_id = await market.owner.fetchval("SELECT machine_id FROM service_machine WHERE service_id = $1", crowd)
    for number in range(6):
        await market.service("maker", machine_id, name=f"alone {number}", process="3.2.2", amount=f"{61 - number}.00")
    await internal_ones(market, crowd)
    await market.owner.execute("ANALYZE listing")
    async with market.owner.acquire() as connection:
        how = (True, timedelta(0), 0, store.AT_ONCE, store.MOST)

        asked = {process: store._ask(asks(process), at(1), loose=False) for process in ("3.2.2", "3.2.3")}
        naive = {each: PASSES_BY.replace("$1", await _asked(connection, market, each)) for each in asked}

        async def searched(process: str) -> None:
            await connection.fetch(store.SEARCH, market.id("rival"), at(1), *asked[process], *how)

        async def passing(process: str) -> None:
            await connection.fetch(naive[process])

        assert 0.2 < await told_apart(searched) < 0.8
        await connection.execute(PLANTED)
        async with connection.transaction():
            await connection.execute("SET LOCAL enable_seqscan = off")
            assert await told_apart(passing) > 0.9, "the control: those that are passed by take their time"


async def told_apart(search: Callable[[str], Awaitable[None]]) -> float:
    """How often a search among hidden services takes longer than one among none; they take turns.

    Of five in a row the fastest counts: so does whoever probes, for what else the machine does only slows.
    """
    crowded, alone = [], []
    for number in range(45):
        both = [("3.2.3", crowded), ("3.2.2", alone)]
        for process, times in both if number % 2 else reversed(both):
            times.append(min([await _timed(search, process) for _ in range(5)]))
    slower = [one > other for one in crowded[5:] for other in alone[5:]]
    return sum(slower) / len(slower)


async def _timed(search: Callable[[str], Awaitable[None]], process: str) -> float:
    begun = time.perf_counter()
    await search(process)
    return time.perf_counter() - begun


async def _asked(connection: asyncpg.Connection, market: Market, process: str) -> str:
    """A ts_ask as a literal: of all that may be asked for, only who asks and the process."""
    said = "jsonb_build_object('tenant', $1::text, 'processes', ARRAY[$2::text])"
    query = f"SELECT jsonb_populate_record(NULL::ts_ask, {said})::text"
    text = await connection.fetchval(query, market.id("rival"), process)
    return f"'{text}'"
