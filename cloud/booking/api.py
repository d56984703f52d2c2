"""The routes of holds and bookings: what is asked for is checked once here, and decided in one round trip."""

from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Body, Depends, Query, Request, Response

from cloud.api import catalogue as c
from cloud.api.call import BookCall, Call, ProvideCall, ReadCall
from cloud.api.idempotency import KEYED, Key, intention
from cloud.api.page import Page
from cloud.api.problem import Problem
from cloud.api.problems import documented
from cloud.booking import reading, store
from cloud.booking.explain import explain
from cloud.booking.model import Accepted, Answer, Claim, Refused, State
from cloud.booking.wire import Amendment, Booking, BookingRequest, CancelRequest, Hold, HoldRequest, Work
from cloud.ids import new_id
from cloud.registry.api import AnAsk, AnId, known
from cloud.registry.model import Moment, Wire
from cloud.settlement.wire import Settlement
from gateway.span import Span

router = APIRouter(prefix="/v1", tags=["booking"])

Why = Annotated[CancelRequest | None, Body(description="may be left out")]

ADMISSION = (
    *(c.SERVICE_UNKNOWN, c.MACHINE_UNKNOWN, c.CAPACITY_INSUFFICIENT, c.CONFIDENCE_TOO_LOW),
    *(c.NOTICE_TOO_SHORT, c.DURATION_TOO_SHORT, c.DURATION_TOO_LONG, c.CERTIFICATE_EXPIRES),
)
AGREED = (
    *(c.AGREEMENT_UNKNOWN, c.AGREEMENT_STATE, c.AGREEMENT_BOOKER_ONLY, c.AGREEMENT_SERVICE, c.AGREEMENT_SPAN),
    c.AGREEMENT_QUOTA,
)
OF_HOLD = (c.HOLD_UNKNOWN, c.HOLD_EXPIRED, c.CLAIM_STATE, c.WORK_NOT_OFFERED)
_AMENDED = (c.BOOKING_BOOKER_ONLY, c.BOOKING_STARTED, c.BOOKING_NEEDS_PROVIDER, c.WORK_NOT_OFFERED)
_HEALED = (c.BOOKING_BOOKER_ONLY, c.PROPOSAL_NONE, c.PROPOSAL_GONE)
_DECIDED = (c.BOOKING_UNKNOWN, c.CLAIM_STATE, c.BOOKING_PROVIDER_ONLY)


@router.post(
    "/holds", status_code=201, response_model=Hold, responses=documented(*KEYED, *ADMISSION, *AGREED, c.HOLD_QUOTA)
)
async def hold(call: BookCall, key: Key, request: Request, wanted: HoldRequest) -> Response:
    """Hold capacity for a few minutes, so that nobody else can book it meanwhile."""
    expires_at = call.now + call.desk.clock.business(call.desk.settings.hold_time)
    asker = caller(call, key, request, wanted)
    hours, more = Span(wanted.start, wanted.end), (wanted.agreement_id, wanted.work_quantity)
    wish = store.Wish(wanted.service_id, hours, wanted.quantity, wanted.machine_id, *more)
    told = await store.hold(call.desk.pool, asker, new_id("hld"), wish, expires_at, quota=call.quota)
    return answered(_hold(_claim(told)), 201)


@router.get("/holds/{hold_id}", responses=documented(c.NOT_FOUND))
async def read_hold(call: ReadCall, hold_id: AnId) -> Hold:
    """One hold of the caller's own."""
    async with call.rows() as rows:
        return known(await reading.hold(rows, call.tenant, hold_id))


@router.post("/holds/{hold_id}/extend", response_model=Hold, responses=documented(*KEYED, *OF_HOLD, c.HOLD_EXTENDED))
async def extend_hold(call: BookCall, key: Key, request: Request, hold_id: AnId) -> Response:
    """Hold on for as long again from now; once."""
    expires_at = call.now + call.desk.clock.business(call.desk.settings.hold_time)
    told = await store.extend(call.desk.pool, caller(call, key, request, Wire()), hold_id, expires_at)
    return answered(_hold(_claim(told)), 200)


@router.delete("/holds/{hold_id}", status_code=204, responses=documented(c.HOLD_UNKNOWN, c.CLAIM_STATE))
async def release_hold(call: BookCall, hold_id: AnId) -> Response:
    """Give a hold back; giving it back twice is no error."""
    _claim(await store.release(call.desk.pool, store.Caller(call.tenant, call.now, actor=call.actor), hold_id))
    return Response(status_code=204)


