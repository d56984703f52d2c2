"""Events as a client reads them from the lines of a stream."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the stream. `id` is an opaque cursor: give it back to go on after it."""

    id: str
    type: str
    at: datetime
    data: Mapping[str, Any]


async def read(lines: AsyncIterator[str], opened: asyncio.Event | None) -> AsyncIterator[tuple[str, Event | None]]:
    """(cursor, event); the first block of a stream has only a cursor: where it starts."""
    if opened:
        opened.set()
    fields: dict[str, str] = {}
    async for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
            continue
        if "id" in fields:
            body = orjson.loads(fields.get("data", "null"))
            at = datetime.fromisoformat(body["at"]) if body else None
            yield fields["id"], Event(fields["id"], body["type"], at, body["data"]) if at else None
        fields = {}
