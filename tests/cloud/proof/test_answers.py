"""An answer tells what its own call did: not what others did meanwhile, and the same when the call is repeated."""

from api_market import Market, at, booking

from cloud.booking.wire import Amendment


async def test_a_repeated_amendment_answers_as_it_did_although_the_booking_has_moved_on(market: Market) -> None:
    service_id, _ = await market.offer()
    buyer = market.clients["buyer"]
    booked = await buyer.book(booking(service_id, 10, 12))
    first = await buyer.amend(booked.id, Amendment(end=at(11)), key="k")
    await buyer.amend(booked.id, Amendment(end=at(14)))
    await buyer.cancel(booked.id)
    again = await buyer.amend(booked.id, Amendment(end=at(11)), key="k")
    assert again == first
    assert (again.state, again.end, again.price.amount) == ("CONFIRMED", at(11), 60)
    assert (await buyer.booking(booked.id)).state == "CANCELLED"


async def test_a_repeated_confirmation_and_cancellation_answer_as_they_did(market: Market) -> None:
    service_id, _ = await market.offer(instant=False)
    buyer, maker = market.clients["buyer"], market.clients["maker"]
    asked = await buyer.book(booking(service_id, 10, 12))
    confirmed = await maker.confirm(asked.id, key="c")
    cancelled = await buyer.cancel(asked.id, "too late", key="x")
    assert [one.state for one in cancelled.history] == ["REQUESTED", "CONFIRMED", "CANCELLED"]
    assert await maker.confirm(asked.id, key="c") == confirmed
    assert await buyer.cancel(asked.id, "too late", key="x") == cancelled
