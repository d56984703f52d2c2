"""A plant withdraws claimed hours: nothing is deleted, exactly the excess is flagged, newest first, and told once."""

from datetime import timedelta

import pytest

from cloud.booking import store
from cloud.booking.model import State

MAKER, BUYER, RIVAL = "ent_maker", "ent_buyer", "ent_rival"


@pytest.fixture
def risky(world):
    async def flagged():
        rows = await world.owner.fetch("SELECT id FROM claim WHERE at_risk ORDER BY seq")
        return [row["id"] for row in rows]

    return flagged


async def booked(world, *wishes):
    return [(await world.book("svc_pool", span, quantity=quantity)).claim.id for span, quantity in wishes]


async def test_a_withdrawn_hour_flags_its_booking_and_says_why(world, hours, piece, risky):
    claim = (await world.book("svc_a", hours(1, 3))).claim
    told = await world.states("mch_a", piece(0, 2), piece(2, 6, type="Unattainable", reason="breakdown"), piece(6, 48))
    assert (told["at_risk"], await risky()) == ([claim.id], [claim.id])
    row = await world.claim(claim.id)
    assert (row["state"], row["at_risk_reason"]) == ("CONFIRMED", "breakdown")
    for who in (MAKER, BUYER):
        last = (await world.told(who))[-1]
        assert (last["at_risk"], last["reason"]) == (True, "breakdown")


async def test_a_flag_clears_when_the_hours_come_back_and_each_change_is_told_once(world, hours, piece, risky):
    claim = (await world.book("svc_a", hours(1, 3))).claim
    for pieces in ([], [], [piece(0, 48)], [piece(0, 48)]):
        await world.states("mch_a", *pieces)
    assert [told["at_risk"] for told in await world.told(BUYER)] == [False, True, False]
    assert (await risky(), (await world.claim(claim.id))["at_risk_reason"]) == ([], None)


async def test_exactly_the_excess_is_flagged_newest_first(world, hours, piece, risky):
    names = await booked(world, (hours(1, 4), 2), (hours(2, 6), 2), (hours(5, 8), 1))
    await world.states("mch_pool", piece(0, 48, 3))
    assert await risky() == [names[1]]


async def test_the_oldest_keep_what_there_is(world, hours, piece, risky):
    names = await booked(world, *[(hours(1, 2), 1)] * 5)
    await world.states("mch_pool", piece(0, 48, 2))
    assert await risky() == names[2:]
    await world.states("mch_pool", piece(0, 48, 4))
    assert await risky() == names[4:]


async def test_what_is_given_back_clears_another_flag(world, hours, piece, risky):
    names = await booked(world, *[(hours(1, 2), 1)] * 3)
    await world.states("mch_pool", piece(0, 48, 2))
    await store.cancel(world.api, world.caller(), names[0], None)
    assert await risky() == []


async def test_a_hold_that_ran_out_clears_another_flag(world, hours, piece, risky):
    await world.hold("svc_pool", hours(1, 2), quantity=1)
    await booked(world, (hours(1, 2), 1))
    await world.states("mch_pool", piece(0, 48, 1))
    assert len(await risky()) == 1
    world.now += timedelta(minutes=6)
    await store.expire(world.api, world.now)
    assert await risky() == []


async def test_nothing_new_is_sold_on_hours_that_are_over_sold(world, hours, piece):
    await booked(world, (hours(1, 2), 3))
    await world.states("mch_pool", piece(0, 48, 2))
    answer = await world.book("svc_pool", hours(1, 2), who=RIVAL)
    assert (answer.code, answer.facts["left"]) == ("capacity.insufficient", 0)


async def test_only_what_is_still_to_come_counts(world, hours, piece, risky):
    await booked(world, (hours(1, 3), 5))
    world.now = hours(2, 3).start
    await world.states("mch_pool", piece(2, 48, 5), start=1)
    assert await risky() == []


async def test_a_booking_that_runs_changes_no_statement_and_is_not_at_risk(world, hours, piece, risky):
    claim = (await world.book("svc_a", hours(1, 3))).claim
    await world.reports(claim, "started")
    await world.states("mch_a", piece(0, 48))
    assert await risky() == []
    row = await world.claim(claim.id)
    assert row["state"] == State.RUNNING


async def test_a_claim_that_ends_is_not_at_risk_any_more(world, hours, risky):
    claim = (await world.book("svc_a", hours(1, 3))).claim
    await world.states("mch_a")
    assert await risky() == [claim.id]
    await world.answers(claim, "conflict", reason="planned")
    assert await risky() == []
