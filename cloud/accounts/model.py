"""Accounts and log-ins as they cross the border."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints

from cloud.accounts.roles import Role
from cloud.partners.model import Scope
from cloud.registry.model import Wire

SHORTEST = 10
"""Characters of a password at least; what it is made of is its owner's choice."""


Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^\S(.*\S)?$")]
Password = Annotated[SecretStr, Field(min_length=SHORTEST, max_length=200)]
Typed = Annotated[SecretStr, Field(max_length=200)]
"""A password as somebody typed it: whether it is one is not said."""

Text = Annotated[str, Field(max_length=200)]
Token = Annotated[SecretStr, Field(max_length=200)]


class AccountRequest(Wire):
    """A person of the caller's enterprise. Without a password the account is opened by the identity provider alone."""

    name: Annotated[Name, Field(description="what its owner logs in with; an e-mail address where a provider vouches")]
    role: Role
    password: Password | None = None


class AccountChange(Wire):
    """What is to be different; a new password or a disabled account ends the person's sessions."""

    role: Role | None = None
    disabled: bool | None = None
    password: Password | None = None


class Account(Wire):
    """A person who may log in. `password`: has one; `provider`: has logged in through the identity provider."""

    id: str
    name: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None = None
    password: bool
    provider: bool


class Me(Wire):
    """Who is logged in, for which enterprise."""

    id: str
    name: str
    role: Role
    scopes: tuple[Scope, ...]
    enterprise_id: str
    enterprise_name: str
    password: bool


class PasswordChange(Wire):
    """The old one proves that it is its owner who asks."""

    old: Typed
    new: Password


class LoginRequest(Wire):
    """`enterprise` (id or name) is only needed where several enterprises have an account of that name."""

    name: Text
    password: Typed
    enterprise: Text = ""


class ProviderLogin(Wire):
    """An ID token of the identity provider (OpenID Connect Core 1.0, 2), and the nonce that it was asked for with.

    `enterprise` (id or name): whose account is meant.
    """

    id_token: Annotated[SecretStr, Field(max_length=20_000)]
    nonce: Annotated[SecretStr, Field(min_length=16, max_length=200)]
    enterprise: Text = ""


class Renewal(Wire):
    """The renewal of a session, each of which is good once."""

    refresh_token: Token


class LoggedIn(Wire):
    """A session: a token for calls, and what gets the next one before it runs out. Seconds are real."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of a kind
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    account: Me
