"""Where people look at a running agent from outside: its status, and what an explanation needs of each machine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from edge import scenefile
from edge.desk import Desk
from edge.planfolder import Listed
from gateway.shown import show


@dataclass
class Window:
    """Writes files into the agent's data folder. `listed`: what the machines' own job lists say."""

    data: Path
    listed: Mapping[str, Listed]
    _scenes: dict[str, bytes] = field(default_factory=dict)

    def show(self, now: datetime, status: Mapping[str, Any], desks: Mapping[str, Desk]) -> None:
        """What `thirdshift edge status` shows, and the scenes that changed. Raises OSError."""
        show(self.data, {**status, "machines": {name: desk.status(now) for name, desk in desks.items()}})
        for name, desk in desks.items():
            scene = scenefile.dump(scenefile.Kept(desk.watch, desk.present(now), self.listed.get(name), desk.diary))
            if self._scenes.get(name) != scene:
                scenefile.write(self.data, name, scene)
                self._scenes[name] = scene
