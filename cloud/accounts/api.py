"""The routes of accounts: an administrator makes them; their owners change their own password."""

from collections.abc import Mapping
from typing import Annotated

import asyncpg
from fastapi import APIRouter, Header, Path, Request, Response

from cloud.accounts import store
from cloud.accounts.model import Account, AccountChange, AccountRequest, Me, PasswordChange
from cloud.api import catalogue as c
from cloud.api import kept
from cloud.api.call import AdminCall, Call, ReadCall
from cloud.api.idempotency import KEYED, Key, intention
from cloud.api.page import Page
from cloud.api.problem import Problem
from cloud.api.problems import documented
from cloud.ids import new_id
from cloud.partners.model import read

router = APIRouter(prefix="/v1", tags=["accounts"])

AnId = Annotated[str, Path(max_length=64)]


@router.post("/accounts", status_code=201, responses=documented(*KEYED, c.NAME_TAKEN))
async def add_account(call: AdminCall, key: Key, request: Request, wanted: AccountRequest) -> Account:
    """Make an account for a person of the enterprise. A repeated call is answered alike, whatever its password."""
    meant = intention(key, request, wanted)
    secret = wanted.password.get_secret_value() if wanted.password else None
    hashed = await call.desk.door.passwords.hash(secret) if secret else None
    made = Account(
        id=new_id("acc"),
        name=wanted.name,
        role=wanted.role,
        created_at=call.now,
        password=hashed is not None,
        provider=False,
    )
    try:
        async with call.rows() as rows:
            if before := await kept.answer(rows, call.tenant, meant):
                return Account.model_validate(before)
            await store.add(rows, call.tenant, made, hashed)
            await kept.keep(rows, call.tenant, meant, made, call.now)
    except asyncpg.UniqueViolationError as error:
        raise Problem(c.NAME_TAKEN) from error
    return made


@router.get("/accounts")
async def list_accounts(call: AdminCall) -> Page[Account]:
    """The enterprise's accounts, by name."""
    async with call.rows() as rows:
        found = await store.listed(rows, call.tenant)
    return Page[Account](items=tuple(_account(row) for row in found))


@router.patch("/accounts/{account_id}", responses=documented(c.NOT_FOUND, c.ACCOUNT_SELF))
async def change_account(call: AdminCall, account_id: AnId, wanted: AccountChange) -> Account:
    """Give it another role or password, disable it or have it back. Nobody locks themselves out."""
    if account_id == call.account_id and (wanted.role is not None or wanted.disabled):
        raise Problem(c.ACCOUNT_SELF)
    secret = wanted.password.get_secret_value() if wanted.password else None
    hashed = await call.desk.door.passwords.hash(secret) if secret else None
    async with call.rows() as rows:
        row = await store.change(rows, account_id, wanted, hashed, call.now)
    if row is None:
        raise Problem(c.NOT_FOUND)
    call.desk.auth.forget()
    return _account(row)


@router.get("/account", responses=documented(c.ACCOUNT_ONLY))
async def read_own_account(call: ReadCall) -> Me:
    """Who is logged in."""
    return await store.me(call.desk.pool, _own(call))


@router.put(
    "/account/password", status_code=204, responses=documented(c.ACCOUNT_ONLY, c.PASSWORD_WRONG, c.RATE_LIMITED)
)
async def change_own_password(
    call: ReadCall, wanted: PasswordChange, authorization: Annotated[str | None, Header(include_in_schema=False)] = None
) -> Response:
    """Change one's own password; every other session of one's own ends."""
    own, door, token = _own(call), call.desk.door, read(authorization)
    if seconds := door.wait(own):
        raise Problem(c.RATE_LIMITED, retry_after_s=round(seconds, 3))
    async with call.rows() as rows:
        known = await store.own_hash(rows, own)
    if not await door.passwords.good(wanted.old.get_secret_value(), known):
        raise Problem(c.PASSWORD_WRONG)
    hashed = await door.passwords.hash(wanted.new.get_secret_value())
    async with call.rows() as rows:
        await store.change_password(rows, own, hashed, token.hash if token else b"")
    call.desk.auth.forget()
    return Response(status_code=204)


def _own(call: Call) -> str:
    if call.account_id is None:
        raise Problem(c.ACCOUNT_ONLY)
    return call.account_id


def _account(row: Mapping[str, object]) -> Account:
    return Account.model_validate(dict(row))
