"""Reads what the page shows of a machine: each part by itself, so that one that is away spoils no other."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from cloud.booking.wire import Booking
from cloud.client import Client
from cloud.dashboard.machine.look import PIECES
from cloud.dashboard.model import NO_STATEMENT, NOTHING_SEEN
from cloud.dashboard.plant import totals
from cloud.dashboard.registry import Away, Refused, Registry
from cloud.registry.model import Capacity, Machine, States
from cloud.telemetry.wire import Rollups, Samples
from gateway.span import Span

T = TypeVar("T")

FINE = timedelta(days=62)
"""Up to so long a window, each piece of the ledger is drawn; of a longer one, days."""

POINTS = 1000
MOST_BOOKINGS = 120
"""So many bookings are drawn one by one; of more, their hours by the day."""

VOID = totals.VOID | {"CONSUMED", "RELEASED", "HELD"}
"""Claims that delivered nothing, and those that are not booked yet."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Seen:
    """One reading; no other is equal to it.

    `failed` has for each part that could not be read why: states, capacity, days, bookings, or a signal's name.

    `days` is there for a long window: the ledger of what lies behind. `many`: bookings too many to be drawn each.
    """

    machine: Machine
    window: Span
    now: datetime
    states: States = NOTHING_SEEN
    capacity: Capacity = NO_STATEMENT
    days: Rollups | None = None
    bookings: tuple[Booking, ...] = ()
    many: int = 0
    samples: Mapping[str, Samples] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)


async def read(registry: Registry, machine: Machine, window: Span, now: datetime, signals: tuple[str, ...]) -> Seen:
    """All parts at once. Raises KeyRefused."""
    asked = _Reading(registry, machine.id, window, now)
    states, capacity, taken, samples = await asyncio.gather(
        asked.states(), asked.capacity(), asked.taken(), asyncio.gather(*map(asked.samples, signals))
    )
    told = {name: found for name, found in zip(signals, samples, strict=True) if found}
    return Seen(machine, window, now, states, capacity, *taken, told, asked.failed)


class _Reading:
    def __init__(self, registry: Registry, machine_id: str, window: Span, now: datetime) -> None:
        self._registry = registry
        self._id = machine_id
        self._window = window
        self._now = now
        self._past = Span.between(window.start, min(window.end, now))
        self.failed: dict[str, str] = {}

    async def states(self) -> States:
        if (past := self._past) is None:
            return NOTHING_SEEN
        return await self._part("states", NOTHING_SEEN, lambda api: api.states(self._id, past.start, past.end, PIECES))

    async def capacity(self) -> Capacity:
        """Piece by piece: all of a short window, what lies ahead of a long one."""
        fine = self._window.duration <= FINE
        ahead = self._window if fine else Span.between(max(self._window.start, self._now), self._window.end)
        if ahead is None:
            return NO_STATEMENT
        return await self._part("capacity", NO_STATEMENT, lambda api: api.capacity(self._id, ahead.start, ahead.end))

    async def taken(self) -> tuple[Rollups | None, tuple[Booking, ...], int]:
        """The days of a long window; and the bookings, or how many they are."""
        days, window, past = None, self._window, self._past
        if past and window.duration > FINE:
            days = await self._part(
                "days", None, lambda api: api.rollups(self._id, "day", start=past.start, end=past.end, only="ledger")
            )
        if days and (many := booked(days)) > MOST_BOOKINGS:
            return days, (), many
        found: list[Booking] = await self._part(
            "bookings", [], lambda api: api.bookings(machine_id=self._id, start=window.start, end=window.end)
        )
        return days, tuple(found), 0

    async def samples(self, signal: str) -> Samples | None:
        if (past := self._past) is None:
            return None
        window = {"start": past.start, "end": past.end, "points": POINTS, "shape": "line"}
        return await self._part(signal, None, lambda api: api.samples(self._id, signal, **window))

    async def _part(self, name: str, otherwise: T, call: Callable[[Client], Awaitable[T]]) -> T:
        try:
            return await self._registry.ask(call)
        except Refused as error:
            self.failed[name] = error.detail or error.code
        except Away as error:
            self.failed[name] = error.code
        return otherwise


def booked(days: Rollups) -> int:
    """How many bookings began in these days."""
    return sum(
        share.begun for day in days.items for share in day.ledger if share.kind == "claim" and share.name not in VOID
    )
