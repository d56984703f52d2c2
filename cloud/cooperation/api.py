"""The routes of agreements and of trust figures."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Query, Request

from cloud.api import catalogue as c
from cloud.api.call import Call, ReadCall
from cloud.api.idempotency import KEYED, Key
from cloud.api.page import Page
from cloud.api.problem import Problem
from cloud.api.problems import documented
from cloud.booking.api import caller
from cloud.booking.explain import explain
from cloud.booking.model import Refused
from cloud.cooperation import store
from cloud.cooperation.model import Agreement, AgreementRequest, ReasonRequest, Side, Usages
from cloud.cooperation.states import AgreementState
from cloud.cooperation.trust import TrustAnswer
from cloud.partners.model import Scope
from cloud.registry.api import AnAsk, AnId, Thing, known
from cloud.registry.machines import End, Start
from cloud.registry.model import Wire

router = APIRouter(prefix="/v1", tags=["cooperation"])

Why = Annotated[ReasonRequest | None, Body(description="may be left out")]

AROUND = timedelta(days=100)
"""Of the usage that is told without a window, so much before and after now."""

_PROPOSED = (c.NOT_FOUND, c.SERVICE_UNKNOWN, c.AGREEMENT_CURRENCY, c.AGREEMENT_TOO_MANY)
_DECIDED = (c.NOT_FOUND, c.AGREEMENT_UNKNOWN, c.AGREEMENT_STATE)
_ANSWERED = (*_DECIDED, c.AGREEMENT_OTHER_SIDE)


@router.post("/agreements", status_code=201, responses=documented(*KEYED, *_PROPOSED))
async def propose(call: ReadCall, key: Key, request: Request, wanted: AgreementRequest) -> Agreement:
    """Propose an agreement. A provider's key needs the scope `provide` for it, a booker's `book`; so does answering."""
    _on_side(call, wanted.role)
    return done(await store.propose(call.desk.pool, caller(call, key, request, wanted), wanted))


@router.get("/agreements")
async def list_agreements(
    call: ReadCall,
    ask: AnAsk,
    state: Annotated[AgreementState | None, Query(description="only those in this state")] = None,
) -> Page[Agreement]:
    """The agreements that the enterprise is a side of, oldest first."""
    async with call.rows() as rows:
        found = await store.agreements(rows, call.tenant, ask, state, call.now)
    last = found[ask.limit - 1] if len(found) > ask.limit else None
    return ask.turn(found, (last.created_at, last.id) if last else None)


@router.get("/agreements/{agreement_id}", responses=documented(c.NOT_FOUND))
async def read_agreement(call: ReadCall, agreement_id: AnId) -> Agreement:
    """One agreement, with what is used of its quota in the current period."""
    async with call.rows() as rows:
        return known(await store.agreement(rows, call.tenant, agreement_id, call.now))


@router.get("/agreements/{agreement_id}/usage", responses=documented(c.NOT_FOUND))
async def read_usage(call: ReadCall, agreement_id: AnId, start: Start = None, end: End = None) -> Usages:
    """Quota used and left, period by period; without a window, around now."""
    window = (start or call.now - AROUND, end or call.now + AROUND)
    if window[0] >= window[1]:
        detail = "`end` must come after `start`"
        raise Problem(c.REQUEST_INVALID, detail, errors=[{"pointer": "query/end", "detail": detail}])
    async with call.rows() as rows:
        known(await store.agreement(rows, call.tenant, agreement_id, call.now))
        return Usages(items=tuple(await store.usages(rows, call.tenant, agreement_id, window, call.now)))


@router.post("/agreements/{agreement_id}/accept", responses=documented(*KEYED, *_ANSWERED))
async def accept_agreement(call: ReadCall, key: Key, request: Request, agreement_id: AnId) -> Agreement:
    """The other side agrees: from now on hours can be called off by it."""
    return await _decide(call, key, request, agreement_id, AgreementState.ACTIVE, None)


@router.post("/agreements/{agreement_id}/decline", responses=documented(*KEYED, *_ANSWERED))
async def decline_agreement(
    call: ReadCall, key: Key, request: Request, agreement_id: AnId, why: Why = None
) -> Agreement:
    """The other side does not agree."""
    return await _decide(call, key, request, agreement_id, AgreementState.DECLINED, why or ReasonRequest())


@router.post("/agreements/{agreement_id}/end", responses=documented(*KEYED, *_ANSWERED))
async def end_agreement(call: ReadCall, key: Key, request: Request, agreement_id: AnId, why: Why = None) -> Agreement:
    """Either side ends what is in force, or takes its own proposal back. What was called off stays booked."""
    return await _decide(call, key, request, agreement_id, AgreementState.TERMINATED, why or ReasonRequest())


@router.get("/trust")
async def read_trust(
    call: ReadCall, days: Annotated[int, Query(ge=1, le=366, description="so many days until now")] = 90
) -> TrustAnswer:
    """How dealings with each partner went: from the bookings between the two alone, so only they see these figures."""
    since: datetime = call.now - timedelta(days=days)
    async with call.rows() as rows:
        found = await store.trust(rows, call.tenant, since, call.now)
    return TrustAnswer(start=since, end=call.now, items=tuple(found))


def done(told: Thing | Refused) -> Thing:
    """What was done. Raises the problem that a refusal names."""
    if isinstance(told, Refused):
        raise Problem(c.CATALOGUE[told.code], explain(told), **told.facts)
    return told


async def _decide(  # noqa: PLR0913, PLR0917 - who decides on what, and how
    call: Call, key: str, request: Request, identity: str, to: AgreementState, why: ReasonRequest | None
) -> Agreement:
    async with call.rows() as rows:
        before = known(await store.agreement(rows, call.tenant, identity, call.now))
    _on_side(call, before.role)
    asker = caller(call, key, request, why or Wire())
    return done(await store.decide(call.desk.pool, asker, identity, to, why.reason if why else None))


def _on_side(call: Call, side: Side) -> None:
    """Raises the problem auth.scope where the key may not act on this side."""
    scope = Scope.PROVIDE if side == "provider" else Scope.BOOK
    if scope not in call.scopes:
        raise Problem(c.AUTH_SCOPE, f"this key lacks the scope `{scope}`", scope=scope)
