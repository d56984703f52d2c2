"""What the log-in page's forms send, and where an identity provider sends people back to: plain routes, no page."""

import secrets
from typing import Annotated

import structlog
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cloud.accounts.model import LoginRequest, ProviderLogin
from cloud.accounts.person import ProviderAway
from cloud.client import ApiError, ApiUnreachable
from cloud.dashboard import entry
from cloud.dashboard.credentials import Login
from cloud.dashboard.house import House
from cloud.dashboard.openid import BACK, RelyingParty
from cloud.dashboard.registry import Away, KeyRefused
from cloud.dashboard.sessions import Asked

FORMS = ("ts_live_", "ts_test_")
PROVIDER, OUT = "/login/provider", "/login/provider/out"
SEE_OTHER = 303
MOST = 10_000
"""Bytes of a form, which says beforehand how long it is."""

log = structlog.get_logger(__name__)

Text = Annotated[str, Field(max_length=200)]


class Entered(BaseModel):
    """A form of the log-in page: a name and a password (and an enterprise, where several have that name), or a key.

    Or `sought`, the enterprise that somebody comes to by single sign-on: taken from a form of our own page alone, for
    who could put it into an address could lead people into his own enterprise.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: Text = ""
    password: Text = ""
    enterprise: Text = ""
    key: Text = ""
    sought: Text | None = None


def install(house: House, app: FastAPI) -> None:
    """Serve the routes. Each answers with the way to the page that was wanted, or back to the log-in page."""

    @app.post("/login")
    async def enter(request: Request) -> RedirectResponse:
        # Read here, for a fault that FastAPI told would repeat what was typed.
        if int(request.headers.get("content-length", MOST)) >= MOST:
            return _go_on(house, request, "login.wrong")
        try:
            entered = Entered.model_validate(dict(await request.form(max_files=0, max_fields=10)))
        except (ValidationError, HTTPException):
            return _go_on(house, request, "login.wrong")
        if entered.sought is not None:
            house.visit(request).session.sought = entered.sought.strip()
            return RedirectResponse("/login", SEE_OTHER)
        return _go_on(house, request, await _find(house, entered))

    @app.post("/logout")
    async def leave(request: Request) -> RedirectResponse:
        await house.log_out(house.visit(request).browser)
        return RedirectResponse("/login", SEE_OTHER)

    _install_provider(house, app)


def _install_provider(house: House, app: FastAPI) -> None:
    @app.get(PROVIDER)
    async def ask_provider(request: Request) -> RedirectResponse:
        if house.client is None:
            return RedirectResponse("/login", SEE_OTHER)
        asked = house.client.ask(house.visit(request).session.sought)
        try:
            door = await house.client.door(asked)
        except ProviderAway as error:
            log.warning("the identity provider is away", error=str(error))
            return _go_on(house, request, "login.provider_away")
        house.visit(request).session.asked = asked
        return RedirectResponse(door, SEE_OTHER)

    @app.get(OUT)
    async def leave_provider(request: Request) -> RedirectResponse:
        session = house.visit(request).session
        way_out, session.way_out = session.way_out, ""
        return RedirectResponse(way_out or "/login", SEE_OTHER)

    @app.get(BACK)
    async def back(request: Request, state: str = "", code: str = "", error: str = "") -> RedirectResponse:
        session = house.visit(request).session
        asked, session.asked = session.asked, None
        if house.client is None or asked is None or not secrets.compare_digest(state.encode(), asked.state.encode()):
            log.warning("somebody came back from the identity provider who had not been sent there")
            return _go_on(house, request, "login.provider_other")
        if error or not code:
            return _go_on(house, request, "login.provider_no")
        return _go_on(house, request, await _proven(house, house.client, code, asked))


async def _proven(house: House, client: RelyingParty, code: str, asked: Asked) -> Login | str:
    """The log-in that the provider's code stands for, or the dictionary's entry that says why there is none."""
    try:
        token = await client.id_token(code, asked)
        brought = {"id_token": token, "nonce": asked.nonce, "enterprise": asked.enterprise}
        way_out = await client.way_out(token)
        login = await entry.by_provider(house.api_url, ProviderLogin.model_validate(brought))
        login.way_out = way_out
    except (ProviderAway, ApiError, ApiUnreachable) as problem:
        log.warning("a log-in by the identity provider failed", error=str(problem))
        refused = isinstance(problem, ApiError) and problem.status == 401
        return "login.provider_unknown" if refused else "login.provider_away"
    return login


async def _find(house: House, entered: Entered) -> Login | str:
    """The log-in, or the dictionary's entry that says why there is none."""
    try:
        if entered.key:
            key = entered.key.strip()
            return await entry.by_key(house.api_url, key) if key.startswith(FORMS) else "login.form"
        wanted = LoginRequest.model_validate(entered.model_dump(exclude={"key", "sought"}))
        return await entry.by_password(house.api_url, wanted)
    except KeyRefused:
        return "login.refused"
    except ApiError as error:
        return {401: "login.wrong", 422: "login.wrong", 429: "login.slow"}.get(error.status, "login.away")
    except ValidationError:
        return "login.wrong"
    except (Away, ApiUnreachable):
        return "login.away"


def _go_on(house: House, request: Request, found: Login | str) -> RedirectResponse:
    guest = house.visit(request)
    if isinstance(found, str):
        guest.session.problem, guest.session.refused = found, False
        return RedirectResponse("/login", SEE_OTHER)
    fresh = secrets.token_urlsafe(24)
    session = house.sessions.begin(guest.browser, fresh, found)
    request.session["id"] = fresh
    wanted, session.wanted = session.wanted, "/"
    return RedirectResponse(wanted, SEE_OTHER)