@router.post(
    "/bookings", status_code=201, response_model=Booking, responses=documented(*KEYED, *ADMISSION, *AGREED, *OF_HOLD)
)
async def book(call: BookCall, key: Key, request: Request, wanted: BookingRequest) -> Response:
    """Book a hold, or a span of a service directly. It is CONFIRMED at once, or REQUESTED."""
    told = await store.book(
        call.desk.pool,
        caller(call, key, request, wanted),
        new_id("bkg"),
        _wish(wanted),
        wanted.work.model_dump(mode="json"),
        wanted.healing.model_dump(mode="json") if wanted.healing else None,
    )
    return answered(just_made(_claim(told), call.tenant), 201)


async def _only(  # noqa: PLR0913, PLR0917 - a filter each
    state: Annotated[State | None, Query(description="only those in this state")] = None,
    machine_id: Annotated[str | None, Query(max_length=64, description="only those of this machine")] = None,
    start: Annotated[Moment | None, Query(description="only those that end after it")] = None,
    end: Annotated[Moment | None, Query(description="only those that begin before it")] = None,
    role: Annotated[Literal["booker", "provider"] | None, Query(description="only those made, or provided")] = None,
    at_risk: Annotated[bool | None, Query(description="only those at risk, or no others")] = None,
) -> reading.Only:
    if start and end and end <= start:
        detail = "`end` must come after `start`"
        raise Problem(c.REQUEST_INVALID, detail, errors=[{"pointer": "query/end", "detail": detail}])
    return reading.Only(state, machine_id, start, end, role, at_risk)


@router.get("/bookings")
async def list_bookings(
    call: ReadCall,
    ask: AnAsk,
    only: Annotated[reading.Only, Depends(_only)],
) -> Page[Booking]:
    """Bookings that the enterprise made or provides, oldest first.

    What waits for the enterprise's own word: `state=REQUESTED&role=provider`, each until its `expires_at`.
    """
    async with call.rows() as rows:
        found = await reading.bookings(rows, call.tenant, ask, only)
    last = found[ask.limit - 1] if len(found) > ask.limit else None
    return ask.turn(found, (last.created_at, last.id) if last else None)


@router.get("/bookings/{booking_id}", responses=documented(c.NOT_FOUND))
async def read_booking(call: ReadCall, booking_id: AnId) -> Booking:
    """One booking, with its history."""
    async with call.rows() as rows:
        return known(await reading.booking(rows, call.tenant, booking_id))


@router.patch(
    "/bookings/{booking_id}",
    responses=documented(
        *KEYED, *_DECIDED, *ADMISSION, *_AMENDED, c.AGREEMENT_STATE, c.AGREEMENT_SPAN, c.AGREEMENT_QUOTA
    ),
)
async def amend(call: BookCall, key: Key, request: Request, booking_id: AnId, wanted: Amendment) -> Booking:
    """Change a booking in place: its span, quantity or work. The plant gets the order anew.

    Less is always possible, and free at once. More is admitted as a new booking would be: on the same machine, and only
    where an instant booking would be confirmed. Once it has started, only its end may change.
    """
    work = wanted.work.model_dump(mode="json") if wanted.work else None
    change = store.Change(wanted.start, wanted.end, wanted.quantity, work)
    return await left(call, await store.amend(call.desk.pool, caller(call, key, request, wanted), booking_id, change))


@router.post("/bookings/{booking_id}/cancel", responses=documented(*KEYED, *_DECIDED))
async def cancel(call: BookCall, key: Key, request: Request, booking_id: AnId, why: Why = None) -> Booking:
    """Call a booking off; either side may, as long as it is not over. What the machine has in hand is dropped.

    A job that runs stays RUNNING, with `cancel_asked_at`, until the plant has stopped it: what it made is metered.
    """
    asked = why or CancelRequest()
    asker = caller(call, key, request, asked)
    return await left(call, await store.cancel(call.desk.pool, asker, booking_id, asked.reason))


@router.post("/bookings/{booking_id}/accept", status_code=201, responses=documented(*KEYED, *_DECIDED, *_HEALED))
async def accept(call: BookCall, key: Key, request: Request, booking_id: AnId) -> Booking:
    """Take the equal capacity elsewhere that is proposed; answers the booking that takes this one's place."""
    asker = caller(call, key, request, Wire())
    return await left(call, await store.accept(call.desk.pool, asker, booking_id, new_id("bkg")))


