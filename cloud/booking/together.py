"""The routes of bundles and series: bookings that are made, and may be called off, together."""

from typing import Annotated

from fastapi import APIRouter, Body, Request, Response

from cloud.api import catalogue as c
from cloud.api.call import BookCall, ReadCall
from cloud.api.idempotency import KEYED, Key
from cloud.api.problem import Problem
from cloud.api.problems import documented
from cloud.booking import reading, store
from cloud.booking.api import answered, caller, just_made
from cloud.booking.bundle import Bundle, BundleRequest, Missed, SeriesRequest, legs_json
from cloud.booking.explain import explain
from cloud.booking.model import Refused, Together
from cloud.booking.wire import CancelRequest
from cloud.ids import new_id
from cloud.registry.api import AnId, known

router = APIRouter(prefix="/v1", tags=["bundles"])

# What a single booking would be refused for is told of each leg, in `missed`.
_MADE = documented(*KEYED, c.BUNDLE_REFUSED)


@router.post("/bundles", status_code=201, response_model=Bundle, responses=_MADE)
async def book_bundle(call: BookCall, key: Key, request: Request, wanted: BundleRequest) -> Response:
    """Book up to 20 legs over any plants: all of them, or none. A leg may be a hold."""
    return await _book(call, key, request, wanted)


@router.post("/series", status_code=201, response_model=Bundle, responses=_MADE)
async def book_series(call: BookCall, key: Key, request: Request, wanted: SeriesRequest) -> Response:
    """Book the same hours again and again, every Tuesday night for six weeks, say: all of them, or those that fit."""
    return await _book(call, key, request, wanted)


@router.get("/bundles/{bundle_id}", responses=documented(c.NOT_FOUND))
async def read_bundle(call: ReadCall, bundle_id: AnId) -> Bundle:
    """A bundle or series of the caller's own, with its bookings as they are now."""
    async with call.rows() as rows:
        return known(await reading.bundle(rows, call.tenant, bundle_id))


@router.post("/bundles/{bundle_id}/cancel", responses=documented(*KEYED, c.BUNDLE_UNKNOWN))
async def cancel_bundle(
    call: BookCall,
    key: Key,
    request: Request,
    bundle_id: AnId,
    why: Annotated[CancelRequest | None, Body(description="may be left out")] = None,
) -> Bundle:
    """Call off every booking of the bundle that is not over; those that run are asked to stop."""
    asked = why or CancelRequest()
    _together(await store.cancel_all(call.desk.pool, caller(call, key, request, asked), bundle_id, asked.reason))
    return await read_bundle(call, bundle_id)


async def _book(call: BookCall, key: str, request: Request, wanted: BundleRequest | SeriesRequest) -> Response:
    match wanted:
        case BundleRequest():
            legs, whole = wanted.legs, True
        case SeriesRequest():
            legs, whole = wanted.occasions(), wanted.whole
    asked = legs_json(legs, [new_id("bkg") for _ in legs])
    asker = caller(call, key, request, wanted)
    made = _together(await store.book_all(call.desk.pool, asker, new_id("bnd"), asked, whole=whole))
    bookings = [{**just_made(claim, call.tenant), "bundle_id": made.id} for claim in made.claims]
    missed = [_missed(leg, why).model_dump(mode="json") for leg, why in made.missed]
    value = {"id": made.id, "whole": made.whole, "created_at": made.created_at, "bookings": bookings, "missed": missed}
    return answered(value, 201)


def _together(told: Together | Refused) -> Together:
    """Raises the problem that the refusal names; of a bundle's legs, each with its own."""
    if isinstance(told, Together):
        return told
    facts = dict(told.facts)
    for each in facts.get("missed", ()):
        each["detail"] = explain(Refused(each["refusal"]["code"], each["status"], each["refusal"]))
    raise Problem(c.CATALOGUE[told.code], explain(told), **facts)


def _missed(leg: int, why: Refused) -> Missed:
    return Missed(leg=leg, code=why.code, detail=explain(why), facts=dict(why.facts))
