"""A table as Apache Parquet, written batch by batch: what is in memory at once does not grow with the table."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import IO, Any

from arro3.core import Array, DataType, Field, RecordBatch, RecordBatchReader, Schema
from arro3.io import write_parquet

from cloud.exports.spooled import SPOOLED
from cloud.exports.tables import Kind, Table

AT_ONCE = 5000
"""Rows of a batch."""

COMPRESSION = "zstd(3)"

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_MOMENT, _AMOUNT = DataType.timestamp("us", tz="UTC"), DataType.decimal128(18, 4)

Write = Callable[[Any], Any]
_KINDS: Mapping[Kind, tuple[DataType, DataType, Write]] = {
    Kind.TEXT: (DataType.utf8(), DataType.utf8(), str),
    Kind.INTEGER: (DataType.int64(), DataType.int64(), int),
    Kind.NUMBER: (DataType.float64(), DataType.float64(), float),
    Kind.FLAG: (DataType.bool(), DataType.bool(), bool),
    Kind.MOMENT: (_MOMENT, DataType.int64(), lambda moment: (moment - EPOCH) // timedelta(microseconds=1)),
    Kind.AMOUNT: (_AMOUNT, DataType.utf8(), str),
}
"""Of each kind: its type in the file, the type that it is built from, and how a value becomes one of those."""


async def written(table: Table, rows: AsyncIterator[Mapping[str, Any]]) -> IO[bytes]:
    """The file, at its beginning; closing it removes it. Raises whatever reading the rows raises."""
    loop, file = asyncio.get_running_loop(), tempfile.SpooledTemporaryFile(SPOOLED)  # noqa: SIM115 - the caller's
    batches = _batches(rows)
    failed: list[BaseException] = []
    asking: list[asyncio.Task[Any] | None] = []

    async def more() -> list[Mapping[str, Any]]:
        asking[:] = [asyncio.current_task()]
        try:
            return await anext(batches, [])
        except BaseException as error:
            failed.append(error)  # the writer would say it in words of its own
            raise

    async def stop() -> None:
        """Whoever was waited for is not: the rows' connection must be at rest before it serves somebody else."""
        for task in filter(None, asking):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await batches.aclose()

    def each() -> Iterator[RecordBatch]:
        while some := asyncio.run_coroutine_threadsafe(more(), loop).result():
            yield _batch(table, some)

    def write() -> None:
        reader = RecordBatchReader.from_batches(_schema(table), each())
        write_parquet(reader, file, compression=COMPRESSION)

    try:
        await asyncio.to_thread(write)
    except BaseException:
        file.close()
        await stop()
        if failed:
            raise failed[0] from None
        raise
    file.seek(0)
    return file


async def _batches(rows: AsyncIterator[Mapping[str, Any]]) -> AsyncGenerator[list[Mapping[str, Any]]]:
    some: list[Mapping[str, Any]] = []
    async for row in rows:
        some.append(row)
        if len(some) == AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _schema(table: Table) -> Schema:
    return Schema([Field(name, _KINDS[kind][0], nullable=True) for name, kind in table.columns.items()])


def _batch(table: Table, rows: Sequence[Mapping[str, Any]]) -> RecordBatch:
    return RecordBatch.from_arrays(
        [_column([row[name] for row in rows], kind) for name, kind in table.columns.items()], schema=_schema(table)
    )


def _column(values: Sequence[Any], kind: Kind) -> Array:
    told, built, write = _KINDS[kind]
    made = Array([None if value is None else write(value) for value in values], built)
    return made if told == built else made.cast(told)
