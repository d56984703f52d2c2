"""The SQL of accounts and sessions."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from cloud.accounts.model import Account, AccountChange, LoggedIn, Me
from cloud.accounts.person import Person
from cloud.accounts.roles import Role
from cloud.accounts.trust import Home
from cloud.db import reaching
from cloud.ids import new_id
from cloud.partners.model import Secret
from gateway.clock import Clock

ACCESS = timedelta(minutes=10)
"""Real time that an access token lives."""

LASTS = timedelta(hours=12)
"""Real time after which whoever is logged in must do so again."""

_ACCOUNT = (
    """id, name, role, created_at, disabled_at, password IS NOT NULL AS password, subject IS NOT NULL AS provider"""
)


@dataclass(frozen=True, slots=True)
class Known:
    """An account that somebody wants to log in to; `password` is its hash."""

    id: str
    enterprise_id: str
    password: str | None = None


async def add(rows: asyncpg.Connection, tenant: str, account: Account, password: str | None) -> None:
    """Raises asyncpg.UniqueViolationError where the enterprise has an account of that name."""
    await rows.execute(
        "INSERT INTO account (id, enterprise_id, name, role, password, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        *(account.id, tenant, account.name, account.role, password, account.created_at),
    )


async def listed(rows: asyncpg.Connection, tenant: str) -> list[asyncpg.Record]:
    query = f"SELECT {_ACCOUNT} FROM account WHERE enterprise_id = $1 ORDER BY lower(name)"  # noqa: S608 - our columns
    found: list[asyncpg.Record] = await rows.fetch(query, tenant)
    return found


async def change(
    rows: asyncpg.Connection, account_id: str, wanted: AccountChange, password: str | None, now: datetime
) -> asyncpg.Record | None:
    """The account as it is then, or None where there is none. Its sessions end where they should."""
    row = await rows.fetchrow(
        f"""UPDATE account SET role = coalesce($2, role), password = coalesce($3, password),
              disabled_at = CASE WHEN $4 THEN coalesce(disabled_at, $5) WHEN NOT $4 THEN NULL ELSE disabled_at END
            WHERE id = $1 RETURNING {_ACCOUNT}""",  # noqa: S608 - our columns
        *(account_id, wanted.role, password, wanted.disabled, now),
    )
    if password or wanted.disabled:
        await rows.execute("DELETE FROM session WHERE account_id = $1", account_id)
    await rows.execute("SELECT pg_notify('ts_key', '')")
    return row


async def own_hash(rows: asyncpg.Connection, account_id: str) -> str | None:
    found: str | None = await rows.fetchval("SELECT password FROM account WHERE id = $1", account_id)
    return found


async def change_password(rows: asyncpg.Connection, account_id: str, password: str, keep: bytes) -> None:
    """All sessions but that of the access token `keep` (its hash) end."""
    await rows.execute("UPDATE account SET password = $2 WHERE id = $1", account_id, password)
    await rows.execute("DELETE FROM session WHERE account_id = $1 AND access_hash <> $2", account_id, keep)
    await rows.execute("SELECT pg_notify('ts_key', '')")


async def by_name(pool: asyncpg.Pool, name: str, enterprise: str) -> Known | None:
    """The one account that is meant, if there is one."""
    async with reaching():
        row = await pool.fetchrow("SELECT id, enterprise_id, password FROM ts_login($1, $2)", name, enterprise)
    return Known(row["id"], row["enterprise_id"], row["password"]) if row else None


async def by_subject(pool: asyncpg.Pool, person: Person, home: Home | None, asked: str, now: datetime) -> Known | None:
    """The account of the provider's subject; the first time, that of the name that the provider vouches for.

    `home`: where the name's domain belongs to; there, who has no account is given one. `asked`: the enterprise (id or
    name) that whoever logs in names, without which, and without a home, no account becomes theirs.
    """
    query = "SELECT id, enterprise_id FROM ts_login_by_subject($1, $2, $3, $4, $5, $6, $7, $8)"
    place = (home.enterprise_id, asked, home.role) if home else (None, asked, None)
    async with reaching():
        row = await pool.fetchrow(query, person.issuer, person.subject, person.email, *place, new_id("acc"), now)
    return Known(row["id"], row["enterprise_id"]) if row else None


async def open_session(
    pool: asyncpg.Pool, account_id: str, clock: Clock, proof: bytes | None = None
) -> LoggedIn | None:
    """A new session; None where `proof` opened one before."""
    access, renewal, now = Secret.token(), Secret.token(), clock.now()
    ends = (now + clock.business(ACCESS), now + clock.business(LASTS))
    async with reaching():
        opened = await pool.fetchval(
            "SELECT ts_open_session($1, $2, $3, $4, $5, $6, $7, $8)",
            *(new_id("ses"), account_id, access.hash, ends[0], renewal.hash, proof, now, ends[1]),
        )
        return _logged_in(access, renewal, ACCESS, LASTS, await me(pool, account_id)) if opened else None


async def renew(pool: asyncpg.Pool, before: Secret, clock: Clock) -> LoggedIn | None:
    """The session with new tokens; None where that renewal is good for none."""
    access, renewal, now = Secret.token(), Secret.token(), clock.now()
    async with reaching():
        row = await pool.fetchrow(
            "SELECT account_id, access_until, until FROM ts_renew_session($1, $2, $3, $4, $5)",
            *(before.hash, access.hash, now + clock.business(ACCESS), renewal.hash, now),
        )
        if row is None:
            return None
        lives = [(row[name] - now) / clock.speed for name in ("access_until", "until")]
        return _logged_in(access, renewal, lives[0], lives[1], await me(pool, row["account_id"]))


async def close_session(pool: asyncpg.Pool, access: Secret) -> None:
    async with reaching():
        await pool.execute("SELECT ts_close_session($1)", access.hash)
        await pool.execute("SELECT pg_notify('ts_key', '')")


async def me(pool: asyncpg.Pool, account_id: str) -> Me:
    async with reaching():
        row = await pool.fetchrow("SELECT * FROM ts_account($1)", account_id)
    return Me(**{**dict(row), "role": Role(row["role"]), "scopes": tuple(row["scopes"])})


def _logged_in(access: Secret, renewal: Secret, life: timedelta, lasts: timedelta, account: Me) -> LoggedIn:
    return LoggedIn(
        access_token=access.text,
        expires_in=int(life.total_seconds()),
        refresh_token=renewal.text,
        refresh_expires_in=int(lasts.total_seconds()),
        account=account,
    )
