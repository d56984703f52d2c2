"""The watchers of this process: one for all who see the same, for as long as some page of theirs is open."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from cloud.dashboard.credentials import Credential, Proof, Several
from cloud.dashboard.registry import Registry
from cloud.dashboard.watch import Watcher

TRADE = ("booking.changed", "hold.changed", "capacity.changed")
"""Events after which other hours are free than before."""

log = structlog.get_logger()


@dataclass(slots=True)
class _Watched:
    watcher: Watcher
    registry: Registry
    task: asyncio.Task[None]
    looking: Several


class Watchers:
    """All watchers of this process, by view: the first page of a view starts one, and it ends after the last left.

    `connect` opens the API for whoever of those who look is still known there.
    """

    def __init__(self, connect: Callable[[Proof], Registry], back: timedelta, linger: float = 60.0) -> None:
        self._connect = connect
        self._back = back
        self._linger = linger
        self._watched: dict[str, _Watched] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._over = asyncio.Event()
        self.bell: set[Callable[[], None]] = set()
        """Called, whoever looks, when any watcher hears that hours were taken, given back or offered anew."""

    def __len__(self) -> int:
        return len(self._watched)

    def enter(self, view: str, credential: Credential) -> Watcher:
        """A page begins to look; it must `leave` once."""
        watched = self._watched.get(view)
        if watched is None or watched.watcher.refused:
            watched = self._start(view)
        watched.looking.join(credential)
        return watched.watcher

    def leave(self, view: str, credential: Credential, watcher: Watcher) -> None:
        """A page is gone. The view lingers a little: reloading a page must not read the whole plant again."""
        watched = self._watched.get(view)
        if watched is None or watched.watcher is not watcher:
            return
        if len(watched.looking) > 1:
            watched.looking.part(credential)
        else:
            self._later(self._end(view, watched, credential))

    def tell(self) -> None:
        """Have every open page look again whether it may stay."""
        for watched in self._watched.values():
            for listener in tuple(watched.watcher.listeners):
                listener()

    async def aclose(self) -> None:
        """End all watchers, those too that were about to end by themselves."""
        self._over.set()
        while self._watched:
            await _close(self._watched.popitem()[1])
        await asyncio.gather(*self._ending)

    def _start(self, view: str) -> _Watched:
        if refused := self._watched.pop(view, None):
            self._later(_close(refused))
        looking = Several()
        registry = self._connect(Proof(looking))
        watcher = Watcher(registry, self._back)
        watcher.listeners.add(self._ringer(watcher))
        task = asyncio.get_running_loop().create_task(watcher.run(), name="watch")
        task.add_done_callback(_tell_of_a_fault)
        self._watched[view] = _Watched(watcher, registry, task, looking)
        return self._watched[view]

    def _ringer(self, watcher: Watcher) -> Callable[[], None]:
        known = 0

        def listen() -> None:
            nonlocal known
            heard = sum(watcher.heard[kind] for kind in TRADE)
            if heard != known:
                known = heard
                for ring in tuple(self.bell):
                    ring()

        return listen

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _end(self, view: str, watched: _Watched, credential: Credential) -> None:
        # Whoever left last goes on standing for the view while it lingers.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), self._linger)
        watched.looking.part(credential)
        if not len(watched.looking) and self._watched.get(view) is watched:
            del self._watched[view]
            await _close(watched)


def _tell_of_a_fault(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (fault := task.exception()):
        log.error("watching ended by a fault of ours", exc_info=fault)


async def _close(watched: _Watched) -> None:
    watched.task.cancel()
    await asyncio.gather(watched.task, return_exceptions=True)
    await watched.registry.aclose()
