"""GET /v1/events: what the enterprise is told, as server-sent events that resume where a connection broke off."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event

from cloud.api.call import Call, ReadCall
from cloud.api.catalogue import CURSOR_INVALID
from cloud.api.problem import Problem
from cloud.api.problems import documented
from cloud.errors import DatabaseAway
from cloud.events import store
from cloud.partners.auth import permit
from cloud.partners.model import Scope

router = APIRouter(prefix="/v1", tags=["events"])

BATCH = 500

LastEventId = Annotated[str | None, Header(description="the `id` of the last event seen; empty: from the first one")]


@router.get(
    "/events",
    response_model=None,
    responses={200: {"description": "the stream", "content": {"text/event-stream": {}}}, **documented(CURSOR_INVALID)},
)
async def stream_events(call: ReadCall, request: Request, last_event_id: LastEventId = None) -> StreamingResponse:
    """A stream of events; each `data` is one JSON object, `event` its type, `id` an opaque cursor.

    Without `Last-Event-ID` it starts with what happens from now on. Comments keep the connection alive.
    """
    if last_event_id and not store.readable(last_event_id):
        raise Problem(CURSOR_INVALID, "Last-Event-ID is not the id of one of our events")
    after = await store.end(call.desk.pool) if last_event_id is None else last_event_id
    stream = _stream(call, request.headers["authorization"], after)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


async def _stream(call: Call, authorization: str, after: str) -> AsyncIterator[bytes]:
    """Events as they are told, until the process ends or the key is revoked; a lost database is waited for.

    First comes the cursor at which the stream starts, so that whoever is cut off before the first event resumes there.
    """
    yield format_sse_event(id=after, retry=1000)
    desk = call.desk
    with desk.hub.waiting(call.tenant) as news:
        while not desk.hub.closing:
            news.clear()
            try:
                permit(await desk.auth.known(authorization), Scope.READ)
                found = await store.following(desk.pool, call.tenant, after, BATCH)
            except Problem:
                return
            except DatabaseAway:
                found = []
            for cursor, kind, at, data in found:
                after = cursor
                yield _written(cursor, kind, at, data)
            if len(found) == BATCH:
                continue
            if not await _woken(news, desk.settings.heartbeat):
                yield format_sse_event(comment="still here")


def _written(cursor: str, kind: str, at: object, data: object) -> bytes:
    body = orjson.dumps({"type": kind, "at": at, "data": data}, option=orjson.OPT_UTC_Z)
    return format_sse_event(data_str=body.decode(), event=kind, id=cursor)


async def _woken(news: asyncio.Event, heartbeat: float) -> bool:
    try:
        await asyncio.wait_for(news.wait(), heartbeat)
    except TimeoutError:
        return False
    return True
