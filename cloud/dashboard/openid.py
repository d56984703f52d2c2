"""The dashboard as a client of an identity provider: code flow with PKCE, state and nonce (RFC 9700, 2.1.1)."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from urllib.parse import urlencode

from cloud.accounts.discovery import Discovery
from cloud.accounts.person import ProviderAway
from cloud.dashboard.sessions import Asked

BACK = "/login/provider/back"
AFTER = "/login"


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """What the provider knows this dashboard as. `secret` is None for a public client, which PKCE protects alone."""

    discovery: Discovery
    client_id: str
    secret: str | None
    scopes: str
    home: str

    @property
    def back(self) -> str:
        """Where the provider sends people back to: always the same, whatever was asked."""
        return self.home.rstrip("/") + BACK

    @staticmethod
    def ask(enterprise: str) -> Asked:
        """New secrets for one log-in, to an account of that enterprise (empty: not said)."""
        return Asked(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), enterprise)

    async def door(self, asked: Asked) -> str:
        """The address that the browser is sent to. Raises ProviderAway."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(asked.verifier.encode()).digest()).rstrip(b"=")
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.back,
            "scope": self.scopes,
            "state": asked.state,
            "nonce": asked.nonce,
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
        }
        endpoint = (await self.discovery.endpoints()).authorization_endpoint
        return _with(endpoint, query)

    async def way_out(self, id_token: str) -> str:
        """Where the person of that token logs out at the provider too, and is sent back from; empty where it has none.

        RP-Initiated Logout 1.0, 2. Raises ProviderAway.
        """
        endpoint = (await self.discovery.endpoints()).end_session_endpoint
        back = self.home.rstrip("/") + AFTER
        query = {"id_token_hint": id_token, "client_id": self.client_id, "post_logout_redirect_uri": back}
        return _with(endpoint, query) if endpoint else ""

    async def id_token(self, code: str, asked: Asked) -> str:
        """The ID token that the code is exchanged for. Raises ProviderAway, where the code is not good too."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.back,
            "client_id": self.client_id,
            "code_verifier": asked.verifier,
        }
        basic = (self.client_id, self.secret) if self.secret else None
        endpoint = (await self.discovery.endpoints()).token_endpoint
        told = await self.discovery.ask("POST", endpoint, form=form, basic=basic)
        if not isinstance(told.get("id_token"), str):
            msg = f"{endpoint} gave no ID token"
            raise ProviderAway(msg)
        return str(told["id_token"])


def _with(endpoint: str, query: dict[str, str]) -> str:
    return endpoint + ("&" if "?" in endpoint else "?") + urlencode(query)
