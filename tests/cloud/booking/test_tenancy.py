"""One hour is sold once whoever asks, and nobody sees what is not theirs; a control shows the double sale."""

import asyncio
from itertools import count

import asyncpg
import pytest

from cloud import db
from cloud.booking import store
from cloud.booking.audit import audit
from cloud.booking.model import Accepted, Refused
from cloud.booking.verify import Oversold

MAKER, BUYER, RIVAL = "ent_maker", "ent_buyer", "ent_rival"
PARTIES = (BUYER, RIVAL)


async def race(book):
    """Both ask at the same moment; their answers."""
    gate = asyncio.Event()

    async def run(who):
        await gate.wait()
        return await book(who)

    runners = [asyncio.create_task(run(who)) for who in PARTIES]
    await asyncio.sleep(0)
    gate.set()
    return await asyncio.gather(*runners)


async def test_two_tenants_racing_for_one_hour_get_one_booking(world, hours):
    for hour in range(20):
        answers = await race(lambda who, hour=hour: world.book("svc_a", hours(hour, hour + 1), who=who))
        assert sorted(type(answer).__name__ for answer in answers) == ["Accepted", "Refused"]
        (refused,) = [answer for answer in answers if isinstance(answer, Refused)]
        assert refused.code == "capacity.insufficient"
    assert await audit(world.owner) == []


@pytest.fixture
async def invoker(world):
    """ts_book and all that it calls once more, in a schema of their own and without the SECURITY DEFINER arrangement.

    The API's role may then write what the functions write, under the same row-level security as everywhere.
    """
    rows = await world.owner.fetch(
        "SELECT pg_get_functiondef(oid) AS said FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        " AND proname LIKE 'ts\\_%' AND prorettype <> 'trigger'::regtype"
    )
    async with world.owner.acquire() as connection, connection.transaction():
        await connection.execute("CREATE SCHEMA bare; SET LOCAL check_function_bodies = off")
        await connection.execute("SET LOCAL search_path = bare, public")
        for row in rows:
            said = row["said"].replace("public.ts_", "bare.ts_")
            for part in (" SECURITY DEFINER", " SET search_path TO 'pg_catalog', 'public', 'pg_temp'"):
                said = said.replace(part, "")
            await connection.execute(said)
        await connection.execute(
            "GRANT USAGE ON SCHEMA bare TO ts_api; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA bare TO ts_api;"
            "GRANT EXECUTE ON FUNCTION public.ts_not_after TO ts_api;"  # an index of claim calls it
            "GRANT ALL ON claim, claim_history, ledger, outgoing, event, idempotency, statement, audit, machine_due"
            " TO ts_api"
        )
        # What a sensible author would add: everybody may read what is on offer, and book.
        for table in (
            "machine",
            "service",
            "service_machine",
            "statement",
            "offer_span",
            "outgoing",
            "ledger",
            "event",
            "audit",
            "machine_due",
        ):
            await connection.execute(f"CREATE POLICY everybody ON {table} TO ts_api USING (true) WITH CHECK (true)")

    async def book(who, span, machine="svc_a", ids=count(1)):  # noqa: B008 - one series of ids for all calls
        async with world.api.acquire() as connection, connection.transaction():
            await connection.execute("SELECT set_config('ts.tenant', $1, true)", who)
            await connection.execute("SET LOCAL search_path = bare, public")
            wish = (None, machine, None, span.start, span.end, 1)
            told = await connection.fetchval(
                store.BOOK, who, None, None, f"bkg_bare{next(ids)}", *wish, {"work_master": "m"}, None, world.now, None
            )
        return store.answer(told)

    return book


async def test_control_without_the_definer_arrangement_both_get_the_hour(world, hours, invoker):
    """Each tenant sees its own claims only, so each finds the hour free: the sale that the arrangement prevents.

    The exclusion constraint is the backstop of single machines, so it is taken away here; a pool has none anyway.
    """
    await world.owner.execute("ALTER TABLE claim DROP CONSTRAINT claim_sold_once")
    answers = [await invoker(who, hours(1, 2)) for who in PARTIES]
    assert [type(answer) for answer in answers] == [Accepted, Accepted]
    (fault,) = [fault for fault in await audit(world.owner) if isinstance(fault, Oversold)]
    assert (fault.machine_id, fault.span, fault.sold, fault.has) == ("mch_a", hours(1, 2), 2, 1)


async def test_control_the_backstop_stops_even_the_bare_function_on_a_single_machine(world, hours, invoker):
    assert isinstance(await invoker(BUYER, hours(1, 2)), Accepted)
    with pytest.raises(asyncpg.ExclusionViolationError):
        await invoker(RIVAL, hours(1, 2))


TABLES = (
    "enterprise", "api_key", "partner", "site", "agent", "machine", "service", "service_machine", "statement",
    "offer_span", "claim", "claim_history", "ledger", "idempotency", "event", "outgoing", "link_position", "link_loss",
    "parked", "state_history", "gap", "series", "signal_unit", "sample", "sample_rollup", "state_rollup",
    "ledger_rollup",
)  # fmt: skip


