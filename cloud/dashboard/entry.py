"""Who comes in: by a key, by name and password, or by what an identity provider says of them."""

import contextlib
from collections.abc import Iterable

import httpx2

from cloud.accounts.model import LoggedIn, LoginRequest, ProviderLogin
from cloud.client import Client
from cloud.dashboard.credentials import Key, Login, Proof, Tokens
from cloud.dashboard.registry import Away, KeyRefused, Refused, Registry

WITHIN = 10.0
"""Seconds (real) that a log-in may take: passwords are hashed slowly, and one after another."""


def nobody(api_url: str) -> Client:
    """The API for calls that need no key. Close it."""
    return Client(api_url, httpx2.Auth(), timeout=WITHIN)


async def by_key(api_url: str, text: str) -> Login:
    """Raises KeyRefused, or Away where nobody can tell."""
    login = for_everybody(api_url, text)
    try:
        own = await login.registry.enterprise()
    except (KeyRefused, Away):
        await login.registry.aclose()
        raise
    login.view, login.scopes = view(own.id, own.scopes), frozenset(own.scopes)
    return login


def for_everybody(api_url: str, text: str) -> Login:
    """The log-in of a demo, which nobody has proved yet."""
    credential = Key(text)
    return Login(credential, Registry(api_url, Proof(credential)), "everybody")


async def by_password(api_url: str, wanted: LoginRequest) -> Login:
    """Raises ApiError or ApiUnreachable."""
    async with nobody(api_url) as client:
        return _login(api_url, await client.log_in(wanted))


async def by_provider(api_url: str, wanted: ProviderLogin) -> Login:
    """Raises ApiError or ApiUnreachable."""
    async with nobody(api_url) as client:
        return _login(api_url, await client.log_in_by_provider(wanted))


def _login(api_url: str, opened: LoggedIn) -> Login:
    tokens, own = Tokens(opened, lambda: nobody(api_url)), opened.account
    registry = Registry(api_url, Proof(tokens))

    async def end() -> None:
        with contextlib.suppress(Away, KeyRefused, Refused):
            await registry.ask(lambda api: api.log_out())

    seen = view(own.enterprise_id, own.scopes)
    return Login(tokens, registry, seen, own.name, own.role, frozenset(own.scopes), own.password, end)


def view(enterprise_id: str, scopes: Iterable[str]) -> str:
    """Whoever has the same of both sees the same, whoever they are."""
    return f"{enterprise_id} {' '.join(sorted(scopes))}"
