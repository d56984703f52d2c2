"""What sources have in common when their peer goes: told once on loss, once on recovery, and tried ever more slowly."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import structlog

from edge.reading import Event, LinkNotice
from edge.sources import Emit
from gateway.clock import Clock

FIRST_PAUSE = 0.25
AGAIN = 60.0
NONE: Mapping[str, Mapping[str, str]] = MappingProxyType({})

log = structlog.get_logger()


def pauses(cap: float, jitter: Callable[[], float]) -> Iterator[float]:
    """Real seconds before each further try: doubling up to `cap`, each cut to between a half and the whole."""
    pause = FIRST_PAUSE
    while True:
        yield min(pause, cap) * (0.5 + jitter() / 2)
        pause = min(pause * 2, cap)


@dataclass
class Outage:
    """The links of some machines to one peer. A loss is told once, and again only for another reason than before.

    Reasons that take turns are each told once in `AGAIN` real seconds, however many tries fail.
    """

    kind: str
    peer: str
    machines: Sequence[str]
    clock: Clock
    _told: dict[str, dict[str, float]] = field(default_factory=dict, init=False)
    _last: dict[str, str] = field(default_factory=dict, init=False)
    _up: set[str] = field(default_factory=set, init=False)

    def lost(self, reason: str, machines: Sequence[str] | None = None) -> list[Event]:
        """Notices for those of these machines (all, if None) to which this reason is news."""
        now = time.monotonic()
        news = [name for name in self._wanted(machines) if self._is_news(name, reason, now)]
        for name in news:
            self._told.setdefault(name, {})[reason] = now
            self._last[name] = reason
            self._up.discard(name)
        if news:
            log.debug("source.lost", kind=self.kind, peer=self.peer, machines=news, reason=reason)
        return [LinkNotice(name, False, self.clock.now(), reason) for name in news]

    def found(
        self, how: str, machines: Sequence[str] | None = None, units: Mapping[str, Mapping[str, str]] = NONE
    ) -> list[Event]:
        """Notices for those of these machines that were not there. `units`: what they say of them, by machine."""
        news = [name for name in self._wanted(machines) if name not in self._up]
        for name in news:
            self._told.pop(name, None)
            self._last.pop(name, None)
            self._up.add(name)
        if news:
            log.debug("source.found", kind=self.kind, peer=self.peer, machines=news, how=how)
        return [LinkNotice(name, True, self.clock.now(), how, units.get(name, {})) for name in news]

    def _is_news(self, machine: str, reason: str, now: float) -> bool:
        before = self._told.get(machine, {}).get(reason)
        return reason != self._last.get(machine) and (before is None or now - before > AGAIN)

    def _wanted(self, machines: Sequence[str] | None) -> Sequence[str]:
        return self.machines if machines is None else machines


@dataclass
class Insistent:
    """An emit that offers each batch until it is taken: a receiver in trouble (a full disk) gets it later."""

    emit: Emit
    kind: str
    peer: str
    waits: Callable[[], Iterator[float]]

    async def __call__(self, events: Sequence[Event]) -> None:
        """Offer the batch; the trouble is told once, and so is its end."""
        if not events:
            return
        waits, told = self.waits(), False
        while True:
            try:
                await self.emit(events)
            except Exception:
                if not told:
                    log.exception("source.not_taken", kind=self.kind, peer=self.peer, events=len(events))
                told = True
                await asyncio.sleep(next(waits))
            else:
                if told:
                    log.info("source.taken_again", kind=self.kind, peer=self.peer)
                return
