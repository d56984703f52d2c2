"""The OPC UA source: keeps one endpoint's signals coming through restarts, hangs, cuts and shifted namespaces.

A loss is told once, and so is the recovery. First the same session is resumed, so that the server hands over what it
queued meanwhile; where that is no longer possible, everything is built anew and a Gap bounds what nobody could see.
"""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from logging import DEBUG, INFO, WARNING
from typing import Any

import structlog

from edge.reading import Event, Gap, LinkNotice, Reading
from edge.sources import Emit
from edge.sources.opcua_endpoint import OpcUaEndpoint
from edge.sources.opcua_problems import explain, needs_a_person
from edge.sources.opcua_session import LOST, OpcUaSession, SessionLost, quiet_library
from edge.sources.opcua_signals import MachineNodes, Signal, by_machine, machines
from edge.sources.opcua_subscription import OpcUaSubscription
from edge.sources.opcua_units import units
from edge.sources.opcua_watchdog import Watchdog
from edge.sources.outage import pauses
from gateway.clock import Clock
from gateway.errors import UsageError
from gateway.machine import Quality

PERSON_PAUSE = 60.0
"""Seconds between tries where only a person can mend it."""

LONGEST_LOOK = 5.0
"""Seconds between two looks for signals that have become silent."""

STEADY = 30.0
"""Seconds that a session must have lived for the next one to be tried without a growing pause."""
RETRIED: tuple[type[Exception], ...] = (*LOST, UsageError)

__all__ = ["MachineNodes", "OpcUaSource"]

log = structlog.get_logger()


