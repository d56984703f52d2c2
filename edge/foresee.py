"""Learns each machine's ways day by day, keeps them on the box, and says each quarter hour what they lead to expect."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from edge.bands import outlook
from edge.desk import Desk
from edge.diary import Diary
from edge.errors import FileInvalid
from edge.forecast import Habit, Others, company, dump, forecast, fresh, learn, load
from edge.outlook import Outlook
from edge.shifts import at as instant
from edge.trouble import Trouble
from edge.watch import Case, Foretell
from gateway.span import Span, difference

FOLDER = "habits"
"""Where in the agent's data each machine's habit is kept."""

FROM_LOG = 56
"""Days of a log from before the first start that are learnt."""

DAY, QUARTER = timedelta(days=1), timedelta(minutes=15)

LEAST_REST = 5.0
"""Real seconds between two looks ahead, at least: business time may run faster than the wall clock."""

Past = Callable[[str, datetime], "tuple[Sequence[Span], datetime] | None"]
"""Of a machine and the present: when it was busy before the agent's first start, and since when that is known."""


@dataclass
class Foresight:
    """The habits of an agent's machines. `past`: what each did before the agent's first start, by its log."""

    folder: Path
    zone: ZoneInfo
    trouble: Trouble
    past: Past = lambda _, __: None
    habits: dict[str, Habit] = field(default_factory=dict)
    _others: Mapping[str, Others] = field(default_factory=dict)
    _looked: dict[str, tuple[datetime, float]] = field(default_factory=dict)

    def open(self, machines: Iterable[str]) -> None:
        """The habits as they were kept; who has none begins afresh."""
        self.habits = {name: kept(self.folder, name, self.zone) for name in machines}
        self._others = company(self.habits)

    def join(self, machine: str) -> None:
        """One more machine, with its habit as it was kept."""
        self.habits[machine] = kept(self.folder, machine, self.zone)
        self._others = company(self.habits)

    def leave(self, machine: str) -> None:
        """One machine less."""
        self.habits.pop(machine, None)
        self._looked.pop(machine, None)
        self._others = company(self.habits)

    async def study(self, now: datetime) -> None:
        """Learn from the logs what those did whose habits are fresh; takes some seconds, in a thread."""
        new = [name for name, habit in self.habits.items() if habit.last is None]
        try:
            found = await asyncio.to_thread(studied, new, self.past, self.zone, now)
        except FileInvalid as error:
            self.trouble.comes("habits", f"{error}; nothing is learnt from before the first start")
            return
        mine = {name: habit for name, habit in found.items() if self.habits[name].last is None}
        self.habits |= mine
        self._others = company(self.habits)
        self._looked.clear()
        for name in mine:
            self._keep(name)

    def step(self, desk: Desk, now: datetime) -> None:
        """Learn the day that is over, and look ahead if a quarter hour has begun since the last look."""
        quarter, moment = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0), time.monotonic()
        looked = self._looked.get(desk.machine)
        if desk.case.foretell is Foretell.OFF or (looked and (looked[0] == quarter or moment - looked[1] < LEAST_REST)):
            return
        self._looked[desk.machine] = (quarter, moment)
        self._learn(desk, now)
        habit = self.habits[desk.machine]
        desk.foresee(expected(habit, desk.diary, desk.case, quarter, self._others.get(desk.machine)))

    def _learn(self, desk: Desk, now: datetime) -> None:
        """Yesterday, once it is over; days on which the agent did not run stay unknown."""
        habit = self.habits[desk.machine]
        yesterday = now.astimezone(self.zone).date() - DAY
        start, end = (instant(yesterday, minutes, self.zone) for minutes in (0, 1440))
        first = desk.diary.first
        if first is None or first >= end or (habit.last is not None and habit.last >= yesterday):
            return
        busy, unknown = desk.diary.spans(start, end)
        rests = desk.case.calendar.resting(Span(start, end))
        others = self._others.get(desk.machine)
        self.habits[desk.machine] = learn(habit, yesterday, busy, unknown, rests, others)
        self._others = company(self.habits)
        self._keep(desk.machine)

    def _keep(self, name: str) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            draft = self.folder / f".{name}.new"
            draft.write_bytes(dump(self.habits[name]))
            draft.replace(self.folder / f"{name}.npz")
        except OSError as error:
            self.trouble.comes("habits", f"{self.folder}: what was learnt cannot be kept: {error}")
        else:
            self.trouble.goes("habits")


def expected(habit: Habit, diary: Diary, case: Case, now: datetime, others: Others | None = None) -> Outlook:
    """What a machine's habit, and what it did since, lead to expect."""
    since = instant(habit.last + DAY, 0, habit.zone) if habit.last else now - DAY
    busy, unknown = diary.spans(min(since, now), now)
    within = Span(now, now + case.rules.horizon + QUARTER)
    rests, dark = case.calendar.resting(within), difference([within], case.calendar.staffed(within))
    found = forecast(habit, now, within.duration, busy, unknown, rests, others, dark)
    return replace(outlook(found), days=found.days)


def kept(folder: Path, name: str, zone: ZoneInfo) -> Habit:
    """A machine's habit as it was kept; a fresh one where none can be read, or the plant's zone is another now."""
    try:
        found = load((folder / f"{name}.npz").read_bytes())
    except (OSError, ValueError):
        return fresh(zone)
    return found if found.zone == zone else fresh(zone)


def studied(names: Sequence[str], past: Past, zone: ZoneInfo, now: datetime) -> dict[str, Habit]:
    """The habits of those machines that have a past, learnt day by day up to yesterday."""
    pasts = {name: found for name in names if (found := past(name, now)) is not None}
    habits = {name: fresh(zone) for name in pasts}
    today = now.astimezone(zone).date()
    for ago in range(FROM_LOG, 0, -1):
        day = today - DAY * ago
        others = company(habits)
        for name, (busy, since) in pasts.items():
            if since.astimezone(zone).date() < day:
                habits[name] = learn(habits[name], day, busy, others=others.get(name))
    return {name: habit for name, habit in habits.items() if habit.last is not None}
