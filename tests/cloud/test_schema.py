"""The schema: migrated twice changes nothing, and the database's guard is the table of cloud.booking.model."""

import re
from collections import Counter
from pathlib import Path

import asyncpg
import pytest

import cloud
from cloud import db
from cloud.booking.model import INITIAL, TRANSITIONS
from cloud.errors import DatabaseAway

CLOUD = Path(cloud.__file__).parent


async def test_a_second_migration_changes_nothing(database):
    await db.migrate(database.dsn)


async def test_the_guard_in_the_database_is_the_table_of_the_model(pool_owner):
    rows = await pool_owner.fetch("SELECT from_state, to_state FROM legal_move WHERE kind = 'claim'")
    moves = {(str(one), str(to)) for one, targets in TRANSITIONS.items() for to in targets}
    assert {tuple(row) for row in rows} == moves | {("NEW", str(state)) for state in INITIAL}


@pytest.mark.parametrize("table", ["ledger", "claim_history", "audit"])
async def test_accounts_are_append_only(pool_owner, table):
    triggers = await pool_owner.fetch("SELECT tgname FROM pg_trigger WHERE tgrelid = $1::text::regclass", table)
    assert "append_only" in {row["tgname"] for row in triggers}


async def test_every_tenant_table_forces_row_level_security(pool_owner):
    bare = await pool_owner.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND NOT (relrowsecurity AND relforcerowsecurity)"
    )
    assert {row["relname"] for row in bare} == {"alembic_version", "legal_move"}


async def test_definer_functions_have_a_fixed_path_and_are_not_for_everybody(pool_owner):
    rows = await pool_owner.fetch(
        "SELECT p.proname, r.rolname AS owner, p.proconfig, has_function_privilege('public', p.oid, 'EXECUTE') AS open"
        " FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner"
        " WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef"
    )
    assert rows
    for row in rows:
        assert row["owner"] == "ts_owner", row
        assert row["proconfig"] is not None, row
        assert row["proconfig"][0].startswith("search_path=pg_catalog"), row
        assert row["proconfig"][0].endswith("pg_temp"), row
        assert not row["open"], row


async def test_a_role_of_ours_is_neither_superuser_nor_past_row_level_security(pool_owner):
    rows = await pool_owner.fetch(
        "SELECT rolname, rolsuper, rolbypassrls, rolcanlogin FROM pg_roles WHERE rolname LIKE 'ts\\_%'"
    )
    assert {tuple(row) for row in rows} == {
        ("ts_api", False, False, True),
        ("ts_ingest", False, False, True),
        ("ts_owner", False, True, False),
    }


async def test_a_database_that_is_away_is_one_retryable_error():
    connections = await db.pool("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(DatabaseAway) as caught:
        async with db.as_tenant(connections, "ent_x"):
            pass
    assert caught.value.retryable


async def test_a_wrong_statement_is_not_taken_for_a_database_that_is_away(pool_owner):
    with pytest.raises(asyncpg.UndefinedTableError):
        async with db.reaching():
            await pool_owner.fetch("SELECT * FROM nothing_of_that_name")


def test_each_function_is_defined_once():
    """Of two definitions the later step's would be in force, and whoever looks for it would read the other one."""
    text = "".join(file.read_text() for file in CLOUD.rglob("*.sql"))
    found = Counter(re.findall(r"CREATE (?:OR REPLACE )?FUNCTION (\w+)", text))
    assert found["ts_authenticate"] == 1
    assert [name for name, times in found.items() if times > 1] == []
