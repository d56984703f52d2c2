"""The running agent: every machine's events into the outbox, and out of them what can be sold."""

import asyncio
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from edge import control
from edge.desk import Desk, said_document, statement_letter
from edge.papers import Papers
from edge.planfolder import Listed
from edge.post import Letter, Post
from edge.reading import Event
from edge.recovery import Blind, bridged, by_machine, lost, up
from edge.resync import Retelling
from edge.trouble import Trouble
from edge.watch import Watch
from edge.window import Window
from gateway.clock import Clock
from gateway.link import Acked, PeerClock, Resync
from gateway.messages import Announce, StateChange, Stream
from gateway.outbox import OutboxFull, OutboxUnavailable

log = structlog.get_logger(__name__)

BREATH = 0.1
"""Real seconds between two looks at least, so that a burst of events costs one ledger and not a hundred."""

LONGEST_REST = 0.5
"""Real seconds between two looks at most: a pause must be seen within a second."""

ALIVE_EVERY = 5.0
"""Real seconds between two durable signs of life, which bound the gap that a restart leaves."""

SHOW_EVERY = 1.0
"""Real seconds between two writings of the status file."""

PLAN_EVERY = 1.0
"""Real seconds between two looks at the plan's file."""

RETRY_FIRST, RETRY_LONGEST = 0.1, 5.0
"""Real seconds before a batch is offered again to an outbox in trouble."""

ALIVE = ("agent", "alive")
"""The document that says when the agent was last alive."""

OFFSET_LIMIT = timedelta(seconds=60)
"""Real difference from the registry's clock beyond which nothing is sold."""


