"""Wires the API together: `create_app` for a server, `python -m cloud.app --openapi` for its description."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any, TypeGuard

import asyncpg
import orjson
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from cloud.accounts import api as accounts
from cloud.accounts import login
from cloud.accounts.door import Door
from cloud.api import manual, problems, root
from cloud.api.body_limit import BodyLimit
from cloud.api.brisk import Brisk
from cloud.api.call import Desk
from cloud.api.catalogue import CATALOGUE
from cloud.api.request_id import RequestId
from cloud.audit import api as audit
from cloud.audit.refusals import Refusals
from cloud.audit.store import refused
from cloud.booking import api as booking
from cloud.booking import together
from cloud.booking.store import expire
from cloud.chores import attempt
from cloud.config import Settings
from cloud.cooperation import api as cooperation
from cloud.cooperation import asking
from cloud.cooperation import together as alliances
from cloud.cooperation.store import end
from cloud.db import lazy_pool
from cloud.errors import DatabaseAway
from cloud.events import api as events
from cloud.events.hub import Hub
from cloud.exports import api as exports
from cloud.market import api as market
from cloud.operations import api as operations
from cloud.partners import api as partners
from cloud.partners import oauth
from cloud.partners.auth import Authenticator
from cloud.partners.pace import Pace
from cloud.partners.store import looker
from cloud.registry import api as registry
from cloud.registry import machines
from cloud.settlement import api as settlement
from cloud.telemetry import api as samples
from cloud.telemetry import plantwide
from cloud.telemetry.choose import Shelf
from cloud.waiting import api as waiting
from cloud.webhooks import api as webhooks
from gateway.clock import Clock

VERSION = "0.1.0"
MAX_BODY = 1 << 20
EXPIRE_EVERY, TELL_EVERY = 1.0, 2.0
"""Seconds (real)."""
ROOMS = (
    booking,
    together,
    settlement,
    market,
    waiting,
    cooperation,
    asking,
    alliances,
    machines,
    samples,
    registry,
    partners,
    oauth,
    accounts,
    login,
    events,
    webhooks,
    exports,
    plantwide,
    operations,
    audit,
    root,
)
"""Whose routes there are; the busiest is tried first."""
BUSY = (booking.book, booking.hold, together.book_bundle, market.find)
"""The endpoints that are called most."""
PUBLIC = (
    "/v1/login",
    "/v1/login/provider",
    "/v1/login/renew",
    "/v1/logout",
    "/v1/oauth/token",
    "/v1/calendar/{token}.ics",
    "/v1/health",
    "/v1/problems",
    "/v1/problems/{code}",
)
"""The routes that need no key."""
UNSTORED = ("/v1/problems", "/v1/problems/{code}")
"""The routes that answer while the database is away."""
ADMISSION = ("auth.missing", "auth.invalid", "auth.scope", "rate.limited")
"""The problems of every route that does."""


def create_app(settings: Settings, clock: Clock) -> FastAPI:
    """The API. It starts, and answers 503, also while its database is away. Needs `settings.api_dsn`."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with opened(settings, clock) as desk:
            app.state.desk = desk
            yield

    app = FastAPI(
        title="Thirdshift",
        version=VERSION,
        summary="The idle hours of real machines: found, booked, run and metered.",
        lifespan=lifespan,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for room in ROOMS:
        app.include_router(room.router)
    _add_manual(app)
    problems.install(app)
    app.add_middleware(Brisk, routes=[route for room in ROOMS for route in room.router.routes if _is_busy(route)])
    app.add_middleware(BodyLimit, most=MAX_BODY)
    app.add_middleware(RequestId)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    return app


def _is_busy(route: BaseRoute) -> TypeGuard[APIRoute]:
    return isinstance(route, APIRoute) and route.endpoint in BUSY


def _add_manual(app: FastAPI) -> None:
    @app.get("/docs", include_in_schema=False)
    async def read_manual() -> HTMLResponse:
        return HTMLResponse(manual.page(describe(app)), headers=manual.HEADERS)


@contextlib.asynccontextmanager
async def opened(settings: Settings, clock: Clock) -> AsyncIterator[Desk]:
    """What the routes reach for, opened and closed again."""
    limits = {"timeout": settings.statement_timeout, "patience": settings.acquire_timeout}
    dsn = settings.api_dsn or ""
    pool = await lazy_pool(dsn, size=settings.pool_size, **limits)
    # A connection of their own: a chore that hangs, or is cut off, takes no call's place.
    own = await lazy_pool(dsn, size=1, **limits)
    auth = Authenticator(looker(pool, clock))
    hub = Hub(dsn, auth.forget)
    shelf = Shelf(settings, pool)
    pace, refusals = Pace(settings.rate, settings.burst), Refusals()
    jobs = (hub.run(), _expire(own, clock), _tell(own, refusals))
    chores = [asyncio.create_task(job) for job in jobs]
    try:
        door = Door.of(settings.oidc_issuer, settings.oidc_client_id, settings.oidc_domains)
        yield Desk(settings, clock, pool, auth, hub, pace, shelf, refusals, door)
    finally:
        hub.close()
        for chore in chores:
            chore.cancel()
        await asyncio.gather(*chores, return_exceptions=True)
        await shelf.close()
        for each in (pool, own):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(each.close(), 2)
            each.terminate()


async def _expire(pool: asyncpg.Pool, clock: Clock) -> None:
    """Tell people of holds, requests, agreements and quotes that ran out; these took nothing before that either."""
    failing: set[str] = set()
    while True:
        await asyncio.sleep(EXPIRE_EVERY)
        with contextlib.suppress(DatabaseAway):
            await attempt("tell what expired", expire(pool, clock.now()), failing)
            await attempt("tell what ended", end(pool, clock.now()), failing)


async def _tell(pool: asyncpg.Pool, refusals: Refusals) -> None:
    """Write down what was refused to whom; what could not be written because the database was away is lost."""
    failing: set[str] = set()
    while True:
        await asyncio.sleep(TELL_EVERY)
        if lines := refusals.due():
            with contextlib.suppress(DatabaseAway):
                await attempt("write down refusals", refused(pool, lines), failing)


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 description, with keys and problems said once for all routes."""
    if not app.openapi_schema:
        schema = FastAPI.openapi(app)
        parts = schema.setdefault("components", {})
        parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer", "bearerFormat": "ts_live_…"}}
        parts["schemas"]["Problem"] = _PROBLEM
        for unused in ("HTTPValidationError", "ValidationError"):
            parts["schemas"].pop(unused, None)
        for path, item in schema["paths"].items():
            for operation in item.values():
                _common(operation, public=path in PUBLIC, stored=path not in UNSTORED)
        app.openapi_schema = schema
    return app.openapi_schema


def _common(operation: dict[str, Any], *, public: bool, stored: bool) -> None:
    operation["security"] = [] if public else [{"key": []}]
    answers = operation["responses"]
    if "422" in answers and "application/json" in answers["422"].get("content", {}):
        del answers["422"]
    codes = [*_unreadable(operation), *(["database.away"] if stored else []), *([] if public else ADMISSION)]
    for status, answer in problems.documented(*(CATALOGUE[code] for code in codes)).items():
        known = answers.setdefault(str(status), answer)
        if known is not answer and answer["description"] not in known["description"]:
            known["description"] += ", " + answer["description"]


def _unreadable(operation: dict[str, Any]) -> Iterator[str]:
    """The problems of what a route is given to read: a path or a query, a page's cursor, a body."""
    given = {(parameter["in"], parameter["name"]) for parameter in operation.get("parameters", ())}
    body = operation.get("requestBody", {}).get("content", {})
    if body or any(place in {"path", "query"} for place, _ in given):
        yield "request.invalid"
    if ("query", "cursor") in given:
        yield "cursor.invalid"
    if "application/json" in body:
        yield "request.malformed"
    if body:
        yield "request.too_large"


_PROBLEM: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457. `code` is stable; further members carry the facts of the case.",
    "required": ["type", "title", "status", "code", "detail", "remedy"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "enum": list(CATALOGUE)},
        "detail": {"type": "string"},
        "remedy": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
    "additionalProperties": True,
}


def main(arguments: list[str]) -> None:
    """Write the description to standard output."""
    if arguments != ["--openapi"]:
        sys.exit("usage: python -m cloud.app --openapi > cloud/openapi.json   (to serve: thirdshift cloud api)")
    described = describe(create_app(Settings(), Clock()))
    sys.stdout.write(orjson.dumps(described, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode() + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
