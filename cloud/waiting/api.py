"""The routes of the waiting list."""

from fastapi import APIRouter, Request, Response

from cloud.api import catalogue as c
from cloud.api.call import BookCall, ReadCall
from cloud.api.idempotency import KEYED, Key
from cloud.api.page import Page
from cloud.api.problem import Problem
from cloud.api.problems import documented
from cloud.booking.api import AGREED, caller
from cloud.booking.explain import explain
from cloud.booking.model import Refused
from cloud.booking.store import Caller
from cloud.registry.api import AnAsk, AnId, known
from cloud.waiting import store
from cloud.waiting.model import Waiting, WaitingRequest

router = APIRouter(prefix="/v1", tags=["waiting"])

_ENTRY = (c.SERVICE_UNKNOWN, c.MACHINE_UNKNOWN, c.DURATION_TOO_SHORT, c.DURATION_TOO_LONG, c.NOTICE_TOO_SHORT, *AGREED)


@router.post("/waiting", status_code=201, responses=documented(*KEYED, *_ENTRY, c.WAITING_TOO_MANY))
async def wait(call: BookCall, key: Key, request: Request, wanted: WaitingRequest) -> Waiting:
    """Wait for hours to come free. The first in line whose wish fits gets a hold, and a `waiting.changed` event."""
    told = await store.wait(call.desk.pool, caller(call, key, request, wanted), wanted)
    if isinstance(told, Refused):
        raise Problem(c.CATALOGUE[told.code], explain(told), **told.facts)
    return told


@router.get("/waiting")
async def list_waiting(call: ReadCall, ask: AnAsk) -> Page[Waiting]:
    """The enterprise's places in line, oldest first."""
    async with call.rows() as rows:
        found = await store.every(rows, call.tenant, ask)
    last = found[ask.limit - 1] if len(found) > ask.limit else None
    return ask.turn(found, (last.created_at, last.id) if last else None)


@router.get("/waiting/{waiting_id}", responses=documented(c.NOT_FOUND))
async def read_waiting(call: ReadCall, waiting_id: AnId) -> Waiting:
    """One place in line."""
    async with call.rows() as rows:
        return known(await store.one(rows, call.tenant, waiting_id))


@router.delete("/waiting/{waiting_id}", status_code=204, responses=documented(c.WAITING_UNKNOWN))
async def leave(call: BookCall, waiting_id: AnId) -> Response:
    """Leave the line; what is held is let go. Leaving twice is no error."""
    refusal = await store.leave(call.desk.pool, Caller(call.tenant, call.now, actor=call.actor), waiting_id)
    if refusal:
        raise Problem(c.CATALOGUE[refusal.code], explain(refusal), **refusal.facts)
    return Response(status_code=204)
