"""OAuth 2 client credentials (RFC 6749, 4.4): a key is exchanged for a token that lives an hour."""

import base64
import binascii
from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import unquote_plus

import asyncpg
from fastapi import APIRouter, Form, Header
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.call import AnyDesk
from cloud.db import reaching
from cloud.partners.model import Scope, Secret

LIFE = timedelta(hours=1)
"""Real time that a token lives; it dies earlier if its key is revoked."""

ISSUE = "SELECT scopes FROM ts_issue_token($1, $2, $3, $4, $5, $6)"
NO_STORE = {"Cache-Control": "no-store"}

router = APIRouter(prefix="/v1", tags=["partners"])


class Token(BaseModel):
    """RFC 6749, 5.1. `expires_in` is in real seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of a kind
    expires_in: int
    scope: str


class TokenProblem(BaseModel):
    """RFC 6749, 5.2: what OAuth libraries expect here, in the place of a problem of ours."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    error: str
    error_description: str


Text = Annotated[str | None, Field(max_length=200)]


class TokenRequest(BaseModel):
    """RFC 6749, 4.4.2; fields that nobody knows are passed over, as 3.2 asks."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    grant_type: Text = None
    client_id: Text = None
    client_secret: Text = None
    scope: Text = None


@router.post(
    "/oauth/token", response_model=Token, responses={400: {"model": TokenProblem}, 401: {"model": TokenProblem}}
)
async def issue_token(
    desk: AnyDesk, wanted: Annotated[TokenRequest, Form()], authorization: Annotated[str | None, Header()] = None
) -> JSONResponse:
    """Exchange a key for an access token: client_id is the key's id, client_secret its text; by form or HTTP Basic."""
    if wanted.grant_type != "client_credentials":
        return _refused("unsupported_grant_type", "send grant_type=client_credentials")
    client, secret = _basic(authorization) or (wanted.client_id or "", wanted.client_secret or "")
    asked = wanted.scope.split() if wanted.scope else None
    if asked and not set(asked) <= set(Scope):
        return _refused("invalid_scope", f"the scopes are {', '.join(Scope)}")
    token, now = Secret.token(), desk.clock.now()
    granted = await _issue(desk.pool, client, Secret(secret), token, asked, now + desk.clock.business(LIFE), now)
    if granted is None:
        return _refused("invalid_client", "client_id is the id of a living key, client_secret its whole text", 401)
    if not granted or (asked and set(asked) > set(granted)):
        return _refused("invalid_scope", f"the key has these of the scopes asked for: {', '.join(granted) or 'none'}")
    told = Token(access_token=token.text, expires_in=int(LIFE.total_seconds()), scope=" ".join(granted))
    return JSONResponse(told.model_dump(), headers=NO_STORE)


async def _issue(  # noqa: PLR0913, PLR0917 - the columns of a token
    pool: asyncpg.Pool, client: str, secret: Secret, token: Secret, asked: list[str] | None, until: object, now: object
) -> list[str] | None:
    async with reaching():
        granted: list[str] | None = await pool.fetchval(ISSUE, client, secret.hash, token.hash, asked, until, now)
    return granted


def _basic(authorization: str | None) -> tuple[str, str] | None:
    """Client and secret of HTTP Basic; each was form-encoded before it was joined (RFC 6749, 2.3.1)."""
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client, _, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ("", "")
    return unquote_plus(client), unquote_plus(secret)


def _refused(error: str, description: str, status: int = 400) -> JSONResponse:
    headers = {**NO_STORE, **({"WWW-Authenticate": 'Basic realm="thirdshift"'} if status == 401 else {})}
    return JSONResponse({"error": error, "error_description": description}, status, headers)
