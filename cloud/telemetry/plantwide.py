"""The routes that tell of many machines at once: their key figures, and what they did at a glance."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import groupby
from typing import Annotated

import asyncpg
from fastapi import APIRouter, Query

from cloud.api.call import ReadCall
from cloud.api.catalogue import REQUEST_INVALID, STORE_AWAY
from cloud.api.page import Page
from cloud.api.problem import Problem
from cloud.api.problems import documented
from cloud.registry import store as registry
from cloud.registry.api import AnAsk, page
from cloud.registry.model import Moment
from cloud.telemetry import kpi, rollups
from cloud.telemetry.kpi import Counts
from cloud.telemetry.model import SampleReader
from cloud.telemetry.wire import Band, Bands, Performance, Spent
from gateway.span import Span

router = APIRouter(prefix="/v1", tags=["machines"])

LONGEST = timedelta(days=366)
HOURS = 400
"""The most buckets that a machine's states are told in."""
AT_ONCE = 4
"""Machines whose counters are read at the same time."""
HOUR, BEFORE = timedelta(hours=1), timedelta(days=1)

Start = Annotated[Moment | None, Query(description="RFC 3339; without it, seven days before the end")]
End = Annotated[Moment | None, Query(description="RFC 3339, after start; without it, now")]


@router.get("/performance", responses=documented(REQUEST_INVALID, STORE_AWAY))
async def list_performance(call: ReadCall, ask: AnAsk, start: Start = None, end: End = None) -> Page[Performance]:
    """Each machine's key figures (ISO 22400-2), over those days of its plant that begin in the window."""
    window = _window(call.now, start, end)
    async with call.rows() as rows:
        found = await registry.machines(rows, call.tenant, ask, call.fresh_after)
        ids = [row["id"] for row in found[: ask.limit]]
        spent = _by_machine(await rollups.days(rows, ids, window.start, window.end))
    turn, reader = asyncio.Semaphore(AT_ONCE), call.desk.samples.of(call.tenant)

    async def one(machine_id: str) -> Performance:
        async with turn:
            return _performance(machine_id, spent.get(machine_id, []), await counts(reader, machine_id, window))

    return page(ask, found, list(await asyncio.gather(*map(one, ids))))


@router.get("/bands", responses=documented(REQUEST_INVALID))
async def list_bands(call: ReadCall, ask: AnAsk, start: Start = None, end: End = None) -> Page[Bands]:
    """What each machine did over a window, by the hour or, of a long one, by several: what it did for longest."""
    window = _window(call.now, start, end)
    step = HOUR * max(1, -(-int(window.duration / HOUR) // HOURS))
    async with call.rows() as rows:
        found = await registry.machines(rows, call.tenant, ask, call.fresh_after)
        ids = [row["id"] for row in found[: ask.limit]]
        told = await rollups.longest(rows, ids, step, (window.start, window.end))
    bands = {identity: tuple(_runs(each, step)) for identity, each in groupby(told, key=lambda row: row["machine_id"])}
    return page(ask, found, [Bands(machine_id=identity, items=bands.get(identity, ())) for identity in ids])


async def counts(reader: SampleReader, machine_id: str, window: Span) -> Counts:
    """What the machine's counters rose by, where the plant lets them out. Raises StoreAway."""
    there = await reader.signals(machine_id)

    async def rise(names: tuple[str, str]) -> float | None:
        signal = next((name for name in names if name in there), None)
        if signal is None:
            return None
        long = Span(window.start - BEFORE, window.end)
        buckets = await reader.buckets(machine_id, signal, long, HOUR)
        before = [bucket.last for bucket in buckets if bucket.at < window.start and bucket.last is not None]
        return kpi.counted([bucket for bucket in buckets if bucket.at >= window.start], before[-1] if before else None)

    async def last(names: tuple[str, str]) -> float | None:
        signal = next((name for name in names if name in there), None)
        buckets = await reader.buckets(machine_id, signal, window, HOUR) if signal else ()
        return next((bucket.last for bucket in reversed(buckets) if bucket.last is not None), None)

    return Counts(await rise(kpi.PRODUCED), await rise(kpi.GOOD), await last(kpi.RUN_TIME))


def _performance(machine_id: str, rows: Sequence[asyncpg.Record], told: Counts) -> Performance:
    whole = [row for row in rows if row["state"] is None]
    spent = kpi.times(
        (row["state"], row["mode"], row["booked"], row["seconds"]) for row in rows if row["state"] is not None
    )
    return Performance(
        machine_id=machine_id,
        days=whole[0]["days"] if whole else 0,
        times=Spent(**asdict(spent), seen=spent.seen, pbt=spent.pbt),
        **asdict(told),
        **asdict(kpi.figures(spent, told)),
    )


def _by_machine(rows: Iterable[asyncpg.Record]) -> dict[str, list[asyncpg.Record]]:
    found: dict[str, list[asyncpg.Record]] = {}
    for row in rows:
        found.setdefault(row["machine_id"], []).append(row)
    return found


def _runs(rows: Iterable[asyncpg.Record], step: timedelta) -> Iterable[Band]:
    """Neighbouring buckets that are alike, as one."""
    run: dict[str, object] = {}
    end: datetime | None = None
    for row in rows:
        told = {name: row[name] for name in ("state", "mode", "booked")}
        if end == row["start"] and told.items() <= run.items():
            end = row["start"] + step
            continue
        if run:
            yield Band.model_validate({**run, "end": end})
        run, end = {**told, "start": row["start"]}, row["start"] + step
    if run:
        yield Band.model_validate({**run, "end": end})


def _window(now: datetime, start: datetime | None, end: datetime | None) -> Span:
    until = end or now
    span = Span.between(start or until - timedelta(days=7), until)
    if span is None or span.duration > LONGEST:
        detail = f"`end` must come after `start`, at most {LONGEST.days} days"
        raise Problem(REQUEST_INVALID, detail, errors=[{"pointer": "query/end", "detail": detail}])
    return span
