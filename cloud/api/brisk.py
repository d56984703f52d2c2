"""The routes that are called most: what FastAPI does for any route, done once for theirs."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, cast

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.api.idempotency import required

JSON = b"application/json"


class Brisk:
    """ASGI middleware: answers calls of these routes; all others go on to the app behind it, as if it were not there.

    A route's endpoint must take one JSON body, the request, and dependencies that look at the request alone, and return
    a Response. A body that its model does not admit goes on too: the app says what is wrong with it. This saves a
    booking a third of its Python.
    """

    def __init__(self, app: ASGIApp, routes: Iterable[APIRoute]) -> None:
        self._app = app
        self._ways = {(method, route.path): _Way(route) for route in routes for method in route.methods or ()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        way = self._ways.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if way is None or not any(name == b"content-type" and value == JSON for name, value in scope["headers"]):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive, send)
        scope["route"] = way.route
        try:
            body = await request.body()
            read = way.read(body)
            response = await way.answer(request, read) if read else None
        except Exception as error:
            handler = _handler(request.app.exception_handlers, error)
            if handler is None:
                raise
            response = await handler(request, error)
        await (response(scope, receive, send) if response else self._app(scope, _again(body, receive), send))


class _Way:
    """A route, taken apart."""

    def __init__(self, route: APIRoute) -> None:
        (body,) = route.dependant.body_params
        self.route = route
        self._model = TypeAdapter[object](cast("Any", body.field_info.annotation)).validate_json
        self._body = body.name
        self._itself = route.dependant.request_param_name
        self._asks = [(cast("str", each.name), cast("Any", each.call)) for each in route.dependant.dependencies]
        self._endpoint: Callable[..., Awaitable[Response]] = route.endpoint

    def read(self, body: bytes) -> object | None:
        """None where the model does not admit it."""
        try:
            return self._model(body)
        except ValidationError:
            return None

    async def answer(self, request: Request, read: object) -> Response:
        values = {self._body: read}
        for name, ask in self._asks:
            values[name] = await ask(request.headers.get("idempotency-key") if ask is required else request)
        if self._itself:
            values[self._itself] = request
        return await self._endpoint(**values)


def _handler(known: Mapping[Any, Callable[..., Any]], error: Exception) -> Callable[..., Awaitable[Response]] | None:
    """The app's own for this kind of error, or the nearest kind that it is one of."""
    return next((known[kind] for kind in type(error).__mro__ if kind in known), None)


def _again(body: bytes, receive: Receive) -> Receive:
    """Gives the body that was read already, once, and then whatever comes."""
    left = [{"type": "http.request", "body": body, "more_body": False}]

    async def given() -> Message:
        return left.pop() if left else await receive()

    return given
