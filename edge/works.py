"""The works of a running agent, by name: each can be stopped and started while the others go on."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import structlog

PATIENCE = 10.0
"""Real seconds that a work gets to stop; one that does not is left behind, and must not be heard any more."""

log = structlog.get_logger(__name__)


@dataclass
class Works:
    """`group` ends when one of its works fails, as for every task group; one that is stopped here does not end it."""

    group: asyncio.TaskGroup
    running: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Under a name that is free."""
        self.running[name] = self.group.create_task(work, name=name)

    async def stop(self, *names: str) -> None:
        """Returns when all of these have stopped, or have had their time."""
        found = {name: task for name in names if (task := self.running.pop(name, None)) is not None}
        for task in found.values():
            task.cancel()
        if not found:
            return
        _, left = await asyncio.wait(found.values(), timeout=PATIENCE)
        for name in [name for name, task in found.items() if task in left]:
            log.warning("work does not stop, it is left behind", work=name)

    async def end(self) -> None:
        """Stop all. One that swallows the word is told again and again: it must not keep the agent alive."""
        while left := [task for task in self.running.values() if not task.done()]:
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=1.0)
