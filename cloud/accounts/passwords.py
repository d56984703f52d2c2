"""Passwords: Argon2id (RFC 9106), a few at a time, and as long for a name that nobody has as for any other."""

import asyncio
import functools
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

AT_ONCE = 2
"""Hashes that are worked out at the same time: each takes 19 MiB of memory, and a core for some 30 ms."""

HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


class Passwords:
    """Makes and checks hashes in threads of their own."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def hash(self, password: str) -> str:
        """The hash of a new password."""
        async with self._turn:
            return await asyncio.to_thread(HASHER.hash, password)

    async def good(self, password: str, known: str | None) -> bool:
        """Is that the password of the hash? With `known` None, no; and it takes as long to say so."""
        async with self._turn:
            same = await asyncio.to_thread(_same, password, known or nobodys())
        return same and known is not None


def _same(password: str, known: str) -> bool:
    try:
        return HASHER.verify(known, password)
    except (VerificationError, InvalidHashError):
        return False


@functools.cache
def nobodys() -> str:
    """The hash of a password that nobody knows."""
    return HASHER.hash(secrets.token_urlsafe(32))
