"""Amending, extending, bundles and series over HTTP."""

from datetime import timedelta

import pytest
from api_market import Market, at, booking, piece, wanted, work

from cloud.booking.bundle import BundleRequest, SeriesRequest
from cloud.booking.wire import Amendment, BookingRequest
from cloud.client import ApiError


async def refused(code: str, call: object) -> ApiError:
    with pytest.raises(ApiError) as caught:
        await call  # type: ignore[misc]
    assert caught.value.code == code
    return caught.value


async def test_a_hold_is_extended_once(market: Market) -> None:
    service_id, _ = await market.offer()
    buyer = market.clients["buyer"]
    held = await buyer.hold(wanted(service_id, 10, 12))
    longer = await buyer.extend(held.id)
    assert longer.expires_at >= held.expires_at
    error = await refused("hold.extended", buyer.extend(held.id))
    assert error.facts["expires_at"] == longer.expires_at.isoformat().replace("+00:00", "Z")


async def test_a_booking_is_amended_in_place_and_its_history_says_so(market: Market) -> None:
    service_id, _ = await market.offer()
    buyer = market.clients["buyer"]
    booked = await buyer.book(booking(service_id, 10, 12))
    changed = await buyer.amend(booked.id, Amendment(end=at(13), work=work(30)))
    assert (changed.id, changed.end, changed.work.quantity, str(changed.price.amount)) == (
        booked.id,
        at(13),
        30,
        "180.00",
    )
    assert [(entered.state, entered.reason) for entered in changed.history][-1] == ("CONFIRMED", "amended")
    error = await refused("capacity.insufficient", buyer.amend(booked.id, Amendment(end=at(60))))
    assert "would do" in error.facts["detail"]
    await refused("booking.booker_only", market.clients["maker"].amend(booked.id, Amendment(quantity=1)))
    await refused("booking.unknown", market.clients["rival"].amend(booked.id, Amendment(quantity=1)))


async def test_an_amendment_that_changes_nothing_is_no_amendment(market: Market) -> None:
    service_id, _ = await market.offer()
    buyer = market.clients["buyer"]
    booked = await buyer.book(booking(service_id, 10, 12))
    answer = await buyer._http.patch(f"/v1/bookings/{booked.id}", json={}, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    assert "name what is to change" in answer.json()["errors"][0]["detail"]


async def test_a_bundle_over_two_plants_is_made_whole_or_not_at_all(market: Market) -> None:
    first, _ = await market.offer("maker")
    second, _ = await market.offer("rival")
    buyer = market.clients["buyer"]
    legs = (booking(first, 10, 12), booking(second, 12, 14))
    made = await buyer.book_bundle(BundleRequest(legs=legs))
    assert [(one.service_id, one.state, one.bundle_id) for one in made.bookings] == [
        (first, "CONFIRMED", made.id),
        (second, "CONFIRMED", made.id),
    ]
    error = await refused("bundle.refused", buyer.book_bundle(BundleRequest(legs=(booking(first, 14, 16), *legs))))
    (missed,) = error.facts["missed"]
    assert (missed["leg"], missed["refusal"]["code"]) == (1, "capacity.insufficient")
    assert "would do" in missed["detail"]
    assert len(await buyer.bookings()) == 2


async def test_a_provider_sees_its_leg_and_not_the_bundle(market: Market) -> None:
    first, _ = await market.offer("maker")
    second, _ = await market.offer("rival")
    made = await market.clients["buyer"].book_bundle(
        BundleRequest(legs=(booking(first, 10, 12), booking(second, 12, 14)))
    )
    (leg,) = await market.clients["maker"].bookings()
    assert (leg.id, leg.bundle_id) == (made.bookings[0].id, None)
    await refused("not_found", market.clients["maker"].bundle(made.id))
    await refused("bundle.unknown", market.clients["maker"].cancel_bundle(made.id))
    told = await market.owner.fetch("SELECT data FROM event WHERE enterprise_id = $1", market.id("maker"))
    assert not [row for row in told if "bundle_id" in row["data"]]


async def test_a_series_books_the_times_that_fit_and_says_which_did_not(market: Market) -> None:
    service_id, _ = await market.offer("maker", piece(0, 24 * 30))
    await market.clients["rival"].book(booking(service_id, 10 + 24, 12 + 24))
    buyer = market.clients["buyer"]
    ask = {"service_id": service_id, "start": at(10), "end": at(12), "work": work(), "every_days": 1, "times": 3}
    error = await refused("bundle.refused", buyer.book_series(SeriesRequest(**ask)))
    assert error.facts["missed"][0]["leg"] == 1
    made = await buyer.book_series(SeriesRequest(**ask, whole=False))
    assert [one.start for one in made.bookings] == [at(10), at(10) + timedelta(days=2)]
    assert [(one.leg, one.code) for one in made.missed] == [(1, "capacity.insufficient")]
    named = {"provider_name": "maker", "booker_name": "buyer"}
    bookings = tuple(one.model_copy(update=named) for one in made.bookings)
    assert await buyer.bundle(made.id) == made.model_copy(update={"missed": (), "bookings": bookings})
    off = await buyer.cancel_bundle(made.id, "no more")
    assert [one.state for one in off.bookings] == ["CANCELLED", "CANCELLED"]


async def test_a_series_that_goes_on_past_the_last_of_all_times_is_refused_as_a_whole(market: Market) -> None:
    far = {"service_id": "svc_x", "start": "2199-12-30T00:00:00Z", "end": "2199-12-31T00:00:00Z", "times": 2}
    buyer = market.clients["buyer"]
    body = {**far, "work": work().model_dump(mode="json")}
    answer = await buyer._http.post("/v1/series", json=body, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    assert "the last of them must end before 2200" in answer.json()["detail"]


async def test_a_bundle_takes_twenty_legs_and_no_more(market: Market) -> None:
    service_id, _ = await market.offer()
    legs = [booking(service_id, 10 + n, 11 + n).model_dump(mode="json", exclude_unset=True) for n in range(21)]
    buyer = market.clients["buyer"]
    answer = await buyer._http.post("/v1/bundles", json={"legs": legs}, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    made = await buyer.book_bundle(BundleRequest(legs=tuple(BookingRequest.model_validate(leg) for leg in legs[:20])))
    assert len(made.bookings) == 20
