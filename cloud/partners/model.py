"""API keys and scopes as they cross the border."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_serializer

_TOKEN = "ts_token_"  # noqa: S105 - what each begins with
_FORMS = ("ts_live_", "ts_test_", _TOKEN)


class Scope(StrEnum):
    """What a key may do: look, book as a partner, offer as a provider, or administer the enterprise's own things."""

    READ = "read"
    BOOK = "book"
    PROVIDE = "provide"
    ADMIN = "admin"


EVERY_SCOPE = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Secret:
    """A key's whole text, which only its holder keeps."""

    text: str

    @classmethod
    def new(cls, *, live: bool = True) -> "Secret":
        return cls(_FORMS[0 if live else 1] + secrets.token_urlsafe(32))

    @classmethod
    def token(cls) -> "Secret":
        """An access token: a key for an hour."""
        return cls(_TOKEN + secrets.token_urlsafe(32))

    @property
    def prefix(self) -> str:
        """The part that may be shown again, so that people can tell their keys apart."""
        return self.text[:16]

    @property
    def hash(self) -> bytes:
        """SHA-256 of the text: with 256 random bits, a slow hash would protect nothing more."""
        return hashlib.sha256(self.text.encode()).digest()


def read(authorization: str | None) -> Secret | None:
    """The key in an `Authorization: Bearer …` header, or None where there is none of our form."""
    scheme, _, text = (authorization or "").partition(" ")
    return Secret(text.strip()) if scheme.lower() == "bearer" and text.strip().startswith(_FORMS) else None


MostHolds = Annotated[int | None, Field(ge=1, le=1_000_000, description="at once; null: as many as any key")]


class KeyRequest(BaseModel):
    """A new key of the caller's own enterprise."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=100)]
    scopes: Annotated[frozenset[Scope], Field(min_length=1)]
    live: bool = True
    most_holds: MostHolds = None

    @field_serializer("scopes")
    def _sorted(self, scopes: frozenset[Scope]) -> list[Scope]:
        """In one order, so that a repeated request is known by its hash in any process."""
        return sorted(scopes)


class KeyAnswer(BaseModel):
    """A key as it is listed; its text is never shown again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    name: str
    prefix: str
    scopes: tuple[Scope, ...]
    most_holds: MostHolds = None
    created_at: datetime
    revoked_at: datetime | None = None


class NewKey(KeyAnswer):
    """A key just made, with its whole text in `key`: the only time that it is shown."""

    key: str
