"""Holding, booking, cancelling and confirming over HTTP."""

from datetime import timedelta

import pytest
from api_market import Market, at, booking, piece, wanted, work
from pydantic import ValidationError

from cloud.booking.wire import Amendment, BookingRequest
from cloud.client import ApiError
from cloud.registry.model import Certificate


async def refused(code: str, call: object) -> ApiError:
    with pytest.raises(ApiError) as caught:
        await call  # type: ignore[misc]
    assert caught.value.code == code
    return caught.value


async def test_a_hold_keeps_an_hour_from_others_until_it_is_booked(market: Market) -> None:
    service_id, machine_id = await market.offer()
    buyer, rival = market.clients["buyer"], market.clients["rival"]
    held = await buyer.hold(wanted(service_id, 10, 12))
    assert (held.state, held.machine_id, held.start, held.end) == ("HELD", machine_id, at(10), at(12))
    assert str(held.price.amount) == "120.00"
    assert held.expires_at - at(0) < timedelta(seconds=330)

    error = await refused("capacity.insufficient", rival.hold(wanted(service_id, 11, 13)))
    assert error.facts["left"] == 0
    assert error.facts["nearest"]["start"] == "2026-03-02T18:00:00Z"

    booked = await buyer.book(BookingRequest(hold_id=held.id, work=work()))
    assert (booked.state, booked.role, booked.hold_id) == ("CONFIRMED", "booker", held.id)
    assert [entered.state for entered in booked.history] == ["CONFIRMED"]
    assert (await buyer.read_hold(held.id)).state == "CONSUMED"
    await refused("capacity.insufficient", rival.book(booking(service_id, 10, 11)))


async def test_booker_and_provider_read_the_same_booking_each_from_their_side(market: Market) -> None:
    service_id, machine_id = await market.offer()
    booked = await market.clients["buyer"].book(booking(service_id, 10, 12))
    seen = await market.clients["maker"].booking(booked.id)
    assert (seen.role, booked.role) == ("provider", "booker")
    assert (seen.provider_name, seen.booker_name) == ("maker", "buyer")
    assert seen.model_copy(update={"role": "booker"}) == await market.clients["buyer"].booking(booked.id)
    assert [one.id for one in await market.clients["maker"].bookings(machine_id=machine_id)] == [booked.id]
    assert await market.clients["maker"].bookings(state="METERED") == []
    assert await market.clients["rival"].bookings() == []


async def test_a_released_hold_frees_its_hour_and_may_be_released_twice(market: Market) -> None:
    service_id, _ = await market.offer()
    held = await market.clients["buyer"].hold(wanted(service_id, 10, 12))
    await market.clients["buyer"].release(held.id)
    await market.clients["buyer"].release(held.id)
    assert (await market.clients["rival"].hold(wanted(service_id, 10, 12))).state == "HELD"


async def test_a_cancelled_booking_says_who_knows_why_and_frees_its_hour(market: Market) -> None:
    service_id, _ = await market.offer()
    booked = await market.clients["buyer"].book(booking(service_id, 10, 12))
    cancelled = await market.clients["buyer"].cancel(booked.id, "the customer went away")
    assert [entered.state for entered in cancelled.history] == ["CONFIRMED", "CANCELLED"]
    assert cancelled.history[-1].reason == "the customer went away"
    await refused("claim.state", market.clients["maker"].cancel(booked.id))
    assert (await market.clients["rival"].book(booking(service_id, 10, 12))).state == "CONFIRMED"


async def test_cancelling_needs_a_key_but_no_words(market: Market) -> None:
    service_id, _ = await market.offer()
    buyer = market.clients["buyer"]
    booked = await buyer.book(booking(service_id, 10, 12))
    path = f"/v1/bookings/{booked.id}/cancel"
    assert (await buyer._http.post(path)).json()["code"] == "idempotency.missing"
    answer = await buyer._http.post(path, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["state"]) == (200, "CANCELLED")


