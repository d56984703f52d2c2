"""The routes that show how the house runs: agents and their links, what comes in, the stores, deliveries."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Depends, Query

from cloud.api.call import AdminCall, Call, ReadCall
from cloud.api.page import Page
from cloud.api.paging import Ask, asked
from cloud.db import reaching
from cloud.errors import DatabaseAway
from cloud.operations import store
from cloud.operations.backlog import waiting
from cloud.operations.flow import STEP_S, WINDOW_S, floor, flows, points
from cloud.operations.model import (
    AgentLink,
    Down,
    Hook,
    Hooks,
    Ingest,
    Lane,
    Loss,
    ParkedCount,
    ParkedLine,
    ParkedLines,
    Refused,
    RegistryStore,
    SampleStore,
    Stores,
)
from cloud.registry.api import page
from cloud.telemetry.model import StoreAway
from gateway.link import Position
from gateway.messages import Stream

router = APIRouter(prefix="/v1/operations", tags=["operations"])

AnAsk = Annotated[Ask, Depends(asked)]
OLDEST_PATIENCE = 2.0
"""Real seconds after which nobody waits for the moment of the oldest sample any more."""


@router.get("/agents")
async def list_links(call: ReadCall, ask: AnAsk) -> Page[AgentLink]:
    """The enterprise's agents and their links: last seen, what waits, what was lost, refused or parked."""
    async with call.rows() as rows:
        found = await store.agents(rows, call.tenant, ask)
        told = await store.links(rows, call.tenant, [row["id"] for row in found[: ask.limit]], call.now)
    lanes, losses, refused, parked = (_by_agent(part) for part in told)
    items = [
        _link(row, call.fresh_after, lanes[row["id"]], losses[row["id"]], refused[row["id"]], parked[row["id"]])
        for row in found
    ]
    return page(ask, found, items)


@router.get("/parked")
async def list_latest_parked(
    call: ReadCall, limit: Annotated[int, Query(ge=1, le=200, description="at most so many")] = 50
) -> ParkedLines:
    """The messages that were refused last, the newest first."""
    async with call.rows() as rows:
        found = await store.parked(rows, call.tenant, limit)
    told = ({**row, "payload": row["payload"].decode(errors="replace")} for row in found)
    return ParkedLines(items=tuple(map(ParkedLine.model_validate, told)))


@router.get("/ingest")
async def read_ingest(
    call: ReadCall, minutes: Annotated[int, Query(ge=5, le=1440, description="of real time, back from now")] = 60
) -> Ingest:
    """What the enterprise's agents sent that was committed: how much, and how long after its source said it."""
    speed = call.desk.clock.speed
    start = floor(call.now, speed) - timedelta(minutes=minutes - 1) * speed
    async with call.rows() as rows:
        found = await store.minutes(rows, call.tenant, start, call.now)
    return Ingest(
        start=start,
        end=call.now,
        speed=speed,
        step_s=STEP_S,
        window_s=WINDOW_S,
        flows=flows(found, call.now, speed),
        items=points(found),
    )


@router.get("/stores")
async def read_stores(call: ReadCall) -> Stores:
    """Where things are kept, and whether the store of samples answers. A store that is away is no error."""
    async with reaching():
        version = await call.desk.pool.fetchval("SHOW server_version")
    return Stores(samples=await _samples(call), registry=RegistryStore(name="PostgreSQL", version=str(version)))


@router.get("/webhooks")
async def list_hooks(call: AdminCall) -> Hooks:
    """The enterprise's webhooks, and how their deliveries fare."""
    async with call.rows() as rows:
        found = await store.hooks(rows, call.tenant, call.now)
    return Hooks(items=tuple(Hook.model_validate(dict(row)) for row in found))


async def _samples(call: Call) -> SampleStore:
    shelf, settings = call.desk.samples, call.desk.settings
    known: dict[str, Any] = {"name": shelf.name, "trails_s": shelf.trails}
    try:
        standing = await shelf.standing()
        oldest = await _oldest(call)
    except (StoreAway, DatabaseAway) as error:
        nothing = dict.fromkeys(("version", "keeps", "oldest_at"))
        return SampleStore(answers=False, detail=str(error), **nothing, **known)
    keeps = f"{settings.samples_days}d" if settings.telemetry == "postgres" else standing.keeps
    return SampleStore(
        answers=True, detail=None, version=standing.version or None, keeps=keeps, oldest_at=oldest, **known
    )


async def _oldest(call: Call) -> datetime | None:
    async with call.rows() as rows:
        machines = await store.machines(rows, call.tenant)
    try:
        return await asyncio.wait_for(call.desk.samples.of(call.tenant).oldest(machines), OLDEST_PATIENCE)
    except TimeoutError:
        return None


def _by_agent(rows: Iterable[asyncpg.Record]) -> defaultdict[str, list[asyncpg.Record]]:
    found: defaultdict[str, list[asyncpg.Record]] = defaultdict(list)
    for row in rows:
        found[row["agent_id"]].append(row)
    return found


def _link(
    row: asyncpg.Record,
    fresh_after: datetime,
    lanes: list[asyncpg.Record],
    losses: list[asyncpg.Record],
    *counts: list[asyncpg.Record],
) -> AgentLink:
    refused, parked = counts
    heard = row["last_receipt_at"]
    plain = ("id", "name", "site_id", "site", "machines", "last_receipt_at", "clock_offset_s")
    return AgentLink(
        **{name: row[name] for name in plain},
        seen="never" if heard is None else "fresh" if heard > fresh_after else "silent",
        lanes=tuple(sorted(map(_lane, lanes), key=lambda lane: list(Stream).index(lane.stream))),
        losses=tuple(Loss.model_validate(_rest(each)) for each in losses),
        refused=tuple(Refused.model_validate(_rest(each)) for each in refused),
        parked=ParkedCount.model_validate(_rest(parked[0]) if parked else {"messages": 0, "last_at": None}),
        down=Down(waiting=row["down"], oldest_at=row["down_since"]),
    )


def _lane(row: asyncpg.Record) -> Lane:
    known = row["position"] and Position.from_json({**row["position"], "past": row["past"]})
    position = known or Position()
    return Lane(
        stream=row["stream"],
        epoch=position.epoch or 0,
        received=position.committed,
        waiting=waiting(row["held"] or (), position),
        told_at=row["at"],
    )


def _rest(row: asyncpg.Record) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "agent_id"}