@dataclass
class OpcUaSource:
    """One endpoint with one or more machines behind it. `session` is the live session, None while there is none."""

    endpoint: OpcUaEndpoint
    machines: Mapping[str, MachineNodes]
    clock: Clock
    jitter: Callable[[], float] = random.random
    session: OpcUaSession | None = field(default=None, init=False)
    _signals: list[Signal] = field(default_factory=list, init=False)
    _told: set[str] | None = field(default=None, init=False)
    _blind_since: datetime | None = field(default=None, init=False)
    _open_told: bool = field(default=False, init=False)
    _units: Mapping[str, Mapping[str, str]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._signals = [signal for name, nodes in self.machines.items() for signal in nodes.of(name)]

    async def run(self, emit: Emit) -> None:
        """Emit batches until cancelled. An `emit` that raises is called again with the same batch: see `_insist`."""
        quiet_library()

        one_at_a_time = asyncio.Lock()

        async def insist(events: Sequence[Event]) -> None:
            async with one_at_a_time:
                await self._insist(emit, events)

        waits = self._pauses()
        while True:
            subscription = await self._establish(insist, waits)
            born = time.monotonic()
            try:
                await self._live(subscription, insist)
            finally:
                self.session = None
                await subscription.session.close()
            if time.monotonic() - born > STEADY:
                waits = self._pauses()
            else:
                await asyncio.sleep(next(waits))

    def _pauses(self) -> Iterator[float]:
        return pauses(self.endpoint.retry_cap_s, self.jitter)

    async def _establish(self, emit: Emit, waits: Iterator[float]) -> OpcUaSubscription:
        """A new session with all signals subscribed, however many tries it takes."""
        while True:
            try:
                subscription = await self._open()
            except RETRIED as error:
                _obey()
                await self._lost(error, emit)
                await asyncio.sleep(PERSON_PAUSE if needs_a_person(error) else next(waits))
            else:
                await self._found(subscription, emit)
                return subscription

    async def _open(self) -> OpcUaSubscription:
        session = await OpcUaSession.open(self.endpoint)
        subscription = OpcUaSubscription(session, self._signals, self.clock)
        try:
            await subscription.create()
            self._units = await units(session, self._signals)
        except BaseException:
            await session.close()
            raise
        return subscription

    async def _live(self, subscription: OpcUaSubscription, emit: Emit) -> None:
        """Listen, and bridge every cut that can be bridged; return when the session is gone for good."""
        while True:
            self.session = subscription.session
            dog = Watchdog(subscription, self.clock, min(subscription.patience / 4, LONGEST_LOOK))
            error = await _first_failure(
                subscription.listen(emit),
                subscription.session.watch(),
                subscription.seek_missing(),
                subscription.poll.run(emit),
                dog.run(emit),
            )
            self.session = None
            self._blind_since = subscription.since()
            if not isinstance(error, LOST):
                raise error
            await self._lost(error, emit)
            if isinstance(error, SessionLost) or not await self._resume(subscription.session):
                return
            self._blind_since = None
            await self._back("resumed without loss", emit)

    async def _resume(self, session: OpcUaSession) -> bool:
        """Whether the same session could be picked up within `bridge_s`."""
        waits = self._pauses()
        loop = asyncio.get_running_loop()
        until = loop.time() + self.endpoint.bridge_s
        while loop.time() < until:
            try:
                await session.resume()
            except (OSError, TimeoutError):
                _obey()
                await asyncio.sleep(next(waits))
            except LOST:
                return False
            else:
                return True
        return False

    async def _found(self, subscription: OpcUaSubscription, emit: Emit) -> None:
        """Tell of the new session: the gap before it, the link, and which signals it does not have."""
        now = subscription.seen
        events: list[Event] = []
        if self._blind_since is not None:
            reason = "the session was lost and built anew"
            events += [Gap(name, min(self._blind_since, now), now, reason) for name in self.machines]
        self._blind_since = None
        self._tell_open(subscription.session)
        for machine, signals in by_machine(subscription.missing):
            events += [Reading(machine, signal.name, None, None, now, Quality.BAD) for signal in signals]
            log.warning(
                "opcua.signals_missing",
                machine=machine,
                signals={str(signal.name): f"{signal.address}: {subscription.missing[signal]}" for signal in signals},
                advice="run `thirdshift edge check`",
            )
        if events:
            await emit(events)
        await self._back("connected", emit)

    def _tell_open(self, session: OpcUaSession) -> None:
        """A channel that nobody secured is never taken in silence, unless the plant asked for it."""
        if self.endpoint.security == "auto" and not session.level.secure and not self._open_told:
            advice = "switch encryption on in the server, or write `security: none` if its network is safe"
            log.warning("opcua.not_encrypted", endpoint=self.endpoint.url, advice=advice)
            self._open_told = True

    async def _lost(self, error: BaseException, emit: Emit) -> None:
        """Tell each reason once an outage, however many tries fail. The agent logs the first one, per machine."""
        reason = explain(error, self.endpoint)
        if self._told is not None and reason in self._told:
            return
        log.log(DEBUG if self._told is None else WARNING, "opcua.lost", endpoint=self.endpoint.url, reason=reason)
        self._told = (self._told or set()) | {reason}
        await emit([LinkNotice(name, False, self.clock.now(), reason) for name in self.machines])

    async def _back(self, how: str, emit: Emit) -> None:
        again, self._told = self._told is not None, None
        level = DEBUG if again else INFO
        log.log(level, "opcua.found", endpoint=self.endpoint.url, how=how, machines=machines(self._signals))
        now, told = self.clock.now(), self._units
        await emit([LinkNotice(name, True, now, how, told.get(name, {})) for name in self.machines])

    async def _insist(self, emit: Emit, events: Sequence[Event]) -> None:
        """Offer the batch until it is taken: a receiver in trouble (a full disk) gets it later, and is told of once."""
        waits = self._pauses()
        told = False
        while True:
            try:
                await emit(events)
            except Exception:
                if not told:
                    log.exception("opcua.not_taken", endpoint=self.endpoint.url, events=len(events))
                told = True
                await asyncio.sleep(next(waits))
            else:
                if told:
                    log.info("opcua.taken_again", endpoint=self.endpoint.url)
                return


def _obey() -> None:
    """Raise the cancellation that was swallowed below us: Python 3.11's `wait_for` loses one that comes as it ends."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _first_failure(*works: Coroutine[Any, Any, None]) -> BaseException:
    """Run endless works side by side until one fails; the others are cancelled, and its exception returned."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(iter(done)).exception() or SessionLost("ended")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