@pytest.mark.parametrize(
    "value",
    ["NaN", "1e999", "-Infinity", "1" + "0" * 30, '"' + "x" * 501 + '"', "null"],
    ids=["nan", "overflow", "infinite", "huge", "long", "null"],
)
async def test_a_parameter_that_no_machine_could_be_given_is_refused_and_lists_stay_whole(
    market: Market, value: str
) -> None:
    service_id, _ = await market.offer()
    buyer = market.clients["buyer"]
    body = booking(service_id, 10, 12).model_dump_json(exclude_unset=True)
    body = body.replace('"work":{', '"work":{"parameters":{"speed":' + value + "},")
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    answer = await buyer._http.post("/v1/bookings", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    assert answer.json()["errors"][0]["pointer"].split("/")[:4] == ["", "work", "parameters", "speed"]
    assert await buyer.bookings() == await market.clients["maker"].bookings() == []


async def test_a_service_that_is_not_instant_is_confirmed_or_declined_by_its_provider_alone(market: Market) -> None:
    service_id, _ = await market.offer(instant=False)
    maker, buyer = market.clients["maker"], market.clients["buyer"]
    first, second = await buyer.book(booking(service_id, 1, 2)), await buyer.book(booking(service_id, 3, 4))
    assert (first.state, second.state) == ("REQUESTED", "REQUESTED")
    await refused("booking.provider_only", buyer.confirm(first.id))
    waits_until = (await maker.booking(first.id)).expires_at
    assert waits_until is not None
    assert waits_until <= first.start
    confirmed = await maker.confirm(first.id)
    assert (confirmed.state, confirmed.expires_at) == ("CONFIRMED", None)
    declined = await maker.decline(second.id, "short of tools")
    assert (declined.state, declined.history[-1].reason) == ("DECLINED", "short of tools")


async def test_a_booking_past_the_lease_becomes_a_request(market: Market) -> None:
    service_id, machine_id = await market.offer()
    await market.states(machine_id, piece(0, 48), lease=0)
    booked = await market.clients["buyer"].book(booking(service_id, 10, 11))
    assert booked.state == "REQUESTED"


async def test_terms_are_kept_and_their_refusals_say_what_would_do(market: Market) -> None:
    hour = timedelta(hours=1)
    terms = {"notice": 2 * hour, "min_duration": hour, "max_duration": 4 * hour, "min_confidence": 3}
    service_id, _ = await market.offer("maker", piece(0, 20), piece(20, 48, confidence=2), **terms)
    buyer = market.clients["buyer"]
    assert "earliest" in (await refused("notice.too_short", buyer.hold(wanted(service_id, 1, 2)))).facts
    assert (await refused("duration.too_short", buyer.hold(wanted(service_id, 5, 5.5)))).facts["minimum_s"] == 3600
    assert (await refused("duration.too_long", buyer.hold(wanted(service_id, 5, 10)))).facts["maximum_s"] == 14400
    await refused("confidence.too_low", buyer.hold(wanted(service_id, 30, 32)))
    error = await refused("capacity.insufficient", buyer.hold(wanted(service_id, 60, 62)))
    assert "nothing is left" in str(error)


async def test_a_work_master_that_is_not_on_the_list_is_refused(market: Market) -> None:
    service_id, _ = await market.offer(work_masters=("flange",))
    await refused("work.not_offered", market.clients["buyer"].book(booking(service_id, 10, 11)))


async def test_a_pool_gives_the_first_free_machine_in_the_services_order(market: Market) -> None:
    first, second = await market.plant("maker", "z-first", "a-second")
    for machine_id in (first, second):
        await market.states(machine_id, piece(0, 48))
    service_id = await market.service("maker", first, second)
    buyer = market.clients["buyer"]
    got = [(await buyer.book(booking(service_id, 10, 11))).machine_id for _ in range(2)]
    assert got == [first, second]
    await refused("capacity.insufficient", buyer.book(booking(service_id, 10, 11)))


@pytest.mark.parametrize(
    "body",
    [
        {"work": {"work_master": "x", "quantity": 1}},
        {"hold_id": "hld_1", "service_id": "svc_1", "work": {"work_master": "x", "quantity": 1}},
        {"service_id": "svc_1", "start": "2026-03-02T08:00:00Z", "work": {"work_master": "x", "quantity": 1}},
        {"hold_id": "hld_1"},
        {"hold_id": "hld_1", "work": {"work_master": "x", "quantity": 0}},
        {"hold_id": "hld_1", "work": {"work_master": "x", "quantity": 1, "sheets": 3}},
    ],
    ids=["nothing booked", "hold and service", "no end", "no work", "no quantity", "a field nobody knows"],
)
def test_a_booking_that_cannot_be_meant_is_refused_by_its_fields(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        BookingRequest.model_validate(body)


async def test_calling_off_late_costs_its_booker_what_was_agreed(market: Market) -> None:
    terms = {"free_cancellation": timedelta(hours=11), "cancellation_share": 0.25}
    service_id, _ = await market.offer(**terms)
    buyer, maker = market.clients["buyer"], market.clients["maker"]
    early, late, theirs = [await buyer.book(booking(service_id, start, start + 1)) for start in (12, 9, 10)]
    assert early.cancellation is not None
    assert (early.cancellation.free_until, str(early.cancellation.fee.amount)) == (at(1), "15.00")
    await market.owner.execute("UPDATE service SET cancellation_share = 1")
    ended = [await buyer.cancel(early.id), await buyer.cancel(late.id), await maker.cancel(theirs.id)]
    charged = [one.cancellation.charged if one.cancellation else None for one in ended]
    assert [str(fee.amount) if fee else None for fee in charged] == [None, "15.00", None]


async def test_work_that_would_end_after_a_certificate_can_not_be_booked(market: Market) -> None:
    certificates = (Certificate(name="ISO 9001", valid_until=at(12)), Certificate(name="EN 9100", valid_until=at(99)))
    service_id, _ = await market.offer(certificates=certificates)
    buyer = market.clients["buyer"]
    booked = await buyer.book(booking(service_id, 10, 12))
    error = await refused("certificate.expires", buyer.book(booking(service_id, 12, 13)))
    assert (error.facts["certificate"], error.facts["valid_until"][:16]) == ("ISO 9001", "2026-03-02T18:00")
    await refused("certificate.expires", buyer.amend(booked.id, Amendment(end=at(13))))
    (kept,) = await market.clients["maker"].services()
    assert kept.certificates == certificates


async def test_the_approval_queue_is_what_waits_for_the_providers_word(market: Market) -> None:
    service_id, _ = await market.offer(instant=False)
    maker, buyer = market.clients["maker"], market.clients["buyer"]
    asked = [await buyer.book(booking(service_id, hour, hour + 1)) for hour in (1, 2, 3)]
    await maker.confirm(asked[0].id)
    await maker.decline(asked[1].id, "no")
    queue = await maker.bookings(state="REQUESTED", role="provider")
    assert [(each.id, each.role, each.expires_at) for each in queue] == [(asked[2].id, "provider", at(3))]
    assert await maker.bookings(state="REQUESTED", role="booker") == []
    assert [each.id for each in await buyer.bookings(role="booker")] == [each.id for each in asked]
    assert await market.clients["rival"].bookings(state="REQUESTED", role="provider") == []


async def test_what_the_plant_took_back_can_be_asked_for_alone(market: Market) -> None:
    service_id, machine_id = await market.offer()
    buyer = market.clients["buyer"]
    lost, kept = [await buyer.book(booking(service_id, hour, hour + 1)) for hour in (1, 5)]
    await market.states(machine_id, piece(4, 48))
    assert [each.id for each in await buyer.bookings(at_risk=True)] == [lost.id]
    assert [each.id for each in await buyer.bookings(at_risk=False)] == [kept.id]
