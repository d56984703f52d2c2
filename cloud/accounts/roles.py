"""What people may do: their roles, and the scopes of each."""

from collections.abc import Mapping
from enum import StrEnum

from cloud.partners.model import EVERY_SCOPE, Scope


class Role(StrEnum):
    """What a person may do: look, book too, offer too, or administer the enterprise's own things too."""

    VIEWER = "viewer"
    BOOKER = "booker"
    PLANNER = "planner"
    ADMIN = "admin"


ROLES: Mapping[Role, frozenset[Scope]] = {
    Role.VIEWER: frozenset({Scope.READ}),
    Role.BOOKER: frozenset({Scope.READ, Scope.BOOK}),
    Role.PLANNER: frozenset({Scope.READ, Scope.BOOK, Scope.PROVIDE}),
    Role.ADMIN: EVERY_SCOPE,
}
"""The scopes of each role; ts_role_scopes says the same in SQL."""
