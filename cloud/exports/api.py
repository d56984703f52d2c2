"""The routes of calendar feeds."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from cloud.api import catalogue as c
from cloud.api import kept
from cloud.api.call import AdminCall, AnyDesk
from cloud.api.idempotency import KEYED, Key, intention
from cloud.api.page import Page
from cloud.api.problem import Problem
from cloud.api.problems import documented
from cloud.db import as_tenant
from cloud.exports import store
from cloud.exports import taking as tables
from cloud.exports.model import Feed, NewFeed, Token, calendar
from cloud.ids import new_id
from cloud.registry.api import AnId
from cloud.registry.model import Wire

router = APIRouter(prefix="/v1", tags=["exports"])
router.include_router(tables.router)

BACK = timedelta(days=90)
"""Business time that a calendar shows of the past."""


@router.post("/feeds", status_code=201, responses=documented(*KEYED, c.IDEMPOTENCY_SHOWN_ONCE))
async def add_feed(call: AdminCall, key: Key, request: Request) -> NewFeed:
    """Make an address that a calendar can subscribe to. It is in this answer and never shown again."""
    meant, token = intention(key, request, Wire()), Token.new()
    made = Feed(id=new_id("fed"), created_at=call.now)
    async with kept.shown_once(call, meant, made) as rows:
        await store.add(rows, call.tenant, made.id, token, call.now)
    return NewFeed(path=f"/v1/calendar/{token.text}.ics", **made.model_dump())


@router.get("/feeds")
async def list_feeds(call: AdminCall) -> Page[Feed]:
    """The enterprise's feeds, without their addresses."""
    async with call.rows() as rows:
        return Page[Feed](items=tuple(await store.feeds(rows, call.tenant)))


@router.delete("/feeds/{feed_id}", status_code=204, responses=documented(c.NOT_FOUND))
async def remove_feed(call: AdminCall, feed_id: AnId) -> Response:
    """Its address shows nothing any more."""
    async with call.rows() as rows:
        if not await store.remove(rows, call.tenant, feed_id):
            raise Problem(c.NOT_FOUND)
    return Response(status_code=204)


@router.get("/calendar/{token}.ics", responses=documented(c.NOT_FOUND), response_class=Response)
async def read_calendar(desk: AnyDesk, token: Annotated[str, Path(max_length=100)]) -> Response:
    """The bookings of a feed's enterprise from 90 days back on, as iCalendar. The address is the key."""
    whose = await store.whose(desk.pool, Token(token))
    if whose is None:
        raise Problem(c.NOT_FOUND)
    async with as_tenant(desk.pool, whose["id"]) as rows:
        found = [row async for row in store.bookings(rows, whose["id"], desk.clock.now() - BACK, None)]
    headers = {"Cache-Control": "private, max-age=60"}
    return Response(calendar(whose["name"], found), media_type="text/calendar; charset=utf-8", headers=headers)
