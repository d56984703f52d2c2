"""The outermost room of the API: every answer carries a Request-Id, and an unexpected failure still gets an answer."""

import re
import secrets

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.api.catalogue import INTERNAL
from cloud.api.problem import REQUEST_ID
from cloud.api.problems import answer, away
from cloud.db import AWAY
from cloud.errors import DatabaseAway

_USABLE = re.compile(rb"[A-Za-z0-9._-]{1,100}")

log = structlog.get_logger()


class RequestId:
    """ASGI middleware: echoes the caller's `Request-Id` where it is usable, else gives one, and logs under it.

    It is passed through by every call, so it looks at the raw headers, and tells structlog of itself alone.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _chosen(scope)
        header = (b"request-id", request_id.encode())
        started = False

        async def stamped(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message["headers"], header]
            await send(message)

        here, logged = REQUEST_ID.set(request_id), structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self.app(scope, receive, stamped)
        except Exception as error:
            if started:
                raise
            await self._apologise(error)(scope, receive, stamped)
        finally:
            structlog.contextvars.reset_contextvars(**logged)
            REQUEST_ID.reset(here)

    @staticmethod
    def _apologise(error: Exception) -> ASGIApp:
        if isinstance(error, (*AWAY, DatabaseAway)):
            return away(error)
        log.error("request failed", exc_info=error)
        return answer(INTERNAL, "an unexpected failure; it was logged under this Request-Id")


def _chosen(scope: Scope) -> str:
    given = next((value for name, value in scope["headers"] if name == b"request-id"), b"")
    return given.decode() if _USABLE.fullmatch(given) else f"req_{secrets.token_hex(8)}"
