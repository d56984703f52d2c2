"""What a restart or a fault left unseen: the gap that is told of it, so that nobody takes silence for rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from edge.post import Letter
from edge.reading import Event, Gap, LinkNotice, Reading
from edge.sources.second import machine_of
from gateway.because import Unseen
from gateway.messages import GapNotice


@dataclass(frozen=True, slots=True)
class Blind:
    """Since when nobody has read a machine, and why."""

    since: datetime
    reason: str = Unseen.AGENT


def by_machine(events: Sequence[Event]) -> dict[str, list[Event]]:
    """Each machine's events, in their order."""
    found: dict[str, list[Event]] = {}
    for event in events:
        found.setdefault(machine_of(event), []).append(event)
    return found


def up(batch: Sequence[Event]) -> LinkNotice | None:
    """The first word in a batch that a machine's link is up."""
    return next((event for event in batch if isinstance(event, LinkNotice) and event.up), None)


def bridged(machine: str, batch: Sequence[Event], blind: Blind | None) -> Sequence[Event]:
    """Before the first news after a restart or a reload, the gap that it left (None: it is told)."""
    first = up(batch)
    if blind is None or first is None or blind.since >= first.at:
        return batch
    return [Gap(machine, blind.since, first.at, blind.reason), *batch]


def lost(machine: str, batch: Sequence[Event], now: datetime) -> Letter:
    """What a batch leaves behind that could not be understood at all."""
    moments = [event.source_time or event.received for event in batch if isinstance(event, Reading)]
    start = min([moment for moment in moments if moment < now], default=now - timedelta(seconds=1))
    return Letter((GapNotice(machine=machine, start=start, end=now, reason=Unseen.FAULT),))
