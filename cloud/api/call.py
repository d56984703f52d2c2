"""One call of the API: what the process has to answer with, who asks, and the moment that counts as now."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, cast

import asyncpg
from fastapi import Depends, Request

from cloud.accounts.door import Door
from cloud.api.catalogue import RATE_LIMITED
from cloud.api.problem import Problem, current
from cloud.audit.model import actor
from cloud.audit.refusals import Refusals
from cloud.booking.store import Quota
from cloud.config import Settings
from cloud.db import as_tenant
from cloud.events.hub import Hub
from cloud.partners.auth import Authenticator, permit
from cloud.partners.model import Scope
from cloud.partners.pace import Pace
from cloud.telemetry.choose import Shelf
from gateway.clock import Clock


@dataclass(frozen=True, slots=True)
class Desk:
    """What every route may reach for; made once, when the process starts."""

    settings: Settings
    clock: Clock
    pool: asyncpg.Pool
    auth: Authenticator
    hub: Hub
    pace: Pace
    samples: Shelf
    refusals: Refusals
    door: Door

    def fresh_after(self, now: datetime) -> datetime:
        """A machine heard of since this moment of business time is fresh."""
        return now - self.clock.business(self.settings.fresh_time)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of an admitted key. `tenant` is its enterprise; `now` is business time, read once per call.

    `actor`: who calls, for the audit trail; `account_id`: of the person who logged in, None for a key's call;
    `most_holds`: at once, of the key or person; None where it has no number of its own.
    """

    desk: Desk
    tenant: str
    scopes: frozenset[Scope]
    now: datetime
    actor: str = ""
    account_id: str | None = None
    most_holds: int | None = None

    @property
    def quota(self) -> Quota:
        settings = self.desk.settings
        return Quota(settings.most_holds, self.most_holds or settings.most_holds_of_a_key)

    @property
    def fresh_after(self) -> datetime:
        return self.desk.fresh_after(self.now)

    def rows(self) -> AbstractAsyncContextManager[asyncpg.Connection]:
        """A transaction that sees this enterprise's rows and no others."""
        return as_tenant(self.desk.pool, self.tenant, self.actor)


async def desk(request: Request) -> Desk:
    """FastAPI dependency: the process's desk. These are coroutines, for a plain function would cost a thread."""
    return cast("Desk", request.app.state.desk)


def admitted(scope: Scope) -> Callable[[Request], Awaitable[Call]]:
    """A FastAPI dependency that admits keys with that scope. Raises the problems of auth."""

    async def call(request: Request) -> Call:
        place = await desk(request)
        caller = await place.auth.known(request.headers.get("authorization"))
        request.state.caller = caller
        permit(caller, scope)
        if seconds := place.pace.wait(caller.id):
            raise Problem(RATE_LIMITED, retry_after_s=round(seconds, 3))
        now = place.clock.now()
        who = (caller.enterprise_id, caller.scopes, now, actor(caller, current(), now), caller.account_id)
        return Call(place, *who, caller.most_holds)

    return call


AnyDesk = Annotated[Desk, Depends(desk)]
ReadCall = Annotated[Call, Depends(admitted(Scope.READ))]
BookCall = Annotated[Call, Depends(admitted(Scope.BOOK))]
ProvideCall = Annotated[Call, Depends(admitted(Scope.PROVIDE))]
AdminCall = Annotated[Call, Depends(admitted(Scope.ADMIN))]
