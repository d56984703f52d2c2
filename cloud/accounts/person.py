"""What an ID token says: whom the provider knows, or why it proves nothing."""

from dataclasses import dataclass

from cloud.errors import CloudError


class ProviderAway(CloudError):
    """The identity provider does not answer, or not what it should; the same call may be made again."""

    code = "provider.away"
    retryable = True


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the provider knows; `email` only where it says that it is that person's."""

    issuer: str
    subject: str
    email: str | None


@dataclass(frozen=True, slots=True)
class Unproven:
    """The token proves nothing; why is for the log alone."""

    why: str
