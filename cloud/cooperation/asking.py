"""The routes of inquiries and quotes."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from cloud.api import catalogue as c
from cloud.api.call import BookCall, ProvideCall, ReadCall
from cloud.api.idempotency import KEYED, Key
from cloud.api.page import Page
from cloud.api.problem import Problem
from cloud.api.problems import documented
from cloud.booking.api import answered, caller, just_made
from cloud.booking.explain import explain
from cloud.booking.model import Accepted, Refused
from cloud.booking.wire import Booking
from cloud.cooperation import store
from cloud.cooperation.api import done
from cloud.cooperation.inquiry import Inquiry, InquiryRequest, Quote, QuoteRequest
from cloud.cooperation.states import InquiryState
from cloud.ids import new_id
from cloud.registry.api import AnAsk, AnId, known
from cloud.registry.model import Wire

router = APIRouter(prefix="/v1", tags=["cooperation"])

_INQUIRED = (c.NOT_FOUND, c.INQUIRY_NOBODY, c.INQUIRY_TOO_LATE, c.INQUIRY_TOO_MANY)
_OF_INQUIRY = (c.INQUIRY_UNKNOWN, c.INQUIRY_STATE)
_OF_QUOTE = (c.QUOTE_UNKNOWN, c.QUOTE_STATE)
_HOURS = (*(c.CAPACITY_INSUFFICIENT, c.NOTICE_TOO_SHORT, c.CERTIFICATE_EXPIRES, c.WORK_NOT_OFFERED),)
_GIVEN = (c.INQUIRY_PROVIDER_ONLY, c.SERVICE_UNKNOWN, c.MACHINE_UNKNOWN, c.QUOTE_TOO_MANY, c.QUOTE_TOO_LATE)


@router.post("/inquiries", status_code=201, responses=documented(*KEYED, *_INQUIRED))
async def inquire(call: BookCall, key: Key, request: Request, wanted: InquiryRequest) -> Inquiry:
    """Ask for capacity that search did not find. Who is asked gets an `inquiry.changed` event, and may quote."""
    return done(await store.inquire(call.desk.pool, caller(call, key, request, wanted), wanted))


@router.get("/inquiries")
async def list_inquiries(
    call: ReadCall,
    ask: AnAsk,
    state: Annotated[InquiryState | None, Query(description="only those in this state")] = None,
) -> Page[Inquiry]:
    """Inquiries that the enterprise asked or was asked, oldest first, with those quotes that are its to see."""
    async with call.rows() as rows:
        found = await store.inquiries(rows, call.tenant, ask, state)
    last = found[ask.limit - 1] if len(found) > ask.limit else None
    return ask.turn(found, (last.created_at, last.id) if last else None)


@router.get("/inquiries/{inquiry_id}", responses=documented(c.NOT_FOUND))
async def read_inquiry(call: ReadCall, inquiry_id: AnId) -> Inquiry:
    """One inquiry, with its quotes."""
    async with call.rows() as rows:
        return known(await store.inquiry(rows, call.tenant, inquiry_id))


@router.post("/inquiries/{inquiry_id}/withdraw", responses=documented(*KEYED, *_OF_INQUIRY, c.INQUIRY_ASKER_ONLY))
async def withdraw_inquiry(call: BookCall, key: Key, request: Request, inquiry_id: AnId) -> Inquiry:
    """The asker needs it no more; quotes that still stand are lost."""
    return done(await store.withdraw_inquiry(call.desk.pool, caller(call, key, request, Wire()), inquiry_id))


@router.post(
    "/inquiries/{inquiry_id}/quotes", status_code=201, responses=documented(*KEYED, *_OF_INQUIRY, *_GIVEN, *_HOURS)
)
async def give_quote(call: ProvideCall, key: Key, request: Request, inquiry_id: AnId, wanted: QuoteRequest) -> Quote:
    """Answer an inquiry with hours that are free now, and a price for all of them. It reserves nothing."""
    return done(await store.give_quote(call.desk.pool, caller(call, key, request, wanted), inquiry_id, wanted))


@router.post("/quotes/{quote_id}/withdraw", responses=documented(*KEYED, *_OF_QUOTE, c.QUOTE_PROVIDER_ONLY))
async def withdraw_quote(call: ProvideCall, key: Key, request: Request, quote_id: AnId) -> Quote:
    """The provider takes a quote back that was not taken."""
    return done(await store.withdraw_quote(call.desk.pool, caller(call, key, request, Wire()), quote_id))


@router.post(
    "/quotes/{quote_id}/take",
    status_code=201,
    response_model=Booking,
    responses=documented(*KEYED, *_OF_QUOTE, c.QUOTE_ASKER_ONLY, c.INQUIRY_STATE, *_HOURS),
)
async def take_quote(call: BookCall, key: Key, request: Request, quote_id: AnId) -> Response:
    """Take a quote: all of it becomes a booking at the quoted price, or nothing. The inquiry's other quotes are lost.

    It is CONFIRMED at once, as the provider has given its word; REQUESTED where the plant's own word is too old.
    """
    asker = caller(call, key, request, Wire())
    match await store.take_quote(call.desk.pool, asker, quote_id, new_id("bkg")):
        case Accepted(claim=claim):
            return answered(just_made(claim, call.tenant), 201)
        case Refused(code=code, facts=facts) as told:
            raise Problem(c.CATALOGUE[code], explain(told), **facts)
