"""Wires the dashboard together: pages, their static files, and the headers that keep a browser from going elsewhere."""

import contextlib
import ipaddress
import secrets
from collections.abc import AsyncIterator

from fastapi import FastAPI
from nicegui import app as pages
from nicegui import ui
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.dashboard import login
from cloud.dashboard.frame import MARK, MOUNTED, STATIC
from cloud.dashboard.house import House
from cloud.dashboard.pages import PAGES
from gateway.errors import UsageError

KEY = "THIRDSHIFT_DASHBOARD_KEY"

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: wss:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""NiceGUI's pages carry inline scripts and compile expressions; nothing may come from, or go to, another host."""

HEADERS = {
    b"content-security-policy": POLICY.encode(),
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
}


class Guarded:
    """ASGI middleware that adds HEADERS to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS.items()]
            await send(message)

        await self._app(scope, receive, told if scope["type"] == "http" else send)


def loopback(host: str) -> bool:
    """Can only this machine reach that address?"""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def create_app(api_url: str, host: str, key: str | None = None) -> FastAPI:
    """The dashboard as an ASGI app; one per process, as NiceGUI has it.

    `key` logs everybody in. Raises UsageError where `host` can be reached from other machines: whoever reaches it
    would have the key's rights.
    """
    if key and not loopback(host):
        msg = f"{KEY} logs everybody in, but {host} can be reached from other machines; bind 127.0.0.1, or unset it"
        raise UsageError(msg)
    house = House(api_url, key, PAGES)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await house.watchers.aclose()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    # A new secret per start: sessions live in memory, so cookies of an earlier process mean nothing anyway.
    app.add_middleware(SessionMiddleware, secret_key=secrets.token_urlsafe(32), same_site="lax")
    app.add_middleware(Guarded)
    if key:
        # Else a page of the web could reach the demo through a name of its own that points to this machine.
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]"])
    pages.add_static_files(MOUNTED, STATIC)
    login.install(house)
    for page in PAGES:
        page.install(house)
    ui.run_with(
        app,
        title="Thirdshift",
        favicon=MARK.replace("var(--ink)", "#17212b")
        .replace("var(--card)", "#fff")
        .replace("var(--available)", "#2cc295"),
        tailwind=False,
        gzip_middleware_factory=lambda app: GZipMiddleware(app, compresslevel=5),
        reconnect_timeout=15,
        message_history_length=100,
        show_welcome_message=False,
        binding_refresh_interval=None,
        language="en-US",
    )
    return app
