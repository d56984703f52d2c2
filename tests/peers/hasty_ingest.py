"""The control of the kill test: an ingest that acknowledges first and commits a moment later, as one must not."""

import asyncio
from typing import Any

from cloud.ingest.__main__ import main
from cloud.ingest.intake import Intake


class HastyIntake(Intake):
    """Replies before its database has anything; what dies in between is lost, though it was acknowledged."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._later: dict[str, asyncio.Task[None]] = {}

    async def _settle(self, agent: Any, *given: Any) -> None:
        before = self._later.get(agent.id)
        self._later[agent.id] = asyncio.get_running_loop().create_task(self._commit(before, agent, *given))

    async def _commit(self, before: "asyncio.Task[None] | None", *given: Any) -> None:
        if before:
            await before
        await asyncio.sleep(0.2)
        await super()._settle(*given)


if __name__ == "__main__":
    main(intake=HastyIntake)
