"""The routes of alliances, and the SQL behind them."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import groupby
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Body, Query, Request, Response

from cloud.api import catalogue as c
from cloud.api.call import Call, ProvideCall, ReadCall
from cloud.api.idempotency import KEYED, Key
from cloud.api.page import Page
from cloud.api.problem import Problem
from cloud.api.problems import documented
from cloud.booking.api import caller
from cloud.booking.explain import explain
from cloud.booking.store import Caller, refused
from cloud.booking.store import call as round_trip
from cloud.cooperation.alliance import Alliance, AllianceRequest, JoinRequest, Part, Pool, PooledService, Revenue, split
from cloud.cooperation.model import ReasonRequest
from cloud.cooperation.states import MemberState
from cloud.db import reaching
from cloud.ids import new_id
from cloud.registry.api import AnAsk, AnId, known
from gateway.money import Money

router = APIRouter(prefix="/v1", tags=["cooperation"])

FOUND = "SELECT ts_found($1, $2, $3, $4, $5, $6, $7, $8, $9)"
DECIDE = "SELECT ts_decide_alliance($1, $2, $3, $4, $5, $6, $7, $8)"
POOL = "SELECT ts_pool($1, $2, $3, $4, $5)"
_ONE = "SELECT ts_alliance_told($1, id) FROM alliance WHERE id = $2"
_ALL = """SELECT ts_alliance_told($1, id) FROM alliance WHERE (created_at, id) > ($2, $3)
  ORDER BY created_at, id LIMIT $4"""
_POOLED = "SELECT * FROM ts_pool_told($1, $2, tstzrange($3, $4), $3)"
_EARNED = "SELECT * FROM ts_earned($1, $2, $3, $4)"

AHEAD = timedelta(days=7)
"""How far the free hours of the pool are looked at."""

_DECIDED = documented(*KEYED, c.ALLIANCE_UNKNOWN, c.ALLIANCE_STATE)
_POOLS = documented(c.ALLIANCE_UNKNOWN, c.ALLIANCE_STATE, c.SERVICE_UNKNOWN)


@router.post("/alliances", status_code=201, responses=documented(*KEYED, c.NOT_FOUND, c.ALLIANCE_FOUNDER))
async def found(call: ProvideCall, key: Key, request: Request, wanted: AllianceRequest) -> Alliance:
    """Found an alliance. It is in force once every member has joined; one that declines or leaves ends it."""
    if call.tenant not in {seat.id for seat in wanted.members}:
        raise Problem(c.ALLIANCE_FOUNDER, "the founder is not among the members")
    members = [seat.model_dump(mode="json") for seat in wanted.members]
    what = (new_id("aln"), wanted.name, wanted.note, wanted.shows, members, call.now)
    return await _ask(call, caller(call, key, request, wanted), FOUND, *what)


@router.get("/alliances")
async def list_alliances(call: ReadCall, ask: AnAsk) -> Page[Alliance]:
    """The alliances that the enterprise was asked into, oldest first."""
    async with call.rows() as rows:
        found_ = await rows.fetch(_ALL, call.tenant, ask.moment, ask.id, ask.limit + 1)
    items = [Alliance.model_validate(row[0]) for row in found_]
    last = items[ask.limit - 1] if len(items) > ask.limit else None
    return ask.turn(items, (last.created_at, last.id) if last else None)


@router.get("/alliances/{alliance_id}", responses=documented(c.NOT_FOUND))
async def read_alliance(call: ReadCall, alliance_id: AnId) -> Alliance:
    """One alliance, with its members and their shares."""
    async with call.rows() as rows:
        return await _known(rows, call.tenant, alliance_id)


@router.post("/alliances/{alliance_id}/join", responses=_DECIDED)
async def join(
    call: ProvideCall,
    key: Key,
    request: Request,
    alliance_id: AnId,
    how: Annotated[JoinRequest | None, Body(description="may be left out")] = None,
) -> Alliance:
    """Join on the shares as they are, and say what is shown of one's pooled services; may be said anew later."""
    asked = how or JoinRequest()
    what = (alliance_id, MemberState.JOINED, asked.shows, None, call.now)
    return await _ask(call, caller(call, key, request, asked), DECIDE, *what)


@router.post("/alliances/{alliance_id}/decline", status_code=204, responses=_DECIDED)
async def decline_alliance(
    call: ProvideCall,
    key: Key,
    request: Request,
    alliance_id: AnId,
    why: Annotated[ReasonRequest | None, Body(description="may be left out")] = None,
) -> Response:
    """Do not join: then there is no alliance. Whoever declined sees no more of it."""
    asked = why or ReasonRequest()
    what = (alliance_id, MemberState.DECLINED, None, asked.reason, call.now)
    await _told(call, caller(call, key, request, asked), DECIDE, *what)
    return Response(status_code=204)


