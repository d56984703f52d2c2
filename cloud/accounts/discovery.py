"""Reads what an identity provider says of itself: its endpoints and its keys (OpenID Connect Discovery 1.0)."""

import time
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2
import orjson
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from cloud.accounts.person import ProviderAway
from cloud.accounts.trust import trusted

WITHIN = 5.0
MOST = 1 << 18
"""Bytes of an answer at most."""

REMEMBERED = 600.0
"""Seconds (real) after which endpoints and keys are read again."""

ANEW = 10.0
"""Seconds (real) between two readings at least, whatever is brought: a stranger must not have us ask at will."""


class Endpoints(BaseModel):
    """The part of the provider's metadata that is used; each address is one that may be asked."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None

    @field_validator("authorization_endpoint", "token_endpoint", "jwks_uri", "end_session_endpoint")
    @classmethod
    def _may_be_asked(cls, url: str | None) -> str | None:
        if url is not None:
            trusted(urlsplit(url)._replace(query="").geturl())
        return url


class Discovery:
    """One issuer's endpoints and keys; read when they are needed, and kept for a while. Redirects are not followed."""

    def __init__(self, issuer: str, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self.issuer = issuer
        self._transport = transport
        self._endpoints: Endpoints | None = None
        self._keys: KeySet | None = None
        self._read_at = -REMEMBERED

    @classmethod
    def of(cls, issuer: str | None) -> Self | None:
        return cls(issuer) if issuer else None

    async def endpoints(self) -> Endpoints:
        """Raises ProviderAway."""
        if self._endpoints is None or time.monotonic() - self._read_at > REMEMBERED:
            await self._read()
        assert self._endpoints  # noqa: S101 - just read
        return self._endpoints

    async def keys(self, *, anew: bool = False) -> KeySet:
        """The keys that it signs with; `anew` asks again, unless that was just done. Raises ProviderAway."""
        age = time.monotonic() - self._read_at
        if self._keys is None or age > REMEMBERED or (anew and age > ANEW):
            await self._read()
        assert self._keys  # noqa: S101 - just read
        return self._keys

    async def _read(self) -> None:
        told = await self.ask("GET", f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        try:
            found = Endpoints.model_validate(told)
            if found.issuer != self.issuer:
                msg = f"{self.issuer} calls itself {found.issuer}"
                raise ProviderAway(msg)
            self._keys = KeySet.import_key_set(await self.ask("GET", found.jwks_uri))  # type: ignore[arg-type]
        except (ValidationError, JoseError, ValueError, KeyError, TypeError) as error:
            msg = f"{self.issuer} says of itself what cannot be used ({type(error).__name__})"
            raise ProviderAway(msg) from error
        self._endpoints, self._read_at = found, time.monotonic()

    async def ask(
        self, method: str, url: str, *, form: dict[str, str] | None = None, basic: tuple[str, str] | None = None
    ) -> dict[str, Any]:
        """One call of the provider, whose answer is a JSON object. Raises ProviderAway."""
        try:
            async with (
                httpx2.AsyncClient(timeout=WITHIN, follow_redirects=False, transport=self._transport) as client,
                client.stream(method, url, data=form, auth=basic, headers={"Accept": "application/json"}) as answer,
            ):
                return _read_object(url, answer.status_code, await _limited(answer))
        except httpx2.HTTPError as error:
            msg = f"{url} does not answer ({type(error).__name__})"
            raise ProviderAway(msg) from error


async def _limited(answer: httpx2.Response) -> bytes:
    body = b""
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > MOST:
            msg = f"{answer.url} answers more than {MOST} bytes"
            raise ProviderAway(msg)
    return body


def _read_object(url: str, status: int, body: bytes) -> dict[str, Any]:
    try:
        told = orjson.loads(body) if status == 200 else None
    except orjson.JSONDecodeError:
        told = None
    if not isinstance(told, dict):
        msg = f"{url} answers {status}, not a JSON object"
        raise ProviderAway(msg)
    return told
