"""The routes of settlement: either side accepts what a meter says is owed, or disputes it."""

from typing import Annotated

from fastapi import APIRouter, Body, Request

from cloud.api import catalogue as c
from cloud.api.call import BookCall
from cloud.api.idempotency import KEYED, Key
from cloud.api.problems import documented
from cloud.booking.api import caller, left
from cloud.booking.wire import Booking
from cloud.registry.api import AnId
from cloud.settlement import agreeing
from cloud.settlement.wire import DisputeRequest, SettleRequest

router = APIRouter(prefix="/v1", tags=["settlement"])

_SAID = (*KEYED, c.BOOKING_UNKNOWN, c.CLAIM_STATE)


@router.post(
    "/bookings/{booking_id}/settle", responses=documented(*_SAID, c.SETTLEMENT_NOT_YOURS, c.SETTLEMENT_CHANGED)
)
async def settle(
    call: BookCall,
    key: Key,
    request: Request,
    booking_id: AnId,
    wanted: Annotated[SettleRequest | None, Body(description="may be left out, unless it is disputed")] = None,
) -> Booking:
    """Accept what is due for a metered booking: SETTLED once both sides have, or nobody disputed it in time.

    Of a disputed booking: take what the other side proposed, saying how much that is; it is SETTLED at that.
    """
    said = wanted or SettleRequest()
    asker = caller(call, key, request, said)
    return await left(call, await agreeing.settle(call.desk.pool, asker, booking_id, said.due))


@router.post("/bookings/{booking_id}/dispute", responses=documented(*_SAID, c.SETTLEMENT_ACCEPTED))
async def dispute(call: BookCall, key: Key, request: Request, booking_id: AnId, wanted: DisputeRequest) -> Booking:
    """Say no to a meter, why, and what would be right. While it is disputed either side may propose anew."""
    asker = caller(call, key, request, wanted)
    return await left(call, await agreeing.dispute(call.desk.pool, asker, booking_id, wanted.reason, wanted.due))