@router.post("/alliances/{alliance_id}/leave", responses=_DECIDED)
async def leave_alliance(
    call: ProvideCall,
    key: Key,
    request: Request,
    alliance_id: AnId,
    why: Annotated[ReasonRequest | None, Body(description="may be left out")] = None,
) -> Alliance:
    """Leave, and end it: its shares were agreed by all. What is booked stays booked."""
    asked = why or ReasonRequest()
    what = (alliance_id, MemberState.LEFT, None, asked.reason, call.now)
    return await _ask(call, caller(call, key, request, asked), DECIDE, *what)


@router.put("/alliances/{alliance_id}/services/{service_id}", responses=_POOLS)
async def pool_service(call: ProvideCall, alliance_id: AnId, service_id: AnId) -> Alliance:
    """Let all members see and book a service of one's own, whatever its visibility."""
    return await _pool(call, alliance_id, service_id, wanted=True)


@router.delete("/alliances/{alliance_id}/services/{service_id}", responses=_POOLS)
async def unpool_service(call: ProvideCall, alliance_id: AnId, service_id: AnId) -> Alliance:
    """Take it out again. What is booked stays booked."""
    return await _pool(call, alliance_id, service_id, wanted=False)


@router.get("/alliances/{alliance_id}/services", responses=documented(c.NOT_FOUND))
async def read_pool(call: ReadCall, alliance_id: AnId) -> Pool:
    """The pooled services, with what their providers show of them; free hours are those of the next seven days."""
    async with call.rows() as rows:
        await _known(rows, call.tenant, alliance_id)
        found_ = await rows.fetch(_POOLED, call.tenant, alliance_id, call.now, call.now + AHEAD)
    return Pool(start=call.now, end=call.now + AHEAD, items=tuple(_service(row) for row in found_))


@router.get("/alliances/{alliance_id}/revenue", responses=documented(c.NOT_FOUND))
async def read_revenue(
    call: ReadCall,
    alliance_id: AnId,
    days: Annotated[int, Query(ge=1, le=366, description="so many days until now")] = 90,
) -> Revenue:
    """What pooled services earned, by member, and what is each one's by its share: figures, no payment is made."""
    since = call.now - timedelta(days=days)
    async with call.rows() as rows:
        await _known(rows, call.tenant, alliance_id)
        found_ = await rows.fetch(_EARNED, call.tenant, alliance_id, since, call.now)
    parts = [part for _, group in groupby(found_, key=lambda row: row["currency"]) for part in _parts(list(group))]
    return Revenue(start=since, end=call.now, items=tuple(parts))


async def _known(rows: asyncpg.Connection, tenant: str, identity: str) -> Alliance:
    return Alliance.model_validate(known(await rows.fetchval(_ONE, tenant, identity)))


async def _pool(call: Call, alliance_id: str, service_id: str, *, wanted: bool) -> Alliance:
    asker = Caller(call.tenant, call.now, actor=call.actor)
    return Alliance.model_validate(
        await _answer(call, asker, POOL, call.tenant, alliance_id, service_id, wanted, call.now)
    )


async def _ask(call: Call, asker: Caller, query: str, *what: object) -> Alliance:
    return Alliance.model_validate(await _told(call, asker, query, *what))


async def _told(call: Call, asker: Caller, query: str, *what: object) -> Mapping[str, Any]:
    return await _answer(call, asker, query, asker.enterprise_id, asker.key, asker.body_hash, *what)


async def _answer(call: Call, asker: Caller, query: str, *arguments: object) -> Mapping[str, Any]:
    """The alliance as the function tells it. Raises the problem that its refusal names."""
    async with reaching():
        told = await round_trip(call.desk.pool, asker, query, *arguments)
    if told["outcome"] not in {"ok", "replayed"}:
        why = refused(told)
        raise Problem(c.CATALOGUE[why.code], explain(why), **why.facts)
    found_: Mapping[str, Any] = told["alliance"]
    return found_


def _service(row: asyncpg.Record) -> PooledService:
    value = dict(row)
    value["price"] = Money(amount=value.pop("price_amount"), currency=value.pop("price_currency"))
    hours = value["free_hours"]
    return PooledService.model_validate({**value, "free_hours": round(hours, 3) if hours is not None else None})


def _parts(rows: list[asyncpg.Record]) -> list[Part]:
    """The members' parts of what was earned in one currency."""
    dues = split(sum(row["earned"] for row in rows), [row["share"] for row in rows])
    same = ("enterprise_id", "enterprise_name", "share", "bookings", "open")
    return [
        Part(
            earned=Money(amount=row["earned"], currency=row["currency"]),
            due=Money(amount=due, currency=row["currency"]),
            balance=Money(amount=due - row["earned"], currency=row["currency"]),
            **{name: row[name] for name in same},
        )
        for row, due in zip(rows, dues, strict=True)
    ]
