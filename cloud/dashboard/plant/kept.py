"""The rows of a plant, made once for all who look at it, and the figures of its rollups, read once a minute."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from cloud.dashboard.model import Plant
from cloud.dashboard.plant import glance
from cloud.dashboard.plant.alarms import Alarm, alarms
from cloud.dashboard.plant.glance import NOTHING, Figures
from cloud.dashboard.plant.totals import Totals, totals
from cloud.dashboard.registry import Away, KeyRefused, Refused, Registry
from cloud.dashboard.watch import Watcher
from cloud.dashboard.when import zone_named
from cloud.registry.model import Agent

EVERY = 60.0
"""Seconds (real) between two readings of figures: rollups come by the minute. After a failure it is tried earlier."""

SOON = 10.0


@dataclass(slots=True)
class Board:
    """`stamp` counts changes; each part of a row knows the one with which it last changed."""

    stamp: int = 0
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    stamps: dict[str, dict[str, int]] = field(default_factory=dict)
    alarms: list[dict[str, Any]] = field(default_factory=list)
    alarmed: int = 0
    figures: Figures = NOTHING
    agents: tuple[Agent, ...] = ()
    totals: Totals | None = None
    _version: object = None
    _memo: dict[str, tuple[object, dict[str, Any]]] = field(default_factory=dict)
    _read: float = -EVERY
    _reading: "asyncio.Task[None] | None" = None

    def bring_up_to_date(self, watcher: Watcher) -> None:
        """Make anew what is not as it was. Cheap where nothing changed."""
        plant, now = watcher.plant, watcher.now
        if plant is None or now is None:
            return
        periods = glance.periods(now, zone_named(plant.zone))
        version = (watcher.version, id(plant), id(self.figures), periods.today)
        if version == self._version:
            return
        self._version = version
        self.totals = totals(plant, now)
        found = alarms(plant, self.agents, now)
        if self.figures is NOTHING:
            # Agents are read with the figures: until then nobody knows that one silent agent is behind many machines.
            found = [alarm for alarm in found if alarm.kind != "silent"]
        self._tell_alarms(found)
        self._tell_rows(plant, periods, found)

    def _tell_alarms(self, found: list[Alarm]) -> None:
        told = [glance.alarm_row(alarm) for alarm in found]
        if told != self.alarms:
            self.stamp += 1
            self.alarms, self.alarmed = told, self.stamp

    def _tell_rows(self, plant: Plant, periods: glance.Periods, found: list[Alarm]) -> None:
        about: dict[str, list[Alarm]] = {}
        for alarm in found:
            for identity in alarm.machines:
                about.setdefault(identity, []).append(alarm)
        rows = {}
        for machine in plant.machines:
            mine = about.get(machine.id, [])
            # A row of which nothing was read anew is not made anew: bands are most of the work.
            cause = (machine, id(plant.states.get(machine.id)), id(self.figures), periods.today, tuple(mine))
            known = self._memo.get(machine.id)
            if known is None or known[0] != cause:
                known = cause, glance.row(machine, plant, self.figures, periods, mine)
                self._memo[machine.id] = known
            rows[machine.id] = known[1]
        if rows != self.rows:
            self.stamp += 1
            self.stamps = {identity: self._stamped(identity, row) for identity, row in rows.items()}
            self.rows = rows

    def _stamped(self, identity: str, row: dict[str, Any]) -> dict[str, int]:
        before, stamps = self.rows.get(identity), self.stamps.get(identity, {})
        if before is row:
            return stamps
        return {name: stamps[name] if before and before[name] == value else self.stamp for name, value in row.items()}

    def since(self, stamp: int) -> list[dict[str, Any]]:
        """What of the rows changed after that stamp, each with its id."""
        found = []
        for identity, row in self.rows.items():
            fresh = {name: row[name] for name, at in self.stamps[identity].items() if at > stamp}
            if fresh:
                found.append({"id": identity, **fresh})
        return found

    def refresh(self, watcher: Watcher) -> None:
        """Begin to read the figures anew, if it is time to; who listens to the watcher is told when they are there."""
        waited = time.monotonic() - self._read
        if watcher.plant is None or watcher.now is None or waited < (SOON if self.figures.failed else EVERY):
            return
        if self._reading is None or self._reading.done():
            self._read = time.monotonic()
            self._reading = asyncio.get_running_loop().create_task(self._refresh(watcher, watcher.plant, watcher.now))

    async def _refresh(self, watcher: Watcher, plant: Plant, now: datetime) -> None:
        self.figures, self.agents = await _figures(watcher.registry, plant, now, self.figures, self.agents)
        for listener in tuple(watcher.listeners):
            listener()


async def _figures(
    registry: Registry, plant: Plant, now: datetime, before: Figures, agents: tuple[Agent, ...]
) -> tuple[Figures, tuple[Agent, ...]]:
    at = glance.periods(now, zone_named(plant.zone))
    soon = now + timedelta(seconds=1)
    try:
        today, week, bands, agents_ = await asyncio.gather(
            registry.ask(lambda api: api.performance(start=at.today.start, end=soon)),
            registry.ask(lambda api: api.performance(start=at.week.start, end=soon)),
            registry.ask(lambda api: api.bands(start=at.week.start, end=soon)),
            registry.ask(lambda api: api.agents()),
        )
    except (Away, Refused, KeyRefused) as error:
        return Figures(before.today, before.week, before.bands, before.read, error.code), agents
    found = Figures(
        {each.machine_id: each for each in today},
        {each.machine_id: each for each in week},
        {each.machine_id: each for each in bands},
        now,
    )
    return found, tuple(agents_)


_boards: WeakKeyDictionary[Watcher, Board] = WeakKeyDictionary()


def board_of(watcher: Watcher) -> Board:
    """The one board of all who share that watcher."""
    return _boards.setdefault(watcher, Board())
