"""A database or store that is away: told once when lost and once when found, asked less and less often in between."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from cloud.errors import CloudError, DatabaseAway

log = structlog.get_logger(__name__)

T = TypeVar("T")


STALE = 0.5
"""Real seconds after a success in which a failure is taken for the last of those from before."""


class Outage:
    """One for all parts of a process that need the database, or another store: `of` names it, `away` are its errors.

    Waits are real seconds, doubling up to `longest`.
    """

    def __init__(
        self,
        *,
        first: float = 0.1,
        longest: float = 5.0,
        of: str = "database",
        away: tuple[type[CloudError], ...] = (DatabaseAway,),
    ) -> None:
        self.away = away
        self._of = of
        self._first = first
        self._longest = longest
        self._told = False
        self._wait = 0.0
        self._again_at = 0.0
        self._found_at = float("-inf")

    async def outlast(self, work: Callable[[], Awaitable[T]]) -> T:
        """The work's result, once an attempt at it was not broken off by one of the errors.

        Work that goes on and on calls `found` itself whenever the database has answered.
        """
        while True:
            if wait := self.wait:
                await asyncio.sleep(wait)
            try:
                result = await work()
            except self.away as error:
                self.lost(error)
            else:
                self.found()
                return result

    @property
    def wait(self) -> float:
        """Seconds until it may be asked again; 0 as long as it answers."""
        return max(0.0, self._again_at - time.monotonic()) if self._wait else 0.0

    def found(self) -> None:
        """It has answered."""
        self._found_at = time.monotonic()
        self._wait = 0.0
        if self._told:
            self._told = False
            log.info(f"{self._of} found again")  # noqa: G004 - one of two

    def lost(self, error: Exception) -> None:
        """An attempt failed. Attempts that were under way together count as one."""
        now = time.monotonic()
        if not self._told and now - self._found_at > STALE:
            self._told = True
            log.warning(
                f"{self._of} lost, nothing is acknowledged until it is back",  # noqa: G004 - likewise
                reason=str(error),
            )
        if now >= self._again_at:
            self._wait = min(max(self._first, 2 * self._wait), self._longest)
            self._again_at = now + self._wait
