"""Who a key belongs to: asked once, then remembered for seconds, so that booking is one round trip."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cloud.api.catalogue import AUTH_INVALID, AUTH_MISSING, AUTH_SCOPE
from cloud.api.problem import Problem
from cloud.partners.model import Scope, read

REMEMBERED = 5.0
"""Seconds (real) after which a key is asked for again: the longest that a revoked key lives on if no notice arrives."""
MOST = 4096


@dataclass(frozen=True, slots=True)
class Caller:
    """The enterprise that a key speaks for, and what it may do; nothing any more, once it is not `living`.

    Of a person who logged in, `account_id` says who, and `key_id` is empty. `most_holds`: the key's own number.
    """

    enterprise_id: str
    key_id: str
    scopes: frozenset[Scope]
    living: bool = True
    account_id: str | None = None
    most_holds: int | None = None

    @property
    def id(self) -> str:
        """Of the person's account, or of the key; whichever it is."""
        return self.account_id or self.key_id


Look = Callable[[bytes], Awaitable[Caller | None]]
"""Finds the caller by the hash of a key; None where no key has it."""


class Authenticator:
    """Admits calls by their keys. Unknown keys are never remembered, so that filling the memory takes real keys."""

    def __init__(self, look: Look, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._look = look
        self._monotonic = monotonic
        self._known: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()

    async def known(self, authorization: str | None) -> Caller:
        """Who calls; `permit` says whether it may. Raises the problems auth.missing and auth.invalid."""
        if not authorization:
            raise Problem(AUTH_MISSING)
        secret = read(authorization)
        caller = await self._caller(secret.hash) if secret else None
        if caller is None:
            raise Problem(AUTH_INVALID)
        return caller

    def forget(self) -> None:
        """Ask for every key again: called when keys were revoked, or when notices of that may have been missed."""
        self._known.clear()

    async def _caller(self, key: bytes) -> Caller | None:
        now = self._monotonic()
        known = self._known.get(key)
        if known and now < known[0]:
            return known[1]
        self._known.pop(key, None)
        caller = await self._look(key)
        if caller:
            self._known[key] = (now + REMEMBERED, caller)
            if len(self._known) > MOST:
                self._known.popitem(last=False)
        return caller


def permit(caller: Caller, scope: Scope) -> None:
    """Raises the problems auth.invalid, for a key that was revoked, and auth.scope."""
    if not caller.living:
        raise Problem(AUTH_INVALID)
    if scope not in caller.scopes:
        detail = f"this key lacks the scope `{scope}`"
        raise Problem(AUTH_SCOPE, detail, scope=scope)
