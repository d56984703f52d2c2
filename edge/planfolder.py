"""Keeps the plant's plan up to date while the agent runs: a plan file that changed is read again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from edge.config import Config, Plan
from edge.errors import FileInvalid
from edge.plan import PlannedOrder
from edge.trouble import Trouble
from edge.wiring import of


@dataclass
class Plans:
    """The plans of a config's machines. A file that became unreadable is told once, and its last good state stays."""

    config: Config
    trouble: Trouble
    _marks: dict[Path, tuple[int, int] | None] = field(default_factory=dict)

    def changed(self) -> Mapping[str, Sequence[PlannedOrder]]:
        """The orders of each machine whose plan file changed since the last call (at first: none has)."""
        stale = {path for path in self._files() if self._moved(path)}
        found: dict[str, Sequence[PlannedOrder]] = {}
        for name, plan in self._plans().items():
            if plan.file in stale:
                self._read(name, plan, found)
        return found

    def _plans(self) -> dict[str, Plan]:
        plans = {name: machine.plan or self.config.plan for name, machine in self.config.machines.items()}
        return {name: plan for name, plan in plans.items() if plan is not None}

    def _files(self) -> set[Path]:
        return {plan.file for plan in self._plans().values()}

    def _moved(self, path: Path) -> bool:
        try:
            seen = path.stat()
            mark = (seen.st_mtime_ns, seen.st_size)
        except OSError:
            mark = None
        known = path in self._marks
        before = self._marks.get(path)
        self._marks[path] = mark
        return known and mark != before

    def _read(self, name: str, plan: Plan, found: dict[str, Sequence[PlannedOrder]]) -> None:
        try:
            found[name] = of(plan, name, ZoneInfo(self.config.zone))
        except FileInvalid as error:
            self.trouble.comes(f"plan/{name}", f"{error}; the last plan that could be read still counts")
        else:
            self.trouble.goes(f"plan/{name}")
