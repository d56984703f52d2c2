"""The routes of logging in: a password or an identity provider's word becomes a session, which is renewed and ended."""

import hashlib
from typing import Annotated

import structlog
from fastapi import APIRouter, Header, Request, Response

from cloud.accounts import store
from cloud.accounts.model import LoggedIn, LoginRequest, ProviderLogin, Renewal
from cloud.accounts.person import ProviderAway, Unproven
from cloud.api import catalogue as c
from cloud.api.call import AnyDesk, Desk
from cloud.api.problem import Problem, current
from cloud.api.problems import documented
from cloud.partners.auth import Caller
from cloud.partners.model import Secret, read

router = APIRouter(prefix="/v1", tags=["accounts"])

log = structlog.get_logger(__name__)


@router.post("/login", responses=documented(c.LOGIN_REFUSED, c.RATE_LIMITED))
async def log_in(desk: AnyDesk, request: Request, response: Response, wanted: LoginRequest) -> LoggedIn:
    """Log in with name and password. A name that nobody has is answered like a wrong password, and as slowly."""
    if seconds := desk.door.wait(wanted.name):
        raise Problem(c.RATE_LIMITED, retry_after_s=round(seconds, 3))
    known = await store.by_name(desk.pool, wanted.name, wanted.enterprise)
    if not await desk.door.passwords.good(wanted.password.get_secret_value(), known.password if known else None):
        _note(desk, request, known)
        raise Problem(c.LOGIN_REFUSED)
    assert known  # noqa: S101 - nobody's password is never good
    return _told(response, await store.open_session(desk.pool, known.id, desk.clock))


@router.post("/login/provider", responses=documented(c.LOGIN_REFUSED, c.LOGIN_NO_PROVIDER, c.PROVIDER_AWAY))
async def log_in_by_provider(desk: AnyDesk, response: Response, wanted: ProviderLogin) -> LoggedIn:
    """Log in with an ID token of the identity provider, which is good once; its person must have an account.

    The first time, `enterprise` is needed too: any enterprise can make an account of any address. Later only where the
    person has accounts in several. It is not looked at where the registry knows whose the address's domain is.
    """
    door, token = desk.door, wanted.id_token.get_secret_value()
    if door.provider is None:
        raise Problem(c.LOGIN_NO_PROVIDER)
    try:
        person = await door.provider.proven(token, wanted.nonce.get_secret_value())
    except ProviderAway as error:
        log.warning("the identity provider is away", error=str(error))
        raise Problem(c.PROVIDER_AWAY) from error
    if isinstance(person, Unproven):
        log.warning("an ID token proves nothing", why=person.why)
        raise Problem(c.LOGIN_REFUSED)
    known = await store.by_subject(desk.pool, person, door.home(person.email), wanted.enterprise, desk.clock.now())
    if known is None:
        raise Problem(c.LOGIN_REFUSED)
    proof = hashlib.sha256(token.encode()).digest()
    return _told(response, await store.open_session(desk.pool, known.id, desk.clock, proof))


@router.post("/login/renew", responses=documented(c.LOGIN_REFUSED))
async def renew_login(desk: AnyDesk, response: Response, wanted: Renewal) -> LoggedIn:
    """Exchange a session's renewal for new tokens. One that was used before ends its session."""
    return _told(response, await store.renew(desk.pool, Secret(wanted.refresh_token.get_secret_value()), desk.clock))


@router.post("/logout", status_code=204)
async def log_out(
    desk: AnyDesk, authorization: Annotated[str | None, Header(include_in_schema=False)] = None
) -> Response:
    """End the session of the access token that is sent; what is no session's ends nothing."""
    if token := read(authorization):
        await store.close_session(desk.pool, token)
        desk.auth.forget()
    return Response(status_code=204)


def _told(response: Response, opened: LoggedIn | None) -> LoggedIn:
    if opened is None:
        raise Problem(c.LOGIN_REFUSED)
    response.headers["Cache-Control"] = "no-store"
    return opened


def _note(desk: Desk, request: Request, known: store.Known | None) -> None:
    """For the audit trail of the enterprise whose account it is."""
    if known:
        caller = Caller(known.enterprise_id, "", frozenset(), account_id=known.id)
        action = f"{request.method} {request.url.path}"
        desk.refusals.note(caller, action, c.LOGIN_REFUSED.code, current(), desk.clock.now())
