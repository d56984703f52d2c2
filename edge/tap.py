"""Where a person listens to one machine: what it gives, what is made of it, and what is told of it, as it happens."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from edge.post import Letter
from edge.reading import Cursor, Event, Gap, LinkNotice, Reading
from edge.sources.second import machine_of
from gateway.messages import Announce, GapNotice, JobReport, OrderAnswer, Samples, StateChange, Statement, Telemetry

WAITING = 1_000
"""Lines kept for a listener that reads slowly; what is beyond them it is told to have missed."""

Line = Mapping[str, Any]


@dataclass
class Listener:
    """The lines for one person, oldest first."""

    machine: str
    missed: int = 0
    _lines: asyncio.Queue[Line] = field(default_factory=lambda: asyncio.Queue(WAITING))

    def tell(self, line: Line) -> None:
        try:
            self._lines.put_nowait(line)
        except asyncio.QueueFull:
            self.missed += 1

    async def next(self) -> Line:
        """The next line; behind a full queue the word of how many are missing."""
        if self.missed and self._lines.empty():
            missed, self.missed = self.missed, 0
            return {"what": "missed", "machine": self.machine, "lines": missed}
        return await self._lines.get()


@dataclass
class Tap:
    """Costs next to nothing while nobody listens."""

    listeners: list[Listener] = field(default_factory=list)

    @contextmanager
    def listen(self, machine: str) -> Iterator[Listener]:
        """A listener for one machine, while the block lasts."""
        listener = Listener(machine)
        self.listeners.append(listener)
        try:
            yield listener
        finally:
            self.listeners.remove(listener)

    def events(self, events: Sequence[Event]) -> None:
        """What a source gave."""
        if self.listeners:
            self._tell((machine_of(event), event_line(event)) for event in events if not isinstance(event, Cursor))

    def letters(self, letters: Sequence[Letter]) -> None:
        """What entered the outbox."""
        if self.listeners:
            told = (message for letter in letters for message in letter.messages)
            self._tell(
                (told.machine, told_line(told)) for told in told if not isinstance(told, Announce | Samples | Telemetry)
            )

    def _tell(self, lines: Iterator[tuple[str, Line]]) -> None:
        for machine, line in lines:
            for listener in self.listeners:
                if listener.machine == machine:
                    listener.tell(line)


def event_line(event: Reading | Gap | LinkNotice) -> Line:
    """An event for people and scripts."""
    machine = machine_of(event)
    match event:
        case Reading():
            at, stamped = event.source_time or event.received, "source" if event.source_time else "agent"
            value = {"signal": event.signal, "value": _plain(event.value), "quality": event.quality}
            return _line("reading", at, machine, **value, stamped=stamped, historical=event.historical)
        case Gap():
            until, signals = event.end.isoformat(), list(event.signals)
            return _line("gap", event.start, machine, until=until, signals=signals, reason=event.reason)
        case LinkNotice():
            return _line("link", event.at, machine, up=event.up, reason=event.reason)


def told_line(told: StateChange | GapNotice | Statement | OrderAnswer | JobReport) -> Line:
    """A message to the registry for people and scripts; of a statement, what its first piece says."""
    at, machine = told.start if isinstance(told, GapNotice) else _moment(told), told.machine
    match told:
        case StateChange():
            seen = {"state": told.state, "mode": told.mode, "origin": told.origin, "quality": told.quality}
            return _line("change", at, machine, **seen)
        case Statement():
            now = f"{told.spans[0].type}: {told.spans[0].reason}" if told.spans else None
            until = told.end.isoformat()
            return _line("offer", at, machine, version=told.version, now=now, spans=len(told.spans), until=until)
        case GapNotice():
            return _line("gap told", at, machine, until=told.end.isoformat(), reason=told.reason)
        case OrderAnswer():
            return _line("answer", at, machine, booking=told.booking, answer=told.answer, reason=told.reason)
        case JobReport():
            good, why = told.good_quantity, told.reason
            return _line("job", at, machine, booking=told.booking, event=told.event, good=good, reason=why)


def _moment(told: StateChange | Statement | OrderAnswer | JobReport) -> datetime:
    return told.issued_at if isinstance(told, Statement) else told.at


def _line(what: str, at: datetime, machine: str, **more: Any) -> Line:
    return {"what": what, "at": at.isoformat(), "machine": machine, **more}


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