@dataclass
class Agent:
    """Machines' desks around one outbox. `announce` names the machines.

    `acknowledged`: when the registry last did, by stream (UNIX s); `looked`: when `step` last ended (monotonic s).

    `blind`: machines whose source cannot rewind, and since when nobody has read them.
    """

    desks: dict[str, Desk]
    post: Post
    clock: Clock
    data: Path
    announce: Callable[[datetime], Announce]
    trouble: Trouble = field(default_factory=Trouble)
    on_state: Callable[[str], None] = lambda _: None
    papers: Callable[[], Mapping[str, Papers]] = dict
    booked: Callable[[], Mapping[str, Any]] = dict
    blind: dict[str, Blind] = field(default_factory=dict)
    listed: Mapping[str, Listed] = field(default_factory=dict)
    foresee: Callable[[Desk, datetime], None] = lambda _, __: None
    on_told: Callable[[Sequence[Letter]], None] = lambda _: None
    acknowledged: dict[Stream, float] = field(default_factory=dict)
    looked: float = field(default_factory=time.monotonic)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _alive: float = -math.inf
    _planned: float = -math.inf
    _shown: float = -math.inf

    def __post_init__(self) -> None:
        self._window = Window(self.data, self.listed)
        self.retelling = Retelling(self.desks, self.announce, self.send)

    async def emit(self, events: Sequence[Event]) -> None:
        """Take a batch; returns when it is durable. While the outbox is in trouble it waits, and so does the source."""
        pause = RETRY_FIRST
        while not self._take(events):
            await asyncio.sleep(pause)
            pause = min(pause * 2, RETRY_LONGEST)
        self._changed.set()

    async def run(self) -> None:
        """Look after every machine until cancelled."""
        while True:
            self._changed.clear()
            self.step(self.clock.now())
            try:
                async with asyncio.timeout(self._rest()):
                    await self._changed.wait()
            except TimeoutError:
                pass
            await asyncio.sleep(BREATH)

    def step(self, now: datetime) -> None:
        """One look at everything: pauses, resyncs, machines that are due, and the sign of life."""
        self._pauses()
        self._keep_planning()
        self.retelling.step(now)
        for desk in self.desks.values():
            due = desk.due()
            if due is None or due <= now:
                self._safely(desk, now)
        self.post.tick()
        self._sign_of_life(now)
        self._show(now)
        self.looked = time.monotonic()

    def on_effect(self, effect: Acked | Resync | PeerClock) -> None:
        """What the link tells: a loss to be answered with the full state, or how far the registry's clock is off."""
        match effect:
            case Resync(stream, token):
                self.retelling.lost(stream, token)
                self._changed.set()
            case PeerClock():
                self._compare(effect)
            case Acked(stream):
                self.acknowledged[stream] = time.time()

    def _compare(self, peer: PeerClock) -> None:
        offset = peer.offset(self.clock.now(), self.clock.speed)
        if abs(offset) > self.clock.business(OFFSET_LIMIT):
            seconds = offset.total_seconds() / self.clock.speed
            self.trouble.comes(
                "clock", f"the registry's clock is {seconds:+.0f} s off ours; nothing is sold; set our clock"
            )
        else:
            self.trouble.goes("clock")

    def _take(self, events: Sequence[Event]) -> bool:
        now = self.clock.now()
        kept: list[tuple[Desk, Watch, Letter]] = []
        letters: list[Letter] = []
        batches = by_machine(events)
        for machine, batch in batches.items():
            desk = self.desks[machine]
            try:
                watch, letter = desk.take(bridged(machine, batch, self.blind.get(machine)), now)
            except Exception as error:  # noqa: BLE001 - one machine's fault must not stop the others
                self._set_aside(machine, error)
                letters.append(lost(machine, batch, now))
            else:
                kept.append((desk, watch, letter))
                letters.append(letter)
        if not self.send(letters):
            return False
        for desk, watch, letter in kept:
            self._notice(desk, watch)
            desk.keep(watch, letter)
            if found := up(batches[desk.machine]):
                self.blind.pop(desk.machine, None)
                self.retelling.heard(desk.machine, found.units)
            if any(isinstance(told, StateChange) for told in letter.messages):
                self.on_state(desk.machine)
        return True

    def _notice(self, desk: Desk, watch: Watch) -> None:
        """Say once that a machine was lost or found, and once each value that its profile does not know."""
        if watch.silent_since is None:
            self.trouble.goes(f"machine/{desk.machine}")
            self.trouble.goes(f"source/{desk.machine}")
        elif watch.silence:
            self.trouble.comes(f"machine/{desk.machine}", watch.silence)
        for value in watch.unknown.keys() - desk.watch.unknown.keys():
            signal = desk.case.profile.signals.get(value.partition("=")[0])
            measured = signal is not None and signal.measured
            advice = "it is no number: have one sent, or correct the signal" if measured else "add it to its `values`"
            log.warning("unknown value", machine=desk.machine, value=value, advice=advice)

    def look_at(self, machine: str, now: datetime) -> None:
        """One look at one machine, due or not."""
        self._safely(self.desks[machine], now)

    def nudge(self) -> None:
        """Something is to be looked at now."""
        self._changed.set()

    def _safely(self, desk: Desk, now: datetime) -> None:
        try:
            self._look(desk, now)
        except Exception as error:  # noqa: BLE001 - one machine's fault must not stop the others
            self._set_aside(desk.machine, error)

    def _look(self, desk: Desk, now: datetime) -> None:
        watch, letter = desk.look(now)
        if not self.send([letter]):
            return
        desk.keep(watch, letter)
        if "clock" in self.trouble:
            return
        said, statement = desk.next_statement(now)
        letters = [statement_letter(statement, said), said_document(desk.machine, said)] if statement else []
        if statement is None or self.send(letters):
            desk.said, desk.dirty = said, False
            self.trouble.goes(f"fault/{desk.machine}")

    def _sign_of_life(self, now: datetime) -> None:
        """A durable word that we were there, with what the meters of running jobs need."""
        if time.monotonic() - self._alive < ALIVE_EVERY:
            return
        self._alive = time.monotonic()
        meters = [desk.meter() for desk in self.desks.values() if desk.jobs]
        self.send([Letter(documents={ALIVE: now.isoformat().encode()}), *meters])

    def _show(self, now: datetime) -> None:
        """What people may look at beside the agent."""
        if time.monotonic() - self._shown < SHOW_EVERY:
            return
        self._shown = time.monotonic()
        try:
            self._window.show(now, self._status(now), self.desks)
        except OSError as error:
            self.trouble.comes("status", f"the status file cannot be written: {error}")
        else:
            self.trouble.goes("status")

    def _status(self, now: datetime) -> dict[str, Any]:
        """What `thirdshift edge status` shows of the agent; the window adds its machines."""
        backlog = {stream.value: left.messages for stream, left in self.post.outbox.backlog().items()}
        known = {"trouble": dict(self.trouble.now), "backlog": backlog, "orders": self.booked()}
        return {"at": now.isoformat(), "pid": os.getpid(), **known}

    def _set_aside(self, machine: str, error: Exception) -> None:
        reason = f"{type(error).__name__}: {error}; a fault in the program, please report it; the others go on"
        self.trouble.comes(f"fault/{machine}", reason, error=error)

    def _rest(self) -> float:
        """Real seconds until a machine is due."""
        moments = [desk.due() for desk in self.desks.values()]
        soonest = min((moment for moment in moments if moment), default=None)
        return LONGEST_REST if soonest is None else min(LONGEST_REST, self.clock.seconds_until(soonest))

    def _replan(self) -> None:
        """Look for another plan or calendar, every second."""
        if time.monotonic() - self._planned < PLAN_EVERY:
            return
        self._planned = time.monotonic()
        now = self.clock.now()
        for name, papers in self.papers().items():
            desk = self.desks[name]
            if papers.orders != desk.papers.orders:
                log.info("plan read again", machine=name, orders=len(papers.orders))
            desk.file(papers, now)

    def _keep_planning(self) -> None:
        """A fault over a plan or forecast leaves the last good one, and is shown until the agent starts anew."""
        try:
            self._replan()
            for desk in self.desks.values():
                self.foresee(desk, self.clock.now())
        except Exception as error:  # noqa: BLE001 - a file of the plant's must not stop the agent
            reason = f"{type(error).__name__}: {error}; the last good plan still counts; please report this fault"
            self.trouble.comes("fault/plan", reason, error=error)

    def _pauses(self) -> None:
        try:
            stopped = control.paused(self.data)
        except OSError as error:
            self.trouble.comes("pauses", f"cannot be read: {error}; what was paused stays so; mend the data folder")
            return
        self.trouble.goes("pauses")
        for name, desk in self.desks.items():
            if desk.paused != (name in stopped):
                desk.paused, desk.dirty = name in stopped, True
                log.info("sale paused" if desk.paused else "sale resumed", machine=name)

    def send(self, letters: Sequence[Letter]) -> bool:
        """Whether the letters are in the outbox; if not, that is said once, and selling stops with the lease."""
        try:
            self.post.send(letters)
        except (OutboxFull, OutboxUnavailable) as error:
            self.trouble.comes("outbox", f"{error}; nothing new is sold until this is over")
            return False
        if any(letter.messages for letter in letters):
            self.trouble.goes("outbox")
        self.on_told(letters)
        return True
