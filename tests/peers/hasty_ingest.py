"""The control of the kill test: an ingest that acknowledges first and commits a moment later, as one must not."""

import asyncio
from collections.abc import Sequence
from typing import Any

from cloud.ingest.__main__ import main
from cloud.ingest.intake import Intake, Part


class HastyIntake(Intake):
    """Replies before its database has anything; what dies in between is lost, though it was acknowledged."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._later: asyncio.Task[None] | None = None

    async def _settle(self, parts: Sequence[Part]) -> None:
        self._later = asyncio.get_running_loop().create_task(self._commit(self._later, parts))

    async def _commit(self, before: "asyncio.Task[None] | None", parts: Sequence[Part]) -> None:
        if before:
            await before
        await asyncio.sleep(0.2)
        await super()._settle(parts)


if __name__ == "__main__":
    main(intake=HastyIntake)
