"""The routes of tables to take away, as CSV for people and as Parquet for programs."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from datetime import datetime
from typing import IO, Annotated, Any

import asyncpg
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from cloud.api.call import Call, ReadCall
from cloud.exports import store
from cloud.exports.parquet import written
from cloud.exports.tables import BOOKINGS, LEDGER, Table, header, line
from cloud.registry.model import Moment

router = APIRouter()

CSV, PARQUET = "text/csv; charset=utf-8", "application/vnd.apache.parquet"
PIECE = 1 << 16
AMoment = Annotated[Moment | None, Query()]
Read = Callable[[asyncpg.Connection, str, datetime | None, datetime | None], AsyncIterator[asyncpg.Record]]


@router.get("/exports/bookings.csv", response_class=StreamingResponse)
async def export_bookings(call: ReadCall, start: AMoment = None, end: AMoment = None) -> StreamingResponse:
    """Every booking that touches the time between start and end, as CSV: a line each, times in UTC."""
    return await _csv(call, BOOKINGS, store.bookings, start, end)


@router.get("/exports/bookings.parquet", response_class=StreamingResponse)
async def export_bookings_parquet(call: ReadCall, start: AMoment = None, end: AMoment = None) -> StreamingResponse:
    """The same as Apache Parquet, with types: times to the microsecond in UTC, amounts as decimals."""
    return await _parquet(call, BOOKINGS, store.bookings, start, end)


@router.get("/exports/ledger.csv", response_class=StreamingResponse)
async def export_ledger(call: ReadCall, start: AMoment = None, end: AMoment = None) -> StreamingResponse:
    """What was written between start and end about the hours of the enterprise's own machines, as CSV."""
    return await _csv(call, LEDGER, store.ledger, start, end)


@router.get("/exports/ledger.parquet", response_class=StreamingResponse)
async def export_ledger_parquet(call: ReadCall, start: AMoment = None, end: AMoment = None) -> StreamingResponse:
    """The same as Apache Parquet."""
    return await _parquet(call, LEDGER, store.ledger, start, end)


async def _csv(call: Call, table: Table, read: Read, start: datetime | None, end: datetime | None) -> StreamingResponse:
    lines = _lines(call, table, read, start, end)
    first = await anext(lines)  # a database that is away is told before anything of the answer is

    async def whole() -> AsyncIterator[str]:
        async with contextlib.aclosing(lines):
            yield first
            async for each in lines:
                yield each

    return StreamingResponse(whole(), media_type=CSV, headers=_named(f"{table.name}.csv"))


async def _lines(
    call: Call, table: Table, read: Read, start: datetime | None, end: datetime | None
) -> AsyncGenerator[str]:
    async with call.rows() as rows:
        before = header(table)
        async for row in read(rows, call.tenant, start, end):
            yield before + line(table, row)
            before = ""
        yield before


async def _parquet(
    call: Call, table: Table, read: Read, start: datetime | None, end: datetime | None
) -> StreamingResponse:
    async with call.rows() as rows:
        file = await written(table, read(rows, call.tenant, start, end))
    return StreamingResponse(_pieces(file), media_type=PARQUET, headers=_named(f"{table.name}.parquet"))


def _pieces(file: IO[Any]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
