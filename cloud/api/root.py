"""The routes that belong to nobody: health, and the list of problems."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict

from cloud.api.call import AnyDesk
from cloud.api.catalogue import CATALOGUE, DATABASE_AWAY, NOT_FOUND, Kind
from cloud.api.problem import Problem
from cloud.api.problems import documented
from cloud.db import reaching
from cloud.errors import DatabaseAway
from cloud.telemetry.choose import Shelf
from cloud.telemetry.model import StoreAway

router = APIRouter(prefix="/v1", tags=["service"])


class Health(BaseModel):
    """The process serves. `now` is business time, which runs `speed` times as fast as the wall clock.

    `samples` names the store of samples; while it does not answer (`samples_answer`) only its charts are missing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: str
    now: datetime
    speed: float
    database: str
    listening: bool
    samples: str
    samples_answer: bool


class ProblemKind(BaseModel):
    """One kind of problem, as on the page docs/problems.md."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    status: int
    title: str
    remedy: str
    retryable: bool


@router.get("/health", responses=documented(DATABASE_AWAY))
async def health(desk: AnyDesk) -> Health:
    """Whether the registry can answer: 200, or 503 while its database is away."""
    async with reaching():
        version = await desk.pool.fetchval("SHOW server_version")
    database = f"PostgreSQL {version}"
    return Health(
        status="ok",
        now=desk.clock.now(),
        speed=desk.clock.speed,
        database=database,
        listening=desk.hub.connected,
        samples=desk.samples.name,
        samples_answer=await _answers(desk.samples),
    )


@router.get("/problems")
async def list_problems() -> list[ProblemKind]:
    """Every kind of problem."""
    return [_shown(kind) for kind in CATALOGUE.values()]


@router.get("/problems/{code}", responses=documented(NOT_FOUND))
async def read_problem(code: Annotated[str, Path(max_length=64)]) -> ProblemKind:
    """One kind of problem: what the `type` of a problem leads to."""
    if code not in CATALOGUE:
        raise Problem(NOT_FOUND)
    return _shown(CATALOGUE[code])


async def _answers(samples: Shelf) -> bool:
    try:
        await samples.standing()
    except (StoreAway, DatabaseAway):
        return False
    return True


def _shown(kind: Kind) -> ProblemKind:
    return ProblemKind(
        code=kind.code, status=kind.status, title=kind.title, remedy=kind.remedy, retryable=kind.retryable
    )
