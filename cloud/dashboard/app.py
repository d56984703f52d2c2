"""Wires the dashboard together: pages, their static files, and the headers that keep a browser from going elsewhere."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator

from fastapi import FastAPI
from nicegui import app as served
from nicegui import ui
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from cloud.accounts.discovery import Discovery
from cloud.accounts.trust import loopback
from cloud.config import Settings
from cloud.dashboard import doorway, login
from cloud.dashboard.frame import MARK, MOUNTED, STATIC
from cloud.dashboard.house import House
from cloud.dashboard.openid import RelyingParty
from cloud.dashboard.pages import PAGES
from cloud.dashboard.security import Guarded, SameOrigin
from gateway.errors import UsageError

KEY = "THIRDSHIFT_DASHBOARD_KEY"


def create_app(settings: Settings, key: str | None = None) -> FastAPI:
    """The dashboard as an ASGI app; one per process, as NiceGUI has it.

    `key` logs everybody in. Raises UsageError where the dashboard can be reached from other machines then: whoever
    reaches it would have the key's rights.
    """
    host = settings.dashboard_host
    if key and not loopback(host):
        msg = f"{KEY} logs everybody in, but {host} can be reached from other machines; bind 127.0.0.1, or unset it"
        raise UsageError(msg)
    house = House(settings.api_url, key, PAGES, _client(settings))
    app = FastAPI(lifespan=lambda _: _open(house), docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    doorway.install(house, app)
    _guard(app, settings, only_here=key is not None)
    served.add_static_files(MOUNTED, STATIC)
    served.config.quasar_config["loadingBar"] = {"skipHijack": True}  # it would tell of what nobody waits for
    login.install(house)
    for page in PAGES:
        page.install(house)
    _run(app)
    return app


def _run(app: FastAPI) -> None:
    """Let NiceGUI serve its pages from the app; the mark on the tab is the header's, in colours of its own."""
    ui.run_with(
        app,
        title="Thirdshift",
        favicon=MARK.replace("var(--ink)", "#17212b")
        .replace("var(--card)", "#fff")
        .replace("var(--available)", "#2cc295"),
        tailwind=False,
        gzip_middleware_factory=None,
        reconnect_timeout=15,
        message_history_length=100,
        show_welcome_message=False,
        binding_refresh_interval=None,
        language="en-US",
    )


@contextlib.asynccontextmanager
async def _open(house: House) -> AsyncIterator[None]:
    chore = asyncio.create_task(house.look_after())
    yield
    chore.cancel()
    await asyncio.gather(chore, return_exceptions=True)
    await house.watchers.aclose()


def _client(settings: Settings) -> RelyingParty | None:
    if not (settings.oidc_issuer and settings.oidc_client_id):
        return None
    home = settings.dashboard_public or settings.dashboard_url
    discovery = Discovery(settings.oidc_issuer)
    return RelyingParty(discovery, settings.oidc_client_id, settings.oidc_client_secret, settings.oidc_scopes, home)


def _guard(app: FastAPI, settings: Settings, *, only_here: bool) -> None:
    """What each request and each answer goes through; what is added last is outermost."""
    secure = (settings.dashboard_public or "").startswith("https:")
    # A new secret per start: sessions live in memory, so cookies of an earlier process mean nothing anyway.
    app.add_middleware(
        SessionMiddleware,
        secret_key=secrets.token_urlsafe(32),
        session_cookie="__Host-thirdshift" if secure else "thirdshift",
        same_site="lax",
        https_only=secure,
        max_age=None,
    )
    app.add_middleware(SameOrigin, home=settings.dashboard_public)
    app.add_middleware(Guarded, secure=secure)
    app.add_middleware(GZipMiddleware, compresslevel=5)
    if only_here:
        # Else a page of the web could reach the demo through a name of its own that points to this machine.
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]"])