@pytest.fixture
async def full(world, hours):
    """At least one row of the maker's in every table."""
    booked = await world.book("svc_a", hours(1, 2), key="k", body_hash=b"1")
    for statement in (
        "INSERT INTO api_key VALUES ('key_1', 'ent_maker', 'n', 'p', 'h', '{}', $1)",
        "INSERT INTO partner VALUES ('ent_maker', 'ent_maker', $1)",
        "INSERT INTO idempotency VALUES ('ent_maker', 'k', 'x', 201, '{}', $1)",
        "INSERT INTO link_loss (agent_id, leg, stream, epoch, first_seq, last_seq, reason, at)"
        " VALUES ('agt_ent_maker', 'up', 'state', 1, 1, 2, 'full', $1)",
        "INSERT INTO parked (at, enterprise_id, agent_id, stream, epoch, seq, code, reason, payload)"
        " VALUES ($1, 'ent_maker', 'agt_ent_maker', 'state', 1, 1, 'x', 'y', '')",
        "INSERT INTO state_history VALUES ('mch_a', $1, 's', 'm', 'plant', 'good', NULL, 1, 1, $1)",
        "INSERT INTO gap (machine_id, start_at, end_at, reason, epoch, seq, received_at)"
        " VALUES ('mch_a', $1, $1, 'r', 1, 1, $1)",
    ):
        await world.owner.execute(statement, world.now)
    await world.owner.execute(
        "INSERT INTO link_position (agent_id, leg, stream, position) VALUES ('agt_ent_maker', 'up', 'state', '{}')"
    )
    await world.owner.fetchval("SELECT ts_sample_partition($1)", world.now)
    await world.owner.execute("INSERT INTO series (machine_id, signal) VALUES ('mch_a', 'spindle')")
    await world.owner.execute("INSERT INTO signal_unit VALUES ('mch_a', 'spindle', 'rpm')")
    await world.owner.execute("INSERT INTO sample (series_id, at, value) SELECT id, $1, 1 FROM series", world.now)
    for statement in (
        "INSERT INTO sample_rollup SELECT id, 'hour', $1, 1, 1, 1, 1, 1, 1 FROM series",
        "INSERT INTO state_rollup VALUES ('mch_a', 'hour', $1, 's', 'm', false, 1, 1)",
        "INSERT INTO ledger_rollup VALUES ('mch_a', 'hour', $1, 'offer', 'Available', 1, 1)",
    ):
        await world.owner.execute(statement, world.now)
    return booked.claim


async def test_a_tenant_sees_its_rows_and_a_stranger_none_with_every_check_of_ours_off(world, full):
    """The bare role and bare SQL: what a service that forgot its WHERE would get."""
    seen = {}
    for who in (MAKER, RIVAL):
        async with db.as_tenant(world.api, who) as connection:
            counts = [await connection.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES]  # noqa: S608
            seen[who] = dict(zip(TABLES, counts, strict=True))
    assert [table for table, rows in seen[MAKER].items() if not rows] == []
    assert {table for table, rows in seen[RIVAL].items() if rows} == {"enterprise"}  # itself


async def test_without_a_tenant_nothing_is_seen(world, full):
    for table in TABLES:
        assert await world.api.fetchval(f"SELECT count(*) FROM {table}") == 0, table  # noqa: S608 - from the list above


async def test_the_tenant_ends_with_its_transaction(database, world, full):
    connections = await asyncpg.create_pool(database.api_dsn, min_size=0, max_size=1)
    async with db.as_tenant(connections, MAKER) as connection:
        assert await connection.fetchval("SELECT count(*) FROM machine") == 3
    assert await connections.fetchval("SELECT count(*) FROM machine") == 0
    assert await connections.fetchval("SELECT current_setting('ts.tenant', true)") in (None, "")
    connections.terminate()


async def test_control_a_tenant_that_is_not_local_leaks_into_the_next_call(database, world, full):
    """What SET instead of SET LOCAL does on a pooled connection that is not reset: the next caller is somebody else."""
    connections = await asyncpg.create_pool(database.api_dsn, min_size=0, max_size=1, reset=_nothing)
    await connections.execute("SELECT set_config('ts.tenant', 'ent_maker', false)")
    assert await connections.fetchval("SELECT count(*) FROM machine") == 3
    connections.terminate()


async def _nothing(_):
    pass


async def test_a_tenant_writes_nothing_in_anothers_name(world, full):
    for statement in (
        "INSERT INTO site VALUES ('site_x', 'ent_maker', 'x', 'UTC', 0, 0, now())",
        "INSERT INTO event (at, enterprise_id, type, data) VALUES (now(), 'ent_maker', 'x', '{}')",
        "INSERT INTO partner VALUES ('ent_maker', 'ent_rival', now())",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with db.as_tenant(world.api, RIVAL) as connection:
                await connection.execute(statement)


FORBIDDEN = (
    "UPDATE claim SET state = 'CANCELLED'",
    "DELETE FROM claim",
    "INSERT INTO claim_history (claim_id, at, state, actor) VALUES ('bkg_1', now(), 'HELD', 'me')",
    "UPDATE offer_span SET quantity = 99",
    "UPDATE machine SET quantity = 99",
    "SELECT ts_apply_statement('mch_a', '{}', now())",
    "SELECT ts_move('bkg_1', 'CANCELLED', NULL, 'me', now())",
    "SELECT ts_claim(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
    "CREATE TABLE mine (x int)",
)


async def test_the_api_role_changes_claims_only_by_the_functions(world, full):
    for statement in FORBIDDEN:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with db.as_tenant(world.api, MAKER) as connection:
                await connection.execute(statement)


async def test_a_table_in_a_temporary_schema_does_not_stand_in_for_ours(world, hours):
    """A search path that does not name pg_temp has it first: a definer function would read the caller's own table."""
    async with world.api.acquire() as connection:
        await connection.execute("CREATE TEMP TABLE offer_span (LIKE public.offer_span)")
        span = hours(1, 2)
        wish = (None, "svc_a", None, span.start, span.end, 1)
        told = await connection.fetchval(
            store.BOOK, BUYER, None, None, "bkg_t", *wish, {"work_master": "m"}, None, world.now, None
        )
    assert isinstance(store.answer(told), Accepted)
