"""One machine in the running agent: its watch, what was last said about it, and what is said next."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from edge import publish
from edge.condition import Present
from edge.diary import Diary, written
from edge.layers import join
from edge.outlook import Outlook
from edge.papers import Papers
from edge.post import Letter
from edge.publish import Said, Terms, clip
from edge.reading import Cursor, Event
from edge.snapshot import dump, dump_history
from edge.spare import conflicts
from edge.telemetry import Named
from edge.tracker import message, serve
from edge.watch import Case, Watch, capacity, hopeful, look, take, wakes
from gateway.capacity import CapacitySpan, CapacityType
from gateway.crossing import MachineDisclosure
from gateway.machine import ItemState
from gateway.messages import Order, StateChange, Statement, Up
from gateway.span import Span, intersection

DAY = timedelta(days=1)
DIARY = "diary"
"""The kind of document that keeps what a machine did of late, for its forecast."""

METER = "meter"
"""The kind of document that keeps when a machine was Executing while a job is expected or runs."""

LEAST_HISTORY, MOST_HISTORY = 50, 20_000
"""Changes remembered for the meter of a job: while none is expected, and at most."""


@dataclass(frozen=True, slots=True)
class Job:
    """An accepted order for `span`; from `start` to `end` (None: not known yet) the machine may be busy with it."""

    span: Span
    start: datetime
    end: datetime | None = None


@dataclass
class Desk:
    """Holds what changes; every step makes a letter first, and `keep` it only when the letter is in the outbox."""

    case: Case
    watch: Watch
    terms: Terms
    said: Said = field(default_factory=Said)
    paused: bool = False
    papers: Papers = field(default_factory=Papers)
    disclosure: MachineDisclosure = field(default_factory=MachineDisclosure)
    dirty: bool = True
    turn: datetime | None = None
    jobs: dict[str, Job] = field(default_factory=dict)
    history: list[tuple[datetime, bool]] = field(default_factory=list)
    diary: Diary = field(default_factory=Diary)

    @property
    def machine(self) -> str:
        return self.case.machine

    def take(self, events: Sequence[Event], now: datetime) -> tuple[Watch, Letter]:
        """What a batch of this machine's events leads to. Changes nothing yet."""
        watch, told = take(self.case, self.watch, events, now)
        cursors = {f"source/{event.machine}": event.value for event in events if isinstance(event, Cursor)}
        named = tuple(each for each in told if isinstance(each, Named))
        letter = self._letter(watch, [each for each in told if not isinstance(each, Named)], cursors)
        return watch, replace(letter, named=named)

    def look(self, now: datetime) -> tuple[Watch, Letter]:
        """What the mere passing of time leads to."""
        watch, told = look(self.case, self.watch, now)
        return watch, self._letter(watch, told, {})

    def serve(self, origin: str, at: datetime) -> tuple[Watch, Letter]:
        """From `at` on the machine runs for `origin`."""
        track, told = serve(self.watch.track, origin, at)
        watch = replace(self.watch, track=track)
        return watch, self._letter(watch, told, {})

    def keep(self, watch: Watch, letter: Letter) -> None:
        """The letter is in the outbox."""
        self.dirty = self.dirty or watch != self.watch
        self.watch = watch
        changes = [told for told in letter.messages if isinstance(told, StateChange)]
        self.history += [(told.at, told.state is ItemState.EXECUTING) for told in changes]
        del self.history[: -(MOST_HISTORY if self.jobs else LEAST_HISTORY)]
        self.diary = written(self.diary, letter.messages)

    def meter(self) -> Letter:
        """What is needed to go on measuring a running job after a restart."""
        return Letter(documents={(METER, self.machine): dump_history(self.history)})

    def expect(self, name: str, job: Job) -> None:
        """The machine will be, or may still be, busy with this job, and not for the plant."""
        self.jobs[name] = job
        self.dirty = True

    def state(self) -> tuple[Up, ...]:
        """The machine's present state, for a registry that lost it."""
        shown = self.watch.track.shown
        return (message(self.machine, shown),) if shown else ()

    def capacity(self, now: datetime) -> tuple[Span, tuple[CapacitySpan, ...]]:
        """The horizon and the ledger as the plant sees it now."""
        within, ledger, self.turn = capacity(self.case, self.watch, self.papers, now, self.present(now))
        return within, tuple(ledger)

    def shown(self, now: datetime) -> tuple[Span, tuple[CapacitySpan, ...]]:
        """As much of it as may be seen outside, in as few spans as that allows."""
        within, ledger = self.capacity(now)
        return within, tuple(join(self.disclosure.shown(ledger, within)))

    def conflicts(self, order: Order, now: datetime) -> list[Span]:
        """Where the plant itself needs the time that an order wants."""
        rest = Span.between(max(order.start, now), order.end)
        return conflicts(self.capacity(now)[1], rest, order.capacity) if rest else []

    def next_statement(self, now: datetime, *, force: bool = False) -> tuple[Said, Statement | None]:
        """What is to be said now, if anything, and what to remember of it."""
        if hopeful(self.case, self.watch, now):
            return self.said, None
        within, ledger = self.shown(now)
        said, part = publish.consider(self.said, ledger, within, now, self.terms)
        if part is None and not force:
            return said, None
        part = part or within
        fresh = publish.told(said, ledger, within, part)
        return fresh, publish.statement(self.machine, fresh, part, now, self.terms)

    def file(self, papers: Papers, now: datetime) -> None:
        """Take another plan or calendar, or the news that the old one is still good."""
        same = (papers.orders, papers.calendar) == (self.papers.orders, self.papers.calendar)
        self.dirty = self.dirty or not same or papers.trust(now) != self.papers.trust(now)
        self.papers = replace(papers, outlook=papers.outlook or self.papers.outlook)
        if papers.calendar is not None:
            self.case = replace(self.case, calendar=papers.calendar)

    def foresee(self, outlook: Outlook | None) -> None:
        """Take another forecast."""
        self.dirty = self.dirty or outlook != self.papers.outlook
        self.papers = replace(self.papers, outlook=outlook)

    def status(self, now: datetime) -> dict[str, Any]:
        """What a person wants to know of the machine."""
        shown = self.watch.track.shown
        offered = clip(self.said.ledger, Span(now, now + DAY)) if self.said.within else []
        free = [part.span.hours for part in offered if part.type is CapacityType.AVAILABLE]
        return {
            "state": shown.picture.state if shown else None,
            "mode": shown.picture.mode if shown else None,
            "since": shown.at.isoformat() if shown else None,
            "origin": shown.picture.origin if shown else None,
            "quality": shown.picture.quality if shown else None,
            "silent_since": self.watch.silent_since.isoformat() if self.watch.silent_since else None,
            "silence": self.watch.silence or None,
            "paused": self.paused,
            "version": self.said.version,
            "offered_hours_next_day": round(sum(free), 2),
            "papers": {
                belief.name: {
                    "as_of": belief.as_of.isoformat() if belief.as_of else None,
                    "confidence": belief.confidence(now),
                }
                for belief in self.papers.beliefs
            },
            "late_readings": self.watch.seen.late,
            "unknown_values": dict(self.watch.unknown),
        }

    def due(self) -> datetime | None:
        """When to look again if nothing happens; None: as soon as possible."""
        if self.dirty:
            return None
        jobs = [moment for job in self.jobs.values() for moment in (job.start, job.end)]
        moments = (publish.due(self.said, self.terms), self.turn, wakes(self.case, self.watch), *jobs)
        return min((moment for moment in moments if moment), default=None)

    def present(self, now: datetime) -> Present:
        """What the machine does not say itself; jobs that are over are forgotten here."""
        self.jobs = {name: job for name, job in self.jobs.items() if job.end is None or now < job.end}
        serving = min((job.start for job in self.jobs.values() if job.start <= now), default=None)
        promised = tuple(job.span for job in self.jobs.values())
        return Present(self.paused, serving, promised=promised, sold=self._offered(promised))

    def _offered(self, promised: Sequence[Span]) -> tuple[Span, ...]:
        """What was said to be free of these; all of them where we do not remember what was said."""
        if self.said.within is None:
            return tuple(promised)
        free = [part.span for part in self.said.ledger if part.type is CapacityType.AVAILABLE]
        return tuple(intersection(promised, free))

    def _letter(self, watch: Watch, told: Sequence[Up], cursors: dict[str, str]) -> Letter:
        documents = {} if watch == self.watch else {("watch", self.machine): dump(watch)}
        if told:
            documents[DIARY, self.machine] = orjson.dumps(written(self.diary, told).dump())
        return Letter(tuple(told), documents, cursors)


def said_document(machine: str, said: Said) -> Letter:
    """The statement's version, which must grow over a restart too."""
    return Letter(documents={("said", machine): str(said.version).encode()})


def statement_letter(statement: Statement, said: Said) -> Letter:
    """The statement in the post; a whole one makes those before it useless."""
    whole = said.within is not None and (statement.start, statement.end) == (said.within.start, said.within.end)
    return Letter((statement,), partial=not whole)
