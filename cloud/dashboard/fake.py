"""A registry in memory that answers as the API does, for tests and for looking at the page: `Fake(…).app`."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import FastAPI, Header, Request
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.responses import Response

from gateway.clock import Clock

Json = dict[str, Any]

KEY = "ts_test_for-the-fake-registry-only"
OWN, PARTNER = "ent_01jfakeown0000000000000000", "ent_01jfakepartner0000000000000"
HOUR = timedelta(hours=1)
HEARTBEAT = 15.0
NOW = datetime(2012, 2, 28, 13, tzinfo=UTC)
"""A Tuesday, 14:00 in Vienna: where tests begin."""


@dataclass(slots=True)
class Fake:
    """What it answers is plain JSON in these fields, to be changed at will; `tell` sends an event to all streams.

    `away` answers 503 with that code; `keys` are those it accepts.
    """

    clock: Clock = field(default_factory=Clock)
    keys: set[str] = field(default_factory=lambda: {KEY})
    own: str = OWN
    zone: str = "Europe/Vienna"
    machines: list[Json] = field(default_factory=list)
    states: dict[str, list[Json]] = field(default_factory=dict)
    gaps: dict[str, list[Json]] = field(default_factory=dict)
    capacity: dict[str, Json] = field(default_factory=dict)
    bookings: list[Json] = field(default_factory=list)
    parked: list[Json] = field(default_factory=list)
    agents: list[Json] = field(default_factory=list)
    performance: list[Json] = field(default_factory=list)
    bands: list[Json] = field(default_factory=list)
    away: str = ""
    streams: set[asyncio.Queue[str | None]] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    @property
    def app(self) -> FastAPI:
        """The API of it."""
        app = FastAPI()
        app.middleware("http")(self._guard)
        app.get("/v1/health")(self._health)
        app.get("/v1/events")(self._events)
        app.get("/v1/enterprise")(lambda: {"id": self.own, "name": "Demo plant", "scopes": ["read"]})
        app.get("/v1/sites")(self._sites)
        app.get("/v1/machines")(self._machines)
        app.get("/v1/machines/{name}/states")(self._states)
        app.get("/v1/machines/{name}/capacity")(self._capacity)
        app.get("/v1/bookings")(lambda: _page(self.bookings))
        app.get("/v1/bookings/{name}")(lambda name: next(one for one in self.bookings if one["id"] == name))
        app.get("/v1/parked")(lambda: _page(self.parked))
        app.get("/v1/agents")(lambda: _page(self.agents))
        app.get("/v1/performance")(lambda: _page(self.performance))
        app.get("/v1/bands")(lambda: _page(self.bands))
        return app

    def tell(self, kind: str, **data: object) -> None:
        """Send an event to every open stream; from any task of the server's loop."""
        body = json.dumps({"type": kind, "at": self.clock.now().isoformat(), "data": data})
        for stream in self.streams:
            stream.put_nowait(f"id: 1-1\nevent: {kind}\ndata: {body}\n\n")

    def hang_up(self) -> None:
        """End every open stream."""
        for stream in self.streams:
            stream.put_nowait(None)

    async def _guard(self, request: Request, call_next: Any) -> Response:
        self.asked.append(f"{request.method} {request.url.path}")
        if self.away:
            return JSONResponse({"code": self.away, "title": "away"}, 503, {"Retry-After": "2"})
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        if request.url.path != "/v1/health" and key not in self.keys:
            return JSONResponse({"code": "auth.invalid", "title": "no such key"}, 401)
        answer: Response = await call_next(request)
        return answer

    async def _health(self) -> Json:
        return {"status": "ok", "now": self.clock.now().isoformat(), "speed": self.clock.speed}

    async def _capacity(self, name: str) -> Json:
        return self.capacity.get(name, _SAID_NOTHING | {"machine_id": name})

    async def _sites(self) -> Json:
        site = {"id": "site_1", "name": "North", "zone": self.zone, "latitude": None, "longitude": None}
        return _page([{**site, "created_at": NOW.isoformat()}])

    async def _machines(self) -> Json:
        heard = (self.clock.now() - timedelta(seconds=4)).isoformat()
        return _page([{**one, "last_receipt_at": heard} if one["fresh"] else one for one in self.machines])

    async def _states(self, name: str, start: datetime, end: datetime) -> Json:
        items = [one for one in self.states.get(name, []) if _overlaps(one, start, end)]
        gaps = [one for one in self.gaps.get(name, []) if _overlaps(one, start, end)]
        return {"items": items, "gaps": gaps, "next_start": None}

    async def _events(self, last_event_id: Annotated[str | None, Header()] = None) -> StreamingResponse:
        del last_event_id
        return StreamingResponse(self._stream(), media_type="text/event-stream")

    async def _stream(self) -> AsyncIterator[str]:
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        self.streams.add(queue)
        try:
            yield ": fake\n\n"
            while (text := await _next(queue)) is not None:
                yield text
        finally:
            self.streams.discard(queue)


_SAID_NOTHING: Json = {"version": 0, "issued_at": None, "valid_until": None, "fresh": False, "spans": [], "claims": []}


async def _next(queue: asyncio.Queue[str | None]) -> str | None:
    try:
        return await asyncio.wait_for(queue.get(), HEARTBEAT)
    except TimeoutError:
        return ": still here\n\n"


def _page(items: list[Json]) -> Json:
    return {"items": items, "next_cursor": None}


def _overlaps(piece: Json, start: datetime, end: datetime) -> bool:
    until = piece["end"]
    return datetime.fromisoformat(piece["start"]) < end and (until is None or datetime.fromisoformat(until) > start)
