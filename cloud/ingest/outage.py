"""A database that is away: told once when lost and once when found, and asked less and less often in between."""

import asyncio
import time

import structlog

log = structlog.get_logger(__name__)


class Outage:
    """Shared by all that need the same database. Waits are real seconds, doubling from `first` to `longest`."""

    def __init__(self, name: str, *, first: float = 0.1, longest: float = 5.0) -> None:
        self._name = name
        self._first = first
        self._longest = longest
        self._wait = 0.0
        self._again_at = 0.0

    @property
    def on(self) -> bool:
        return self._wait > 0

    def lost(self, error: Exception) -> None:
        """An attempt failed. Attempts that were under way together count as one."""
        if not self.on:
            log.warning("database lost, nothing is acknowledged until it is back", part=self._name, reason=str(error))
        if time.monotonic() >= self._again_at:
            self._wait = min(max(self._first, 2 * self._wait), self._longest)
            self._again_at = time.monotonic() + self._wait

    def found(self) -> None:
        """An attempt succeeded."""
        if self.on:
            log.info("database found again", part=self._name)
            self._wait = 0.0

    async def over(self) -> None:
        """Returns when the next attempt is due: at once, unless the database is away."""
        if self.on:
            await asyncio.sleep(max(0.0, self._again_at - time.monotonic()))
