"""Settlement over HTTP: what is owed is shown to both sides, accepted or disputed, and told by events."""

from decimal import Decimal

import pytest
from api_market import START, Market, at, booking

from cloud.booking.wire import Booking
from cloud.client import ApiError
from cloud.settlement.wire import DisputeRequest
from gateway.money import Money

METER = {"outcome": "COMPLETED", "share": 1.0, "agrees": True}


@pytest.fixture
async def metered(market: Market) -> Booking:
    """The buyer's booking, run and metered; 60 EUR are due, and nobody may say no after 400 hours."""
    service_id, machine_id = await market.offer()
    made = await market.clients["buyer"].book(booking(service_id, 1, 2))
    said = {"booking": made.id, "revision": made.revision}
    await market.ingest.fetchval("SELECT ts_answer($1, $2, $3)", machine_id, said | {"answer": "accepted"}, START)
    for event in ("started", "ended"):
        await market.ingest.fetchval("SELECT ts_report($1, $2, $3)", machine_id, said | {"event": event}, START)
    await market.ingest.fetchval("SELECT ts_meter($1, $2, 60, $3, $4)", made.id, METER, at(400), START)
    return await market.clients["buyer"].booking(made.id)


def euros(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


async def test_both_sides_see_what_is_owed_and_until_when_they_may_say_no(market: Market, metered: Booking) -> None:
    theirs = (await market.clients["maker"].booking(metered.id)).settlement
    assert theirs == metered.settlement
    assert theirs
    assert (theirs.due, theirs.settle_by, theirs.accepted, theirs.settled) == (euros("60.00"), at(400), (), None)


async def test_both_accept_and_it_is_settled(market: Market, metered: Booking) -> None:
    first = await market.clients["buyer"].settle(metered.id, key="k")
    assert (first.state, first.settlement and first.settlement.accepted) == ("METERED", ("booker",))
    done = await market.clients["maker"].settle(metered.id)
    assert done.settlement
    assert (done.state, done.settlement.settled, done.settlement.how) == ("SETTLED", euros("60.00"), "agreed")
    again = await market.clients["buyer"].settle(metered.id, key="k")
    assert (again.state, again.settlement) == (first.state, first.settlement), "a repeated call gets its own answer"


async def test_a_dispute_says_why_and_the_other_side_takes_what_it_proposes(market: Market, metered: Booking) -> None:
    buyer, maker = market.clients["buyer"], market.clients["maker"]
    why = DisputeRequest(reason="half of it is scrap", due=Decimal("30.00"))
    said = (await buyer.dispute(metered.id, why)).settlement
    assert said
    assert said.dispute
    assert (said.dispute.by, said.dispute.reason, said.dispute.due) == ("booker", why.reason, euros("30.00"))
    with pytest.raises(ApiError) as refusal:
        await buyer.settle(metered.id)
    assert refusal.value.code == "settlement.not_yours"
    with pytest.raises(ApiError) as crossed:
        await maker.settle(metered.id)
    assert (crossed.value.code, crossed.value.facts["due"]) == ("settlement.changed", "30.00")
    done = (await maker.settle(metered.id, Decimal("30.00"))).settlement
    assert done
    assert (done.settled, done.how) == (euros("30.00"), "agreed")
    states = [entered.state for entered in (await buyer.booking(metered.id)).history]
    assert states[-3:] == ["METERED", "DISPUTED", "SETTLED"]
    told = await market.owner.fetch("SELECT enterprise_id, data FROM event WHERE type = 'booking.changed' ORDER BY seq")
    for who in ("buyer", "maker"):
        mine = [row["data"] for row in told if row["enterprise_id"] == market.id(who)]
        assert [each["state"] for each in mine[-2:]] == ["DISPUTED", "SETTLED"]
        assert mine[-1]["settlement"]["settled"] == "30.00"


async def test_who_settled_is_in_the_audit_trail_of_each_side(market: Market, metered: Booking) -> None:
    for who in ("buyer", "maker"):
        await market.clients[who].settle(metered.id)
    for who, action in (("buyer", "booking.accepted"), ("maker", "booking.settled")):
        acts = (await market.clients[who].audit(object_id=metered.id)).items
        assert acts[0].action == action
        assert acts[0].key_id


async def test_a_request_that_nobody_answers_expires_and_both_sides_are_told(market: Market) -> None:
    service_id, _ = await market.offer(instant=False)
    asked = await market.clients["buyer"].book(booking(service_id, 1, 2))
    assert (asked.state, asked.expires_at) == ("REQUESTED", at(1))
    async with market.owner.acquire() as owner:
        assert await owner.fetchval("SELECT ts_expire(10, $1)", at(0.99)) == 0
        assert await owner.fetchval("SELECT ts_expire(10, $1)", at(1)) == 1
    for who in ("buyer", "maker"):
        seen = await market.clients[who].booking(asked.id)
        assert (seen.state, seen.history[-1].reason) == ("EXPIRED", "expired")
    assert await market.clients["maker"].bookings(state="REQUESTED", role="provider") == []
    with pytest.raises(ApiError) as refusal:
        await market.clients["maker"].confirm(asked.id)
    assert refusal.value.code == "claim.state"
