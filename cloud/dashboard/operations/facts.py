"""What the page knows of how the house runs, read at one time with a visitor's rights, for all who have the same."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from weakref import WeakKeyDictionary

from cloud.audit.model import Act
from cloud.client import Client
from cloud.dashboard.registry import Refused, Registry
from cloud.operations.model import AgentLink, Hook, Ingest, ParkedLine, Stores

T = TypeVar("T")

SHARED = 3.0
"""Real seconds for which what was read is good enough for another visitor with the same rights."""

ACTS, PARKED = 20, 50


@dataclass(frozen=True, slots=True)
class Facts:
    """`seen` is the registry's business time. `hooks` and `acts` are None for whoever may not see them."""

    seen: datetime
    links: Sequence[AgentLink]
    ingest: Ingest
    stores: Stores
    parked: Sequence[ParkedLine]
    hooks: Sequence[Hook] | None
    acts: Sequence[Act] | None


async def look(registry: Registry, minutes: int) -> Facts:
    """Ask for all of it. Raises Away, KeyRefused."""
    links, ingest, stores, parked, hooks, acts = await asyncio.gather(
        registry.ask(lambda api: api.links()),
        registry.ask(lambda api: api.ingest(minutes)),
        registry.ask(lambda api: api.stores()),
        registry.ask(lambda api: api.latest_parked(PARKED)),
        _if_allowed(registry, lambda api: api.hooks()),
        _if_allowed(registry, lambda api: api.audit(limit=ACTS)),
    )
    return Facts(ingest.end, links, ingest, stores, parked, hooks, acts.items if acts else None)


class Looker:
    """Reads for everybody who comes with the same rights, and for each span of time once."""

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[Registry, dict[int, tuple[float, asyncio.Future[Facts]]]] = WeakKeyDictionary()

    async def look(self, registry: Registry, minutes: int) -> Facts:
        """At most SHARED old. Raises Away, KeyRefused."""
        known = self._known.setdefault(registry, {})
        asked, reading = known.get(minutes, (float("-inf"), None))
        if reading is None or time.monotonic() - asked > SHARED:
            reading = asyncio.ensure_future(look(registry, minutes))
            reading.add_done_callback(lambda done: done.cancelled() or done.exception())
            known[minutes] = (time.monotonic(), reading)
        return await asyncio.shield(reading)


async def _if_allowed(registry: Registry, call: Callable[[Client], Awaitable[T]]) -> T | None:
    try:
        return await registry.ask(call)
    except Refused as refused:
        if refused.code != "auth.scope":
            raise
        return None
