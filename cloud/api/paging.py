"""Cursor pages: keyset paging by (moment, id), so that a page neither repeats nor skips while rows are added."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import orjson
from fastapi import Query

from cloud.api.catalogue import CURSOR_INVALID
from cloud.api.page import Page
from cloud.api.problem import Problem
from gateway.span import utc

Item = TypeVar("Item")

_FIRST = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Ask:
    """Which page is asked for: at most `limit` items that come after (`moment`, `id`)."""

    limit: int
    moment: datetime = _FIRST
    id: str = ""

    def turn(self, items: list[Item], last: tuple[datetime, str] | None) -> Page[Item]:
        """The page of `items`, one more than `limit` where more follow; `last` is the key of the last one kept."""
        if len(items) <= self.limit or last is None:
            return Page[Item](items=tuple(items))
        return Page[Item](items=tuple(items[: self.limit]), next_cursor=_write(*last))


async def asked(
    limit: Annotated[int, Query(ge=1, le=200, description="at most so many items")] = 50,
    cursor: Annotated[str | None, Query(max_length=300, description="the `next_cursor` before")] = None,
) -> Ask:
    """FastAPI dependency: the page asked for. Raises the problem `cursor.invalid`."""
    return Ask(limit) if cursor is None else Ask(limit, *_read(cursor))


def _write(moment: datetime, identity: str) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([moment.isoformat(), identity])).decode().rstrip("=")


def _read(cursor: str) -> tuple[datetime, str]:
    try:
        moment, identity = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return utc(datetime.fromisoformat(moment)), str(identity)
    except (binascii.Error, ValueError, TypeError) as error:
        raise Problem(CURSOR_INVALID) from error
