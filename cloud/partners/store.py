"""The SQL of keys and partners."""

from datetime import datetime

import asyncpg

from cloud.db import reaching
from cloud.partners.auth import Caller, Look
from cloud.partners.model import KeyRequest, Scope, Secret
from gateway.clock import Clock

Rows = list[asyncpg.Record]


def looker(pool: asyncpg.Pool, clock: Clock) -> Look:
    """How the authenticator finds the caller of a key; reaches past row-level security, by that key's hash alone."""

    async def look(key: bytes) -> Caller | None:
        query = "SELECT key_id, enterprise_id, scopes, living, account_id, most_holds FROM ts_authenticate($1, $2)"
        async with reaching():
            row = await pool.fetchrow(query, key, clock.now())
        if row is None:
            return None
        scopes = frozenset(map(Scope, row["scopes"]))
        more = (row["living"], row["account_id"], row["most_holds"])
        return Caller(row["enterprise_id"], row["key_id"], scopes, *more)

    return look


async def add_key(  # noqa: PLR0913, PLR0917 - a row's columns
    rows: asyncpg.Connection, tenant: str, identity: str, key: KeyRequest, secret: Secret, now: datetime
) -> None:
    await rows.execute(
        """INSERT INTO api_key (id, enterprise_id, name, prefix, hash, scopes, most_holds, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)""",
        *(identity, tenant, key.name, secret.prefix, secret.hash, sorted(key.scopes), key.most_holds, now),
    )


async def keys(rows: asyncpg.Connection, tenant: str) -> Rows:
    query = """SELECT id, name, prefix, scopes, most_holds, created_at, revoked_at FROM api_key
               WHERE enterprise_id = $1 ORDER BY created_at, id"""
    found: Rows = await rows.fetch(query, tenant)
    return found


async def revoke_key(rows: asyncpg.Connection, tenant: str, identity: str, now: datetime) -> bool:
    """Revoke it in every process at once. False where there is no such key."""
    query = "UPDATE api_key SET revoked_at = coalesce(revoked_at, $3) WHERE enterprise_id = $1 AND id = $2"
    done = await rows.execute(query, tenant, identity, now)
    await rows.execute("SELECT pg_notify('ts_key', '')")
    return str(done) == "UPDATE 1"


async def add_partner(rows: asyncpg.Connection, tenant: str, partner_id: str, now: datetime) -> None:
    """Raises asyncpg.ForeignKeyViolationError where there is no such enterprise."""
    query = "INSERT INTO partner (provider_id, partner_id, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
    await rows.execute(query, tenant, partner_id, now)


async def partners(rows: asyncpg.Connection, tenant: str) -> Rows:
    query = "SELECT partner_id AS id, created_at FROM partner WHERE provider_id = $1 ORDER BY created_at, partner_id"
    found: Rows = await rows.fetch(query, tenant)
    return found


async def remove_partner(rows: asyncpg.Connection, tenant: str, partner_id: str) -> bool:
    done = await rows.execute("DELETE FROM partner WHERE provider_id = $1 AND partner_id = $2", tenant, partner_id)
    return str(done) == "DELETE 1"


async def add_enterprise(owner: asyncpg.Connection, identity: str, name: str, now: datetime) -> None:
    """As the database's owner: no tenant may make another. Raises asyncpg.UniqueViolationError."""
    await owner.execute("INSERT INTO enterprise (id, name, created_at) VALUES ($1, $2, $3)", identity, name, now)
