"""A table as CSV, written away whole before any of it is sent: whoever reads slowly keeps no connection meanwhile."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import IO, Any

from cloud.exports.tables import Table, header, line

SPOOLED = 1 << 20
"""Bytes that a file may have before it goes to the disk."""

PIECE = 1 << 16
"""Bytes that are written, and sent, at a time."""


async def written(table: Table, rows: AsyncIterator[Mapping[str, Any]]) -> IO[bytes]:
    """The file, at its beginning; closing it removes it. Raises whatever reading the rows raises."""
    file, some = tempfile.SpooledTemporaryFile(SPOOLED), [header(table)]  # noqa: SIM115 - the caller's
    length = 0
    try:
        async for row in rows:
            some.append(line(table, row))
            length += len(some[-1])
            if length >= PIECE:
                await asyncio.to_thread(file.write, "".join(some).encode())
                some, length = [], 0
        file.write("".join(some).encode())
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def pieces(file: IO[bytes]) -> Iterator[bytes]:
    """All of the file, which is closed, and so removed, behind the last of them."""
    with file:
        while piece := file.read(PIECE):
            yield piece
