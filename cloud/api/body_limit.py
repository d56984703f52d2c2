"""Bodies past a limit are refused before they are read, also those that do not say how long they are."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.api.catalogue import REQUEST_TOO_LARGE
from cloud.api.problems import answer


class BodyLimit:
    """ASGI middleware: the problem `request.too_large` for a body of more than `most` bytes."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app = app
        self.most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        said = next((value for name, value in scope["headers"] if name == b"content-length"), b"0").decode("latin-1")
        if said.isdecimal() and int(said) > self.most:
            await answer(REQUEST_TOO_LARGE, f"{said} bytes; the limit is {self.most}")(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.most:
                raise HTTPException(413, f"more than {self.most} bytes")
            return message

        await self.app(scope, counted, send)
