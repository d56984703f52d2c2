"""The routes of tables to take away, as CSV for people and as Parquet for programs."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime
from typing import IO, Annotated, Any

import asyncpg
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from cloud.api.call import Call, ReadCall
from cloud.exports import parquet, spooled, store
from cloud.exports.spooled import pieces
from cloud.exports.tables import BOOKINGS, LEDGER, Table
from cloud.registry.model import Moment

router = APIRouter()

AMoment = Annotated[Moment | None, Query()]
Read = Callable[[asyncpg.Connection, str, datetime | None, datetime | None], AsyncIterator[asyncpg.Record]]
Write = Callable[[Table, AsyncIterator[Mapping[str, Any]]], Awaitable[IO[bytes]]]
FORMS: Mapping[str, tuple[Write, str]] = {
    "csv": (spooled.written, "text/csv; charset=utf-8"),
    "parquet": (parquet.written, "application/vnd.apache.parquet"),
}
"""Who writes each form, and its media type."""


@router.get("/exports/bookings.csv", response_class=StreamingResponse)
async def export_bookings(call: ReadCall, start: AMoment = None, end: AMoment = None) -> StreamingResponse:
    """Every booking that touches the time between start and end, as CSV: a line each, times in UTC."""
    return await _taken(call, BOOKINGS, store.bookings, "csv", start, end)


@router.get("/exports/bookings.parquet", response_class=StreamingResponse)
async def export_bookings_parquet(call: ReadCall, start: AMoment = None, end: AMoment = None) -> StreamingResponse:
    """The same as Apache Parquet, with types: times to the microsecond in UTC, amounts as decimals."""
    return await _taken(call, BOOKINGS, store.bookings, "parquet", start, end)


@router.get("/exports/ledger.csv", response_class=StreamingResponse)
async def export_ledger(call: ReadCall, start: AMoment = None, end: AMoment = None) -> StreamingResponse:
    """What was written between start and end about the hours of the enterprise's own machines, as CSV."""
    return await _taken(call, LEDGER, store.ledger, "csv", start, end)


@router.get("/exports/ledger.parquet", response_class=StreamingResponse)
async def export_ledger_parquet(call: ReadCall, start: AMoment = None, end: AMoment = None) -> StreamingResponse:
    """The same as Apache Parquet."""
    return await _taken(call, LEDGER, store.ledger, "parquet", start, end)


async def _taken(  # noqa: PLR0913, PLR0917 - of which table, in which form, from when to when
    call: Call, table: Table, read: Read, form: str, start: datetime | None, end: datetime | None
) -> StreamingResponse:
    """As it is at one instant, and read as fast as the database gives it: none of it is sent before it is all there."""
    write, media = FORMS[form]
    async with call.rows() as rows:
        file = await write(table, read(rows, call.tenant, start, end))
    return StreamingResponse(pieces(file), media_type=media, headers=_named(f"{table.name}.{form}"))


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
