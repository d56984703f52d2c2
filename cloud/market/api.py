"""POST /v1/search: gather what the caller may see, let the pure function decide, and answer."""

from fastapi import APIRouter

from cloud.api.call import Call, ReadCall
from cloud.market import store
from cloud.market.match import Candidate, Match, Miss, Need, search
from cloud.market.model import Found, NearMiss, SearchAnswer, SearchRequest, WouldDo
from cloud.market.slots import Slots, SlotsRequest, slots

router = APIRouter(prefix="/v1", tags=["market"])

SPARE = 4
"""Candidates looked at beyond those that are asked for: now and then one proves to be too little."""
LOOKED = 40
"""Candidates whose hours a calendar shows, the cheapest first."""


@router.post("/search")
async def find(call: ReadCall, request: SearchRequest) -> SearchAnswer:
    """Find capacity that can be booked, best first, and services that miss by one constraint only."""
    need, candidates, matches, misses = _need(call, request), list[Candidate](), list[Match](), list[Miss]()
    complete = False
    while not complete and len(matches) < request.limit and len(candidates) < store.MOST:
        count = request.limit - len(matches) + SPARE
        page = await store.candidates(call.desk.pool, call.tenant, request, call.now, len(candidates), count)
        candidates += page.candidates
        complete = page.complete
        matches, _ = search(need, candidates, request.limit)
        if not page.candidates:
            break
    if len(matches) < request.limit:
        around = await store.neighbours(call.desk.pool, call.tenant, request, call.now)
        served = {match.candidate.service_id for match in matches}
        _, misses = search(need, (one for one in around.candidates if one.service_id not in served), request.limit)
    items, near = tuple(map(_found, matches)), tuple(map(_missed, misses))
    return SearchAnswer(items=items, near_misses=near, complete=complete)


@router.post("/search/slots")
async def find_slots(call: ReadCall, request: SlotsRequest) -> Slots:
    """At which hours of the window it could begin, with the cheapest of those that do; for a calendar."""
    page = await store.candidates(call.desk.pool, call.tenant, request, call.now, 0, LOOKED)
    return Slots(items=slots(_need(call, request), page.candidates), complete=page.complete)


def _need(call: Call, request: SearchRequest) -> Need:
    return Need(
        window=request.window,
        duration=request.duration or request.window.duration,
        quantity=request.quantity,
        min_confidence=request.min_confidence,
        max_price=request.max_price,
        now=call.now,
        fresh_after=call.fresh_after,
    )


def _found(match: Match) -> Found:
    one = match.candidate
    return Found(
        service_id=one.service_id,
        service_name=one.service_name,
        provider_id=one.provider_id,
        provider_name=one.provider_name,
        machine_id=one.machine_id,
        start=match.span.start,
        end=match.span.end,
        quantity=match.quantity,
        confidence=match.confidence,
        chance=match.chance,
        price=match.price,
        rate=one.rate,
        instant=match.instant,
        km=round(one.km, 1) if one.km is not None else None,
        zone=one.zone.key,
        latitude=round(one.latitude, 2) if one.latitude is not None else None,
        longitude=round(one.longitude, 2) if one.longitude is not None else None,
        why=match.why,
    )


def _missed(miss: Miss) -> NearMiss:
    span = miss.would_do
    return NearMiss(
        service_id=miss.candidate.service_id,
        service_name=miss.candidate.service_name,
        constraint=miss.constraint,
        detail=miss.detail,
        would_do=WouldDo(start=span.start, end=span.end) if span else None,
    )
