"""An ingest that is cut off from its database at the one moment when that matters."""

from typing import Any

from cloud.errors import DatabaseAway
from cloud.ingest.intake import Intake


class Away(Intake):
    """An intake whose database goes away just before, or just after, it commits."""

    when = "before"

    async def _settle(self, *given: Any) -> None:
        if self.when == "after":
            await super()._settle(*given)
        msg = "cut off"
        raise DatabaseAway(msg)
