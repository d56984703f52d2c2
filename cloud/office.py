"""What only the operator does, as the database's owner: adds enterprises and accounts, looks at refused messages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from cloud.accounts.model import Account, AccountRequest
from cloud.accounts.passwords import HASHER
from cloud.accounts.store import add as add_account
from cloud.booking.audit import Report, report
from cloud.db import letting_in, prepare
from cloud.ids import new_id
from cloud.partners import store
from cloud.partners.model import EVERY_SCOPE, KeyRequest, Secret
from gateway.errors import UsageError


@dataclass(frozen=True, slots=True)
class NewEnterprise:
    """An enterprise just made; `key` is shown once."""

    id: str
    name: str
    key: str


async def create_enterprise(dsn: str, name: str, now: datetime) -> NewEnterprise:
    """Add an enterprise with a first key of every scope. Raises UsageError where the name is unusable or taken."""
    if not 0 < len(name.strip()) <= 100:
        msg = "an enterprise's name has 1 to 100 characters"
        raise UsageError(msg)
    made = NewEnterprise(new_id("ent"), name.strip(), (secret := Secret.new()).text)
    async with _owning(dsn) as owner, owner.transaction():
        try:
            await store.add_enterprise(owner, made.id, made.name, now)
        except asyncpg.UniqueViolationError as error:
            msg = f"there is an enterprise named {made.name!r} already; choose another name"
            raise UsageError(msg) from error
        request = KeyRequest(name="first key", scopes=EVERY_SCOPE)
        await store.add_key(owner, made.id, new_id("key"), request, secret, now)
    return made


async def create_account(dsn: str, enterprise: str, wanted: AccountRequest, now: datetime) -> Account:
    """Add an account to an enterprise (id or name). Raises UsageError where there is none, or the name is taken."""
    hashed = HASHER.hash(wanted.password.get_secret_value()) if wanted.password else None
    made = Account(
        id=new_id("acc"), name=wanted.name, role=wanted.role, created_at=now, password=bool(hashed), provider=False
    )
    async with _owning(dsn) as owner:
        tenant = await owner.fetchval("SELECT id FROM enterprise WHERE $1 IN (id, name)", enterprise)
        if tenant is None:
            msg = f"there is no enterprise {enterprise!r}; `thirdshift cloud enterprise create` makes one"
            raise UsageError(msg)
        try:
            await add_account(owner, tenant, made, hashed)
        except asyncpg.UniqueViolationError as error:
            msg = f"the enterprise has an account named {wanted.name!r} already"
            raise UsageError(msg) from error
    return made


async def parked(dsn: str, limit: int) -> list[asyncpg.Record]:
    """The newest refused messages of all enterprises."""
    query = """SELECT p.id, p.at, e.name AS enterprise, a.name AS agent, p.stream, p.epoch, p.seq, p.code, p.reason
               FROM parked p JOIN enterprise e ON e.id = p.enterprise_id JOIN agent a ON a.id = p.agent_id
               ORDER BY p.id DESC LIMIT $1"""
    async with _owning(dsn) as owner:
        found: list[asyncpg.Record] = await owner.fetch(query, limit)
    return found


async def verify(dsn: str) -> Report:
    """The auditor's report on the whole registry."""
    async with _owning(dsn) as owner:
        return await report(owner)


@asynccontextmanager
async def _owning(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    async with letting_in():
        connection = await asyncpg.connect(dsn, timeout=10)
        try:
            await prepare(connection)
            yield connection
        finally:
            await connection.close()
