"""The routes of keys and partners: who may call for the enterprise, and who sees its services for partners."""

from datetime import datetime
from typing import Annotated

import asyncpg
from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict

from cloud.api import kept
from cloud.api.call import AdminCall, ProvideCall, ReadCall
from cloud.api.catalogue import IDEMPOTENCY_SHOWN_ONCE, NOT_FOUND
from cloud.api.idempotency import KEYED, Key, intention
from cloud.api.page import Page
from cloud.api.problem import Problem
from cloud.api.problems import documented
from cloud.ids import new_id
from cloud.partners import store
from cloud.partners.model import KeyAnswer, KeyRequest, NewKey, Secret

router = APIRouter(prefix="/v1", tags=["partners"])

AnId = Annotated[str, Path(max_length=64)]


class Partner(BaseModel):
    """An enterprise that sees this one's services of visibility `partners`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    created_at: datetime


@router.post("/keys", status_code=201, responses=documented(*KEYED, IDEMPOTENCY_SHOWN_ONCE))
async def add_key(call: AdminCall, key: Key, request: Request, wanted: KeyRequest) -> NewKey:
    """Make a key for the enterprise. Its text is in this answer and never shown again, not even to a repeated call."""
    meant, secret = intention(key, request, wanted), Secret.new(live=wanted.live)
    made = KeyAnswer(
        id=new_id("key"),
        name=wanted.name,
        prefix=secret.prefix,
        scopes=tuple(sorted(wanted.scopes)),
        most_holds=wanted.most_holds,
        created_at=call.now,
    )
    async with kept.shown_once(call, meant, made) as rows:
        await store.add_key(rows, call.tenant, made.id, wanted, secret, call.now)
    return NewKey(key=secret.text, **made.model_dump())


@router.get("/keys")
async def list_keys(call: AdminCall) -> Page[KeyAnswer]:
    """The enterprise's keys, without their texts."""
    async with call.rows() as rows:
        found = await store.keys(rows, call.tenant)
    return Page[KeyAnswer](items=tuple(KeyAnswer.model_validate(dict(row)) for row in found))


@router.delete("/keys/{key_id}", status_code=204, responses=documented(NOT_FOUND))
async def revoke_key(call: AdminCall, key_id: AnId) -> Response:
    """Revoke a key, at once and for ever."""
    async with call.rows() as rows:
        if not await store.revoke_key(rows, call.tenant, key_id, call.now):
            raise Problem(NOT_FOUND)
    call.desk.auth.forget()
    return Response(status_code=204)


@router.get("/partners")
async def list_partners(call: ReadCall) -> Page[Partner]:
    """The enterprises that see this one's services for partners."""
    async with call.rows() as rows:
        found = await store.partners(rows, call.tenant)
    return Page[Partner](items=tuple(Partner.model_validate(dict(row)) for row in found))


@router.put("/partners/{enterprise_id}", status_code=204, responses=documented(NOT_FOUND))
async def add_partner(call: ProvideCall, enterprise_id: AnId) -> Response:
    """Let an enterprise see this one's services for partners."""
    try:
        async with call.rows() as rows:
            await store.add_partner(rows, call.tenant, enterprise_id, call.now)
    except asyncpg.ForeignKeyViolationError as error:
        raise Problem(NOT_FOUND) from error
    return Response(status_code=204)


@router.delete("/partners/{enterprise_id}", status_code=204, responses=documented(NOT_FOUND))
async def remove_partner(call: ProvideCall, enterprise_id: AnId) -> Response:
    """No longer a partner. What it has booked stays booked."""
    async with call.rows() as rows:
        if not await store.remove_partner(rows, call.tenant, enterprise_id):
            raise Problem(NOT_FOUND)
    return Response(status_code=204)