@router.post("/bookings/{booking_id}/confirm", responses=documented(*KEYED, *_DECIDED))
async def confirm(call: ProvideCall, key: Key, request: Request, booking_id: AnId) -> Booking:
    """The provider takes a request on; the order goes to the machine."""
    asker = caller(call, key, request, Wire())
    return await left(call, await store.confirm(call.desk.pool, asker, booking_id))


@router.post("/bookings/{booking_id}/decline", responses=documented(*KEYED, *_DECIDED))
async def decline(call: ProvideCall, key: Key, request: Request, booking_id: AnId, why: Why = None) -> Booking:
    """The provider turns a request down."""
    asked = why or CancelRequest()
    asker = caller(call, key, request, asked)
    return await left(call, await store.decline(call.desk.pool, asker, booking_id, asked.reason))


def caller(call: Call, key: str, request: Request, body: Wire) -> store.Caller:
    """Who asks, with the key and what it stands for."""
    meant = intention(key, request, body)
    return store.Caller(call.tenant, call.now, meant.key, meant.body_hash, call.fresh_after, call.actor)


async def left(call: Call, told: Answer) -> Booking:
    """The booking as this call left it: what others did to it since is no part of the answer, nor of its repetition."""
    claim = _claim(told)
    found = await read_booking(call, claim.id)
    mine = {name: getattr(claim, name) for name in _MOVING}
    history = tuple(entered for entered in found.history if entered.at <= claim.updated_at)
    work = Work.model_validate(claim.work)
    span = {"start": claim.span.start, "end": claim.span.end}
    owed = {"settlement": Settlement.of(claim.settlement, claim.price.currency)}
    return found.model_copy(update={**mine, **span, **owed, "work": work, "history": history})


_MOVING = ("state", "quantity", "price", "chance", "at_risk", "at_risk_reason", "revision", "updated_at")


def _wish(wanted: BookingRequest) -> store.Wish | str:
    if wanted.hold_id:
        return wanted.hold_id
    assert wanted.service_id and wanted.start and wanted.end  # noqa: S101, PT018 - the model admits nothing else
    hours = Span(wanted.start, wanted.end)
    return store.Wish(wanted.service_id, hours, wanted.quantity, wanted.machine_id, wanted.agreement_id)


def _claim(told: Answer) -> Claim:
    """The claim that was written or replayed. Raises the problem that the refusal's code names."""
    match told:
        case Accepted(claim=claim):
            return claim
        case Refused(code=code, facts=facts):
            raise Problem(c.CATALOGUE[code], explain(told), **facts)


def just_made(claim: Claim, tenant: str) -> dict[str, object]:
    """A booking in the first of its states, as Booking has it; nothing more is read for it."""
    entered = {"state": claim.state, "at": claim.created_at, "reason": None}
    return {**_booking(claim, tenant), "history": [entered]}


def _hold(claim: Claim) -> dict[str, object]:
    return {
        "id": claim.id,
        "state": claim.state,
        "service_id": claim.service_id,
        "machine_id": claim.machine_id,
        "start": claim.span.start,
        "end": claim.span.end,
        "quantity": claim.quantity,
        "price": {"amount": f"{claim.price.amount:.2f}", "currency": claim.price.currency},
        "unit_price": claim.unit_price.model_dump(mode="json") if claim.unit_price else None,
        "work_quantity": claim.work_quantity or None,
        "chance": claim.chance,
        "agreement_id": claim.agreement_id,
        "expires_at": claim.expires_at,
    }


def _booking(claim: Claim, tenant: str) -> dict[str, object]:
    value = _hold(claim)
    del value["work_quantity"]
    value["expires_at"] = claim.expires_at if claim.state is State.REQUESTED else None
    told = reading.cancellation(claim.price, claim.free_until, claim.cancel_share, claim.cancel_fee)
    return value | {
        "role": claim.role(tenant),
        "provider_id": claim.provider_id,
        "booker_id": claim.booker_id,
        "hold_id": claim.hold_id,
        "quote_id": claim.quote_id,
        "work": claim.work,
        "at_risk": claim.at_risk,
        "at_risk_reason": claim.at_risk_reason,
        "cancellation": told.model_dump(mode="json") if told else None,
        "healing": claim.healing,
        "meter": claim.meter,
        "revision": claim.revision,
        "created_at": claim.created_at,
        "updated_at": claim.updated_at,
    }


def answered(value: dict[str, object], status: int) -> Response:
    """Written once, without a second validation: every field was checked on its way into the database."""
    return Response(orjson.dumps(value, option=orjson.OPT_UTC_Z), status, media_type="application/json")
