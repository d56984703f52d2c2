"""The route of the audit trail."""

from typing import Annotated

from fastapi import APIRouter, Query

from cloud.api.call import AdminCall
from cloud.api.page import Page
from cloud.audit import store
from cloud.audit.model import Act, Filter, Outcome
from cloud.registry.api import AnAsk
from cloud.registry.model import Moment

router = APIRouter(prefix="/v1", tags=["audit"])


@router.get("/audit")
async def list_acts(  # noqa: PLR0913, PLR0917 - a filter each
    call: AdminCall,
    ask: AnAsk,
    since: Annotated[Moment | None, Query(description="only from then on")] = None,
    until: Annotated[Moment | None, Query(description="only before")] = None,
    actor: Annotated[str | None, Query(max_length=64, description="the id of a key, account or agent")] = None,
    object_id: Annotated[str | None, Query(max_length=64, alias="object", description="the id of a thing")] = None,
    action: Annotated[str | None, Query(max_length=100, description="`booking.confirmed`, say")] = None,
    outcome: Annotated[Outcome | None, Query(description="what was done, or what was refused")] = None,
) -> Page[Act]:
    """Who did what when in the enterprise's name, and what was refused to whom; the newest first."""
    async with call.rows() as rows:
        found = await store.acts(rows, call.tenant, ask, Filter(since, until, actor, object_id, action, outcome))
    last = found[ask.limit - 1] if len(found) > ask.limit else None
    return ask.turn(found, (last.at, last.id) if last else None)
