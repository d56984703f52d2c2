"""The routes that read machines: what they are, did and offer, and which messages about them were refused."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from cloud.api.call import ReadCall
from cloud.api.catalogue import CURSOR_INVALID, NOT_FOUND, REQUEST_INVALID
from cloud.api.page import Page
from cloud.api.problem import Problem
from cloud.api.problems import documented
from cloud.registry import pieces as in_pieces
from cloud.registry import store
from cloud.registry.api import AnAsk, AnId, known, page
from cloud.registry.model import Capacity, CapacityPiece, Gap, Machine, Moment, Parked, StateBand, States, Taken
from gateway.span import Span

router = APIRouter(prefix="/v1", tags=["machines"])

LONGEST = timedelta(days=366)
MOST_STATES = 5000

Start = Annotated[Moment | None, Query(description="RFC 3339")]
End = Annotated[Moment | None, Query(description="RFC 3339, after start, at most 366 days")]


@router.get("/machines")
async def list_machines(call: ReadCall, ask: AnAsk) -> Page[Machine]:
    """The enterprise's machines, in the order in which they were announced."""
    async with call.rows() as rows:
        found = await store.machines(rows, call.tenant, ask, call.fresh_after)
    return page(ask, found, [Machine.model_validate(dict(row)) for row in found])


@router.get("/machines/{machine_id}", responses=documented(NOT_FOUND))
async def read_machine(call: ReadCall, machine_id: AnId) -> Machine:
    """One machine."""
    async with call.rows() as rows:
        row = known(await store.machine(rows, call.tenant, machine_id, call.fresh_after))
    return Machine.model_validate(dict(row))


@router.get("/machines/{machine_id}/states", response_model=States, responses=documented(NOT_FOUND))
async def read_states(
    call: ReadCall,
    machine_id: AnId,
    start: Start = None,
    end: End = None,
    pieces: Annotated[int | None, Query(ge=10, le=MOST_STATES, description="no more than about so many bands")] = None,
) -> Response:
    """What the machine did; without a window, over the last day. With `pieces`, in so few of them as a chart can draw:
    then a band may stand for several changes, and says for how long the machine was in which state.
    """
    window = _window(start or (end or call.now) - timedelta(days=1), end or call.now)
    async with call.rows() as rows:
        known(await store.machine(rows, call.tenant, machine_id, call.fresh_after))
        if pieces and (few := await in_pieces.read(rows, machine_id, window, pieces, call.now)):
            return plain(few)
        found = await store.states(rows, machine_id, window.start, window.end, MOST_STATES + 1)
        gaps = await store.gaps(rows, machine_id, window.start, window.end)
    bands = [StateBand.model_validate(dict(row)) for row in found[:MOST_STATES] if row["end"] != row["start"]]
    more = found[MOST_STATES]["start"] if len(found) > MOST_STATES else None
    told = tuple(Gap.model_validate(dict(row)) for row in gaps)
    return plain(States(items=tuple(bands), gaps=told, next_start=more))


def plain(answer: BaseModel) -> Response:
    """The answer as JSON, at once: FastAPI would look through each of thousands of parts once more."""
    return Response(answer.model_dump_json(), media_type="application/json")


@router.get("/machines/{machine_id}/capacity", responses=documented(NOT_FOUND))
async def read_capacity(call: ReadCall, machine_id: AnId, start: Start = None, end: End = None) -> Capacity:
    """What the machine offers and what is claimed of it; without a window, over the next 14 days."""
    window = _window(start or call.now, end or (start or call.now) + timedelta(days=14))
    async with call.rows() as rows:
        row = known(await store.machine(rows, call.tenant, machine_id, call.fresh_after))
        said = await store.statement(rows, machine_id)
        offer = await store.offer(rows, machine_id, window.start, window.end)
        taken = await store.claims(rows, machine_id, window.start, window.end, call.now)
    return Capacity(
        machine_id=machine_id,
        version=said["version"] if said else 0,
        issued_at=said["issued_at"] if said else None,
        valid_until=said["valid_until"] if said else None,
        fresh=row["fresh"],
        spans=joined([CapacityPiece.model_validate(dict(piece)) for piece in offer]),
        claims=tuple(Taken.model_validate(dict(claim)) for claim in taken),
    )


@router.get("/parked", tags=["messages"], responses=documented(CURSOR_INVALID))
async def list_parked(call: ReadCall, ask: AnAsk) -> Page[Parked]:
    """Messages of the enterprise's agents that were refused, oldest first; nothing else of them was applied."""
    if ask.id and not (ask.id.isdecimal() and len(ask.id) < 19):
        raise Problem(CURSOR_INVALID)
    async with call.rows() as rows:
        found = await store.parked(rows, call.tenant, ask)
    items = [Parked.model_validate({**row, "payload": row["payload"].decode(errors="replace")}) for row in found]
    return ask.turn(items, (items[ask.limit - 1].at, str(items[ask.limit - 1].id)) if len(items) > ask.limit else None)


def joined(offer: Iterable[CapacityPiece]) -> tuple[CapacityPiece, ...]:
    """Pieces that differ in nothing but time as one where they touch: statements of parts leave seams behind."""
    found: dict[tuple[object, datetime], CapacityPiece] = {}
    for piece in sorted(offer, key=lambda piece: piece.start):
        alike = tuple(piece.model_dump(exclude={"start", "end", "said_at"}).values())
        before = found.pop((alike, piece.start), None)
        found[alike, piece.end] = piece.model_copy(update=_since(before, piece)) if before else piece
    return tuple(sorted(found.values(), key=lambda piece: (piece.start, piece.end, piece.type)))


def _since(before: CapacityPiece, piece: CapacityPiece) -> dict[str, datetime | None]:
    said = [moment for moment in (before.said_at, piece.said_at) if moment]
    return {"start": before.start, "said_at": min(said, default=None)}


def _window(start: datetime, end: datetime) -> Span:
    span = Span.between(start, end)
    if span is None or span.duration > LONGEST:
        detail = "`end` must come after `start`, at most 366 days"
        raise Problem(REQUEST_INVALID, detail, errors=[{"pointer": "query/end", "detail": detail}])
    return span
