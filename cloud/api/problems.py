"""How whatever goes wrong becomes an RFC 9457 problem: ours by code, validation by field, a lost database as 503."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import asyncpg
import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from cloud.api.catalogue import (
    CAPACITY_INSUFFICIENT,
    DATABASE_AWAY,
    INTERNAL,
    METHOD_UNKNOWN,
    REQUEST_INVALID,
    REQUEST_MALFORMED,
    REQUEST_TOO_LARGE,
    ROUTE_UNKNOWN,
    STORE_AWAY,
    Kind,
)
from cloud.api.problem import Problem, current
from cloud.db import AWAY
from cloud.errors import DatabaseAway
from cloud.telemetry.model import StoreAway

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
SILENT = 60.0
"""Real seconds in which a cause of 503 is told once."""

RETRY_AFTER = 2
"""Seconds that a caller is asked to wait while the database is away, or while its own request is in flight."""


def answer(
    kind: Kind, detail: str, facts: Mapping[str, object] | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """The problem as a response; None-valued facts are left out."""
    body: dict[str, object] = {
        "type": f"/v1/problems/{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "code": kind.code,
        "detail": detail,
        "remedy": kind.remedy,
    }
    body |= {name: value for name, value in (facts or {}).items() if value is not None}
    if request_id := current():
        body["request_id"] = request_id
    return Response(orjson.dumps(body, default=str), kind.status, {**_extra(kind), **(headers or {})}, MEDIA_TYPE)


def away(error: Exception) -> Response:
    """The answer while the database cannot be reached: never a 500, and a word on when to come back.

    Its operator is told too, each cause once a minute: that a disk is full nobody else would say.
    """
    cause, now = _cause(error), time.monotonic()
    if now - _told.get(cause, -SILENT) >= SILENT:
        _told[cause] = now
        log.warning("calls are answered 503", cause=cause, reason=str(error.__cause__ or error))
    return answer(DATABASE_AWAY, f"the database is away ({_cause(error)}); what was not answered may be sent again")


_told: dict[str, float] = {}
"""When this process last told of which cause."""


def _cause(error: Exception) -> str:
    return type(error.__cause__ or error).__name__


def install(app: FastAPI) -> None:
    """Make every error of the app a problem."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(asyncpg.DataError, _unwritable)
    app.add_exception_handler(asyncpg.ExclusionViolationError, _sold)
    for error in (*AWAY, DatabaseAway):
        app.add_exception_handler(error, _away)
    app.add_exception_handler(StoreAway, _store_away)


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - registered for this type alone
    if error.kind.status in {401, 403}:
        _note(request, error.kind)
    return answer(error.kind, error.detail, error.facts)


def _note(request: Request, kind: Kind) -> None:
    """For the audit trail, where it is known who was refused."""
    if caller := getattr(request.state, "caller", None):
        desk, route = request.app.state.desk, request.scope.get("route")
        action = f"{request.method} {getattr(route, 'path', request.url.path)}"
        desk.refusals.note(caller, action, kind.code, current(), desk.clock.now())


async def _away(_: Request, error: Exception) -> Response:
    return away(error)


async def _store_away(_: Request, error: Exception) -> Response:
    log.warning("samples cannot be read", reason=str(error))
    return answer(STORE_AWAY, f"the store of samples is away ({_cause(error)})")


async def _unwritable(request: Request, _: Exception) -> Response:
    """A value passed our own checks, and the database cannot keep it: in practice the character U+0000 in a text."""
    errors = [{"pointer": place, "detail": "the character U+0000 cannot be kept"} for place in await _nuls(request)]
    errors = errors or [{"pointer": "", "detail": "a value is outside of what can be kept"}]
    return answer(REQUEST_INVALID, "; ".join(f"{e['pointer']}: {e['detail']}" for e in errors), {"errors": errors})


async def _nuls(request: Request) -> list[str]:
    """Where the request has that character: pointers as those of `pointer`."""
    found = [f"path/{name}" for name, value in request.path_params.items() if "\0" in str(value)]
    found += [f"query/{name}" for name, value in request.query_params.items() if "\0" in value]
    body = await request.body()
    return found + (list(_within(await request.json(), ("body",))) if body else [])


def _within(value: object, place: tuple[int | str, ...]) -> Iterator[str]:
    match value:
        case str() if "\0" in value:
            yield pointer(place)
        case dict():
            for name, part in value.items():
                yield from _within(name, (*place, name))
                yield from _within(part, (*place, name))
        case list():
            for index, part in enumerate(value):
                yield from _within(part, (*place, index))


async def _sold(_: Request, __: Exception) -> Response:
    """The constraint behind the locks refused a second claim: the backstop, which nobody should ever see."""
    return answer(CAPACITY_INSUFFICIENT, "somebody else was faster")


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type alone
    faults = error.errors()
    if any(fault["type"] == "json_invalid" for fault in faults):
        return answer(REQUEST_MALFORMED, f"the body is not JSON: {faults[0]['ctx']['error']}")
    errors = [{"pointer": pointer(fault["loc"]), "detail": _said(fault)} for fault in faults[:20]]
    detail = "; ".join(f"{fault['pointer']}: {fault['detail']}" for fault in errors[:3])
    return answer(REQUEST_INVALID, detail, {"errors": errors})


def _said(fault: Mapping[str, Any]) -> str:
    """What is wrong, in words; a body that came as something else than JSON is no object, whatever it looks like."""
    unread = tuple(fault["loc"]) == ("body",) and isinstance(fault.get("input"), bytes)
    return "not read as JSON; send the header Content-Type: application/json" if unread else str(fault["msg"])


def pointer(location: Sequence[int | str]) -> str:
    """Where the fault is: a JSON Pointer into the body (`/price/amount`), or `query/limit`, `header/…`, `path/…`."""
    place, *rest = map(str, location)
    inside = "/".join(part.replace("~", "~0").replace("/", "~1") for part in rest)
    return f"/{inside}" if place == "body" else f"{place}/{inside}"


_BY_STATUS = {404: ROUTE_UNKNOWN, 405: METHOD_UNKNOWN, 413: REQUEST_TOO_LARGE, 400: REQUEST_MALFORMED}


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type alone
    kind = _BY_STATUS.get(error.status_code, INTERNAL)
    return answer(kind, str(error.detail), headers=error.headers)


def _extra(kind: Kind) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if kind.retryable:
        headers["Retry-After"] = str(RETRY_AFTER)
    if kind.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="thirdshift"'
    return headers


def documented(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route for OpenAPI: the problems it may answer with, gathered by status."""
    found: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        known = found.setdefault(kind.status, {"description": "", "content": {MEDIA_TYPE: {"schema": _REFERENCE}}})
        known["description"] += f"{', ' if known['description'] else ''}`{kind.code}`"
    return found


_REFERENCE = {"$ref": "#/components/schemas/Problem"}
