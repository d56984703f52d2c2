"""Learns each machine's ways day by day, keeps them on the box, and says each quarter hour what they lead to expect."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from edge.desk import Desk
from edge.diary import Diary
from edge.errors import FileInvalid
from edge.outlook import Outlook
from edge.shifts import at as instant
from edge.trouble import Trouble
from edge.watch import Case, Foretell
from gateway.span import Span, difference

if TYPE_CHECKING:  # what learns and foretells brings numpy, 10 MB: not for an agent that foretells nothing
    from edge.forecast import Habit, Others

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
    """The habits of an agent's machines, read when first asked for.

    `past`: what each machine did before the agent's first start, by its log.
    """

    folder: Path
    zone: ZoneInfo
    trouble: Trouble
    past: Past = lambda _, __: None
    _machines: list[str] = field(default_factory=list)
    _habits: "dict[str, Habit] | None" = None
    _others: "Mapping[str, Others]" = field(default_factory=dict)
    _looked: dict[str, tuple[datetime, float]] = field(default_factory=dict)

    @property
    def habits(self) -> "dict[str, Habit]":
        """By machine."""
        if self._habits is None:
            self._habits = {name: kept(self.folder, name, self.zone) for name in self._machines}
            self._compare()
        return self._habits

    def open(self, machines: Iterable[str]) -> None:
        """The habits as they were kept; who has none begins afresh."""
        self._machines, self._habits = list(machines), None

    def join(self, machine: str) -> None:
        """One more machine, with its habit as it was kept."""
        if self._habits is None:
            self._machines.append(machine)
            return
        self._habits[machine] = kept(self.folder, machine, self.zone)
        self._compare()

    def leave(self, machine: str) -> None:
        """One machine less."""
        self._looked.pop(machine, None)
        if self._habits is None:
            self._machines = [name for name in self._machines if name != machine]
            return
        self._habits.pop(machine, None)
        self._compare()

    def _compare(self) -> None:
        from edge.forecast import company  # noqa: PLC0415 - see above

        self._others = company(self.habits)

    async def study(self, now: datetime) -> None:
        """Learn from the logs what those did whose habits are fresh; takes some seconds, in a thread."""
        new = self._fresh()
        try:
            pasts = await asyncio.to_thread(lambda: {name: self.past(name, now) for name in new})
        except FileInvalid as error:
            self.trouble.comes("habits", f"{error}; nothing is learnt from before the first start")
            return
        if not any(pasts.values()):
            return
        found = await asyncio.to_thread(studied, new, lambda name, _: pasts[name], self.zone, now)
        mine = {name: habit for name, habit in found.items() if self.habits[name].last is None}
        self.habits.update(mine)
        self._compare()
        self._looked.clear()
        for name in mine:
            self._keep(name)

    def _fresh(self) -> list[str]:
        """The machines of which nothing was learnt yet."""
        if self._habits is None and not any((self.folder / f"{name}.npz").exists() for name in self._machines):
            return list(self._machines)
        return [name for name, habit in self.habits.items() if habit.last is None]

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
        from edge.forecast import learn  # noqa: PLC0415 - see above

        self.habits[desk.machine] = learn(habit, yesterday, busy, unknown, rests, others)
        self._compare()
        self._keep(desk.machine)

    def _keep(self, name: str) -> None:
        from edge.forecast import dump  # noqa: PLC0415 - see above

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            draft = self.folder / f".{name}.new"
            draft.write_bytes(dump(self.habits[name]))
            draft.replace(self.folder / f"{name}.npz")
        except OSError as error:
            self.trouble.comes("habits", f"{self.folder}: what was learnt cannot be kept: {error}")
        else:
            self.trouble.goes("habits")


def expected(habit: "Habit", diary: Diary, case: Case, now: datetime, others: "Others | None" = None) -> Outlook:
    """What a machine's habit, and what it did since, lead to expect."""
    from edge.bands import outlook  # noqa: PLC0415 - see above
    from edge.forecast import forecast  # noqa: PLC0415

    since = instant(habit.last + DAY, 0, habit.zone) if habit.last else now - DAY
    busy, unknown = diary.spans(min(since, now), now)
    within = Span(now, now + case.rules.horizon + QUARTER)
    rests, dark = case.calendar.resting(within), difference([within], case.calendar.staffed(within))
    found = forecast(habit, now, within.duration, busy, unknown, rests, others, dark)
    return replace(outlook(found), days=found.days)


def kept(folder: Path, name: str, zone: ZoneInfo) -> "Habit":
    """A machine's habit as it was kept; a fresh one where none can be read, or the plant's zone is another now."""
    from edge.forecast import fresh, load  # noqa: PLC0415 - see above

    try:
        found = load((folder / f"{name}.npz").read_bytes())
    except (OSError, ValueError):
        return fresh(zone)
    return found if found.zone == zone else fresh(zone)


def studied(names: Sequence[str], past: Past, zone: ZoneInfo, now: datetime) -> "dict[str, Habit]":
    """The habits of those machines that have a past, learnt day by day up to yesterday."""
    from edge.forecast import company, fresh, learn  # noqa: PLC0415 - see above

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
