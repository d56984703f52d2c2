"""The watchers of this process: one per key, for as long as some page of that key is open."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from cloud.dashboard.registry import Registry
from cloud.dashboard.watch import Watcher

log = structlog.get_logger()


@dataclass(slots=True)
class _Watched:
    watcher: Watcher
    registry: Registry
    task: asyncio.Task[None]
    pages: int = 0


class Watchers:
    """All watchers of this process, by key: the first page of a key starts one, and it ends after the last left."""

    def __init__(self, connect: Callable[[str], Registry], back: timedelta, linger: float = 60.0) -> None:
        self._connect = connect
        self._back = back
        self._linger = linger
        self._watched: dict[str, _Watched] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._over = asyncio.Event()

    def __len__(self) -> int:
        return len(self._watched)

    def enter(self, key: str) -> Watcher:
        """A page begins to look at the key's view; it must `leave` once."""
        watched = self._watched.get(key)
        if watched is None or watched.watcher.refused:
            watched = self._start(key)
        watched.pages += 1
        return watched.watcher

    def leave(self, key: str, watcher: Watcher) -> None:
        """A page is gone. The view lingers a little: reloading a page must not read the whole plant again."""
        watched = self._watched.get(key)
        if watched is None or watched.watcher is not watcher:
            return
        watched.pages -= 1
        if watched.pages <= 0:
            self._later(self._end(key, watched))

    async def aclose(self) -> None:
        """End all watchers, those too that were about to end by themselves."""
        self._over.set()
        while self._watched:
            await _close(self._watched.popitem()[1])
        await asyncio.gather(*self._ending)

    def _start(self, key: str) -> _Watched:
        if refused := self._watched.pop(key, None):
            self._later(_close(refused))
        registry = self._connect(key)
        watcher = Watcher(registry, self._back)
        task = asyncio.get_running_loop().create_task(watcher.run(), name="watch")
        task.add_done_callback(_tell_of_a_fault)
        self._watched[key] = _Watched(watcher, registry, task)
        return self._watched[key]

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _end(self, key: str, watched: _Watched) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), self._linger)
        if watched.pages <= 0 and self._watched.get(key) is watched:
            del self._watched[key]
            await _close(watched)


def _tell_of_a_fault(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (fault := task.exception()):
        log.error("watching ended by a fault of ours", exc_info=fault)


async def _close(watched: _Watched) -> None:
    watched.task.cancel()
    await asyncio.gather(watched.task, return_exceptions=True)
    await watched.registry.aclose()
