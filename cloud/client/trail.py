"""The audit trail."""

from datetime import datetime

from cloud.api.page import Page
from cloud.audit.model import Act, Outcome
from cloud.client.calls import Calls


class TrailCalls(Calls):
    """Who did what in the enterprise's name."""

    async def audit(  # noqa: PLR0913 - a filter each
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        actor: str | None = None,
        object_id: str | None = None,
        action: str | None = None,
        outcome: Outcome | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Act]:
        """A page of the trail, the newest act first; `next_cursor` leads to older ones."""
        asked = {"since": since, "until": until, "actor": actor, "object": object_id, "action": action}
        return await self._get(Page[Act], "/v1/audit", **asked, outcome=outcome, limit=limit, cursor=cursor)
