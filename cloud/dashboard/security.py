"""What keeps a browser with this host: a content security policy with a new nonce for each page, and one origin."""

import re
import secrets
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    # Not no-referrer: then browsers would not say where a form is from.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
}

_HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d+)?|\[[0-9a-fA-F:]+\](:\d+)?")
_SCRIPT = re.compile(rb"<script(?=[\s>])")
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def policy(nonce: str, host: str) -> str:
    """The page's own scripts, and those that it names itself; nothing comes from, or goes to, another host.

    NiceGUI compiles expressions, hence `unsafe-eval`; no text can become a script by it, for none is written into
    expressions. Styles may be inline, for elements have them.
    """
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    return (
        f"default-src 'self'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; script-src-attr 'none'; "
        f"style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        f"connect-src 'self'{sockets}; object-src 'none'; worker-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )


class Guarded:
    """ASGI middleware: HEADERS and the policy on every answer, and its nonce on every script of a page.

    `secure`: browsers see the dashboard through TLS, and are told to come by nothing else.
    """

    def __init__(self, app: ASGIApp, *, secure: bool = False) -> None:
        self._app = app
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _Guard(send, Headers(scope=scope).get("host", ""), secure=self._secure))


class _Guard:
    """One answer on its way out; a page is held back until it is whole."""

    def __init__(self, send: Send, host: str, *, secure: bool) -> None:
        self._send = send
        self._host = host
        self._secure = secure
        self._nonce = secrets.token_urlsafe(16)
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            headers.update({**HEADERS, "content-security-policy": policy(self._nonce, self._host)})
            if self._secure:
                headers["strict-transport-security"] = "max-age=31536000"
            if headers.get("content-type", "").startswith("text/html"):
                self._start = message
                return
        elif self._start:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._finish(self._start)
            return
        await self._send(message)

    async def _finish(self, start: Message) -> None:
        body = _SCRIPT.sub(b'<script nonce="' + self._nonce.encode() + b'"', self._body)
        MutableHeaders(raw=start["headers"])["content-length"] = str(len(body))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


class SameOrigin:
    """ASGI middleware: what changes something, and every socket, comes from a page of this very host.

    Browsers say where a request is from; what is no browser says nothing, and has no cookie that it was tricked into
    sending. `home` is the dashboard's address as browsers see it, where a proxy stands before it.
    """

    def __init__(self, app: ASGIApp, home: str | None = None) -> None:
        self._app = app
        self._home = urlsplit(home).netloc if home else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"} and not self._admits(scope):
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                await PlainTextResponse("this is sent from another site", 403)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _admits(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        if scope["type"] == "http" and scope["method"] in SAFE:
            return True
        if "origin" not in headers:
            return headers.get("sec-fetch-site", "none") in {"none", "same-origin"}
        return urlsplit(headers["origin"]).netloc in {self._home or headers.get("host", ""), headers.get("host", "")}
