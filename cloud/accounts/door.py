"""The door that people come in by: how passwords are checked, how often one may try, and who else vouches for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from cloud.accounts.passwords import Passwords
from cloud.accounts.trust import Home, homes
from cloud.partners.pace import Pace

if TYPE_CHECKING:
    from cloud.accounts.provider import Provider

TRIES, A_TRY = 5, 1 / 6
"""How often a name may be tried at once, and per real second after that: names that nobody has alike."""

ALL_TRIES, ALL_A_SECOND = 200, 20
"""The same for all names together: guessing one password for many names is slow too."""


@dataclass(slots=True)
class Door:
    """One per process. `provider` is None where no identity provider is configured; `homes` by domain."""

    provider: "Provider | None" = None
    homes: Mapping[str, Home] = field(default_factory=dict)
    passwords: Passwords = field(default_factory=Passwords)
    _by_name: Pace = field(default_factory=lambda: Pace(A_TRY, TRIES))
    _all: Pace = field(default_factory=lambda: Pace(ALL_A_SECOND, ALL_TRIES))

    @classmethod
    def of(cls, issuer: str | None, client_id: str | None, domains: str) -> Self:
        """The door as the settings have it."""
        if not (issuer and client_id):
            return cls()
        # Loaded where there is one alone: most have none, and it is large.
        from cloud.accounts.discovery import Discovery  # noqa: PLC0415
        from cloud.accounts.provider import Provider  # noqa: PLC0415

        return cls(Provider(Discovery(issuer), client_id), homes(domains))

    def wait(self, name: str) -> float:
        """Real seconds after which that name may be tried; 0 for now, and then it counts as tried."""
        return self._by_name.wait(name.casefold()) or self._all.wait("")

    def home(self, email: str | None) -> Home | None:
        """Where people of that address's domain belong."""
        return self.homes.get(email.rpartition("@")[2].casefold()) if email else None
