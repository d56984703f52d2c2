"""A batch of events: divided by machine, and what is left of it where nobody could understand it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from edge.post import Letter
from edge.reading import Event, Reading
from edge.sources.second import machine_of
from gateway.messages import GapNotice


def by_machine(events: Sequence[Event]) -> dict[str, list[Event]]:
    """Each machine's events, in their order."""
    found: dict[str, list[Event]] = {}
    for event in events:
        found.setdefault(machine_of(event), []).append(event)
    return found


def lost(machine: str, batch: Sequence[Event], now: datetime) -> Letter:
    """What a batch leaves behind that could not be understood at all."""
    moments = [event.source_time or event.received for event in batch if isinstance(event, Reading)]
    start = min([moment for moment in moments if moment < now], default=now - timedelta(seconds=1))
    return Letter((GapNotice(machine=machine, start=start, end=now, reason="a fault of the agent"),))
