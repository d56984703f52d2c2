"""Calling off late costs what was agreed when it was booked: no amendment is a way round the fee."""

from datetime import timedelta
from decimal import Decimal

import pytest

from cloud.booking import store
from cloud.booking.audit import audit
from cloud.booking.rules import CallingOff
from cloud.booking.store import Change
from cloud.settlement.store import due

RIVAL = "ent_rival"
HOUR = timedelta(hours=1)


@pytest.fixture
async def terms(world):
    """A service at 60 an hour: free until two hours before the start, then half of the price."""
    return await world.service("late", "mch_a", free_cancellation=2 * HOUR, cancellation_share=Decimal("0.5"))


async def amended(world, claim, span, **more):
    told = await store.amend(world.api, world.caller(), claim.id, Change(span.start, span.end, **more))
    return told.claim


async def fee(world, claim):
    return (await store.cancel(world.api, world.caller(), claim.id, None)).claim.cancel_fee


async def dodged(world, hours, booked):
    """One hour is booked, and it is too late to call it off for nothing; so it is put off by a day first."""
    world.now += 2 * HOUR
    later = await amended(world, booked, hours(24, 25))
    return later, await fee(world, later)


async def test_what_was_too_late_to_call_off_is_so_after_it_was_put_off(world, hours, terms):
    booked = (await world.book(terms, hours(3, 4))).claim
    later, charged = await dodged(world, hours, booked)
    assert (later.free_until, charged) == (booked.free_until, Decimal("30.00"))
    assert await audit(world.owner) == []


async def test_a_deadline_that_moves_along_in_any_case_lets_it_go(world, hours, terms):
    """The control: with the deadline that moves along always, the same costs nothing."""
    source = await world.owner.fetchval("SELECT pg_get_functiondef('ts_amend'::regproc)")
    assert "v_late := c.state" in source
    await world.owner.execute(source.replace("v_late := c.state", "v_late := false AND c.state"))
    booked = (await world.book(terms, hours(3, 4))).claim
    _, charged = await dodged(world, hours, booked)
    assert charged is None


async def test_in_time_the_deadline_moves_along(world, hours, terms):
    booked = (await world.book(terms, hours(3, 4))).claim
    later = await amended(world, booked, hours(10, 12))
    assert later.free_until - booked.free_until == 7 * HOUR
    world.now += 3 * HOUR
    assert await fee(world, later) is None


async def test_a_share_of_no_less_than_before_is_owed_once_it_is_late(world, hours, terms):
    booked = (await world.book(terms, hours(2.5, 8.5))).claim
    world.now += HOUR
    smaller = await amended(world, booked, hours(8, 8.5))
    assert (smaller.price.amount, await fee(world, smaller)) == (Decimal(30), Decimal("180.00"))


async def test_who_makes_less_of_it_too_late_and_lets_it_be_owes_for_the_part_that_he_gave_up(world, hours, terms):
    booked = (await world.book(terms, hours(2.5, 8.5))).claim
    world.now += HOUR
    smaller = await amended(world, booked, hours(8, 8.5))
    await world.answers(smaller, "accepted")
    world.now += 8 * HOUR
    await world.reports(smaller, "no_show")
    (row,) = [each for each in await due(world.ingest, 9, ()) if each["id"] == smaller.id]
    assert row["late_fee"] == (360 - 30) / 2


async def test_and_of_more_where_it_grew(world, hours, terms):
    booked = (await world.book(terms, hours(2.5, 3.5))).claim
    world.now += HOUR
    for span in (hours(2.5, 5.5), hours(2.5, 4.5)):
        booked = await amended(world, booked, span)
    assert await fee(world, booked) == Decimal("90.00")


async def test_the_hours_that_were_given_up_are_free_at_once_all_the_same(world, hours, terms):
    booked = (await world.book(terms, hours(2, 6))).claim
    world.now += HOUR
    await amended(world, booked, hours(2, 3))
    assert (await world.book(terms, hours(3, 6), who=RIVAL)).claim.span == hours(3, 6)


async def test_who_puts_a_booking_nearer_than_the_deadline_has_passed_it(world, hours, terms):
    booked = (await world.book(terms, hours(20, 21))).claim
    near = await amended(world, booked, hours(1, 2))
    again = await amended(world, near, hours(20, 21))
    assert again.free_until == near.free_until < world.now
    assert await fee(world, again) == Decimal("30.00")


async def test_a_request_has_no_deadline_yet_it_moves_along_until_the_provider_takes_it_on(world, hours):
    asks = await world.service(
        "asks", "mch_a", instant=False, free_cancellation=2 * HOUR, cancellation_share=Decimal("0.5")
    )
    asked = (await world.book(asks, hours(1, 2))).claim
    later = await amended(world, asked, hours(10, 11))
    await store.confirm(world.api, world.caller("ent_maker"), asked.id)
    assert later.free_until == world.now + 8 * HOUR
    assert await fee(world, later) is None


async def test_the_terms_are_those_of_the_hold_that_was_booked(world, hours, terms):
    held = (await world.hold(terms, hours(1, 2))).claim
    await world.owner.execute(
        "UPDATE service SET cancellation_share = 1, free_cancellation = '9 h' WHERE id = $1", terms
    )
    booked = (await world.book(held.id)).claim
    assert (booked.free_until, booked.cancel_share) == (held.free_until, 0.5)


@pytest.mark.parametrize(
    ("now", "expected"),
    [(0, (3, 20)), (1, (3, 20)), (1.5, (1, 50))],
    ids=["in time", "at the last moment", "too late"],
)
def test_the_plain_rule_says_the_same(hours, now, expected):
    start = hours(0, 1).start
    until, price = expected
    off = CallingOff(start + HOUR, Decimal(50)).amended(2 * HOUR, Decimal(20), start + now * HOUR)
    assert off == CallingOff(start + until * HOUR, Decimal(price))
