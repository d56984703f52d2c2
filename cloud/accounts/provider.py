"""Whom an identity provider vouches for: ID tokens, held against its own keys (OpenID Connect Core 1.0, 3.1.3.7)."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from cloud.accounts.discovery import Discovery
from cloud.accounts.person import Person, Unproven

ALGORITHMS = ["RS256", "PS256", "ES256"]
"""Signatures only, and of these none that a public key could forge (`none`, HMAC)."""

LEEWAY = 30
"""Seconds (real) that the provider's clock and ours may differ."""


class Provider:
    """The one issuer that is trusted, and the client id that its tokens must be meant for."""

    def __init__(self, discovery: Discovery, client_id: str, wall: Callable[[], float] = time.time) -> None:
        self._discovery = discovery
        self._client_id = client_id
        self._wall = wall

    async def proven(self, id_token: str, nonce: str) -> Person | Unproven:
        """Whose token it is. Raises ProviderAway where the provider's keys cannot be read."""
        found = self._read(id_token, await self._discovery.keys(), nonce)
        if found is None:
            # It may be signed with a key that is newer than those we know.
            found = self._read(id_token, await self._discovery.keys(anew=True), nonce)
        return found or Unproven("no key of the issuer's has signed it")

    def _read(self, id_token: str, keys: KeySet, nonce: str) -> Person | Unproven | None:
        """None where no key of these has signed it."""
        try:
            claims = jwt.decode(id_token, keys, algorithms=ALGORITHMS).claims
        except (JoseError, ValueError) as error:
            return None if _unsigned(error) else Unproven(f"{type(error).__name__}: {error}")
        return self._held_against(claims, nonce)

    def _held_against(self, claims: Mapping[str, Any], nonce: str) -> Person | Unproven:
        rules: Any = {
            "iss": {"essential": True, "value": self._discovery.issuer},
            "aud": {"essential": True, "value": self._client_id},
            "nonce": {"essential": True, "value": nonce},
            "sub": {"essential": True},
            "exp": {"essential": True},
            "iat": {"essential": True},
        }
        try:
            jwt.JWTClaimsRegistry(now=lambda: int(self._wall()), leeway=LEEWAY, **rules).validate(dict(claims))
        except JoseError as error:
            return Unproven(f"{type(error).__name__}: {error}")
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if several else self._client_id) != self._client_id:
            return Unproven("it was issued to another client")
        email = claims.get("email") if claims.get("email_verified") is True else None
        return Person(self._discovery.issuer, str(claims["sub"]), str(email) if email else None)


def _unsigned(error: Exception) -> bool:
    return type(error).__name__ in {"BadSignatureError", "InvalidKeyIdError", "MissingKeyError", "ValueError"}
