"""Search and its calendar of slots: gather what the caller may see, let the pure function decide, and answer."""

from fastapi import APIRouter, Response

from cloud.api.call import Call, ReadCall
from cloud.market import store
from cloud.market.candidate import Candidate, Match, Miss, Need, Split, Task
from cloud.market.match import search, settled
from cloud.market.model import Found, NearMiss, Piece, SearchAnswer, SearchRequest, WouldDo
from cloud.market.slots import Slots, SlotsRequest, slots
from cloud.market.words import compared
from cloud.registry.capability import rank_of
from gateway.money import Money

router = APIRouter(prefix="/v1", tags=["market"])

SPARE = 4
"""Candidates looked at beyond those that are asked for: now and then one proves to be too little."""
FEW = 5
"""Below so many matches is asked what nearly does: who has a choice needs none, and it costs thrice a search."""
LOOKED = 40
"""Candidates whose hours a calendar shows, the cheapest first."""


@router.post("/search", response_model=SearchAnswer)
async def find(call: ReadCall, request: SearchRequest) -> Response:
    """Find capacity that can be booked, best first; where that is little, also services that miss by one constraint."""
    need, candidates, matches = _need(call, request), list[Candidate](), list[Match]()
    complete = False
    while not complete and not settled(need, candidates, matches, request.limit) and len(candidates) < store.MOST:
        count = max(request.limit - len(matches), 0) + SPARE
        page = await store.candidates(call.desk.pool, call.tenant, request, call.now, len(candidates), count)
        candidates += page.candidates
        complete = page.complete
        matches, _ = search(need, candidates, request.limit)
        if not page.candidates:
            break
    misses = await _near(call, request, need, matches) if len(matches) < min(FEW, request.limit) else []
    items = tuple(_found(rank, match, matches[0], request) for rank, match in enumerate(matches, 1))
    near = tuple(map(_missed, misses))
    answer = SearchAnswer(items=items, near_misses=near, complete=complete)
    return Response(answer.model_dump_json(), media_type="application/json")


async def _near(call: Call, request: SearchRequest, need: Need, matches: list[Match]) -> list[Miss]:
    """Who could do it at another time first, then who has the hours and lacks one thing."""
    served = {match.candidate.service_id for match in matches}
    asks = [store.neighbours, *([store.kindred] if store.asks_much(request) else [])]
    found: list[Miss] = []
    for ask in asks:
        if len(found) < request.limit:
            page = await ask(call.desk.pool, call.tenant, request, call.now)
            others = (one for one in page.candidates if one.service_id not in served)
            found += search(need, others, request.limit - len(found))[1]
            served |= {miss.candidate.service_id for miss in found}
    return found


@router.post("/search/slots")
async def find_slots(call: ReadCall, request: SlotsRequest) -> Slots:
    """At which hours of the window it could begin, with the cheapest of those that do; for a calendar."""
    page = await store.candidates(call.desk.pool, call.tenant, request, call.now, 0, LOOKED)
    return Slots(items=slots(_need(call, request), page.candidates), complete=page.complete)


def _need(call: Call, request: SearchRequest) -> Need:
    split = request.split
    return Need(
        window=request.window,
        duration=request.duration or request.window.duration,
        quantity=request.quantity,
        min_confidence=request.min_confidence,
        max_price=request.max_price,
        now=call.now,
        fresh_after=call.fresh_after,
        task=_task(request),
        split=Split(split.pieces, split.least) if split else None,
        units=request.work_quantity or 0,
    )


def _task(request: SearchRequest) -> Task:
    piece, fine = request.workpiece, request.tolerance
    return Task(
        process=request.process,
        materials=request.materials,
        edges=piece.edges if piece else None,
        mass_kg=piece.mass_kg if piece else None,
        grade=rank_of(fine.grade) if fine and fine.grade else None,
        fine_mm=fine.mm if fine else None,
        certificates=request.certificates,
        km=request.near.km if request.near else None,
    )


def _found(rank: int, match: Match, first: Match, request: SearchRequest) -> Found:
    one = match.candidate
    return Found(
        service_id=one.service_id,
        service_name=one.service_name,
        provider_id=one.provider_id,
        provider_name=one.provider_name,
        machine_id=one.machine_id,
        process=one.skill.process,
        start=match.span.start,
        end=match.span.end,
        quantity=match.quantity,
        confidence=match.confidence,
        chance=match.chance,
        price=match.price,
        rate=one.rate,
        unit_price=Money(amount=one.unit_price, currency=one.rate.currency) if one.unit_price else None,
        instant=match.instant,
        km=round(one.km, 1) if one.km is not None else None,
        zone=one.zone.key,
        latitude=round(one.latitude, 2) if one.latitude is not None else None,
        longitude=round(one.longitude, 2) if one.longitude is not None else None,
        why=match.why,
        rank=rank,
        compared=compared(match, first),
        pieces=tuple(
            Piece(
                start=piece.span.start,
                end=piece.span.end,
                price=piece.price,
                work_quantity=piece.units if request.work_quantity else None,
            )
            for piece in match.pieces
        ),
    )


def _missed(miss: Miss) -> NearMiss:
    span = miss.would_do
    return NearMiss(
        service_id=miss.candidate.service_id,
        service_name=miss.candidate.service_name,
        constraint=miss.constraint,
        detail=miss.detail,
        asked=miss.asked,
        offered=miss.offered,
        remedy=miss.remedy,
        would_do=WouldDo(start=span.start, end=span.end) if span else None,
    )
