"""What was read of a machine, kept while nothing is new, for all who look at the same window of the same view."""

import asyncio
import time
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from cloud.dashboard.machine import seen
from cloud.dashboard.machine.look import PIECES
from cloud.dashboard.machine.seen import Seen
from cloud.dashboard.watch import Watcher
from cloud.registry.model import Machine
from gateway.span import Span

MOST = 12
"""Windows that are kept for one view, the last used ones."""

LEAST, LONGEST = 1.0, 60.0
"""Seconds (real) for which a window is kept at least and at most; between them, until time moved on by a pixel."""


@dataclass(frozen=True, slots=True)
class _Read:
    known: object
    at: float
    work: "asyncio.Task[Seen]"


_kept: WeakKeyDictionary[Watcher, dict[object, _Read]] = WeakKeyDictionary()


async def read(watcher: Watcher, machine: Machine, window: Span, signals: tuple[str, ...], known: object) -> Seen:
    """As seen.read reads it, by whoever asks first; `known` is what makes an older reading old. Raises KeyRefused."""
    here, key, now = _kept.setdefault(watcher, {}), (machine.id, window, signals), watcher.now
    assert now  # noqa: S101 - who has a machine was told the time
    speed = watcher.pace.speed if watcher.pace else 1.0
    lasts = min(LONGEST, max(LEAST, window.duration.total_seconds() / PIECES / speed))
    found = here.pop(key, None)
    if found is None or found.known != known or time.monotonic() - found.at > lasts or _failed(found.work):
        work = asyncio.get_running_loop().create_task(seen.read(watcher.registry, machine, window, now, signals))
        found = _Read(known, time.monotonic(), work)
    here[key] = found
    while len(here) > MOST:
        del here[next(iter(here))]
    # One visitor who leaves must not take the reading from the others.
    return await asyncio.shield(found.work)


def _failed(work: "asyncio.Task[Seen]") -> bool:
    if not work.done():
        return False
    return work.cancelled() or work.exception() is not None or bool(work.result().failed)
