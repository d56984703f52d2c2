"""The ceiling: the least that a FastAPI endpoint can do which books by the same SQL function."""

import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
import uvicorn
from fastapi import FastAPI, Header, Response
from pydantic import BaseModel

from cloud.booking.store import BOOK
from cloud.config import Settings
from cloud.db import lazy_pool
from cloud.ids import new_id


class Wanted(BaseModel):
    """What a caller of ours sends too."""

    service_id: str
    start: datetime
    end: datetime
    work: dict[str, Any]


def app(settings: Settings, tenant: str) -> FastAPI:
    """One route. Nobody is asked who he is, nothing is checked twice, and the answer is what the database says."""

    @asynccontextmanager
    async def lifespan(made: FastAPI) -> AsyncIterator[None]:
        made.state.pool = await lazy_pool(settings.api_dsn or "", size=settings.pool_size)
        yield
        made.state.pool.terminate()

    made = FastAPI(lifespan=lifespan)

    @made.post("/book")
    async def book(wanted: Wanted, idempotency_key: Annotated[str, Header()]) -> Response:
        hours = (wanted.service_id, None, wanted.start, wanted.end, 1)
        asked = (tenant, idempotency_key, b"", new_id("bkg"), None, *hours, wanted.work, None, datetime.now(UTC), None)
        told = await made.state.pool.fetchval(BOOK, *asked)
        return Response(orjson.dumps(told), told["status"], media_type="application/json")

    return made


def main(tenant: str) -> None:
    """Serve as the settings in the environment say, set up like the API's own server."""
    settings = Settings.from_environment()
    served = app(settings, tenant)
    gc.freeze()
    uvicorn.run(served, host=settings.api_host, port=settings.api_port, access_log=False, log_level="warning")


if __name__ == "__main__":
    main(sys.argv[1])
