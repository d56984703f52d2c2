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


async def test_a_dead_hold_that_a_booking_ends_clears_another_flag(world, hours, piece, risky):
    await world.hold("svc_pool", hours(1, 3), quantity=1)
    claim = (await world.book("svc_pool", hours(1, 2))).claim
    await world.states("mch_pool", piece(0, 2, 1), piece(2, 48, 5))
    assert await risky() == [claim.id]
    world.now += timedelta(minutes=6)
    await world.book("svc_pool", hours(2, 3), who=RIVAL)
    assert await risky() == []
    assert [told["at_risk"] for told in await world.told(BUYER)] == [False, True, False]
    await store.expire(world.api, world.now)
    assert len(await world.told(BUYER)) == 3


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


async def stale(world, fresh_after=5):
    limit = world.now - timedelta(minutes=fresh_after)
    return await world.ingest.fetchval("SELECT ts_flag_stale(9, $1, $2)", limit, world.now)


async def heard(world, moment=None):
    await world.owner.execute("UPDATE machine SET last_receipt_at = $1", moment or world.now)


@pytest.fixture
async def noticed(world, hours):
    """A booking from hour 4 to 5 of a service that wants two hours of notice."""
    await world.service("notice", "mch_a", notice=timedelta(hours=2))
    return (await world.book("svc_notice", hours(4, 5))).claim


async def test_a_dark_machine_flags_its_booking_inside_the_notice_time_only(world, hours, noticed, risky):
    world.now = hours(1.9, 2).start
    assert (await stale(world), await risky()) == (0, [])
    world.now = hours(2, 3).start
    assert (await stale(world), await stale(world), await risky()) == (1, 0, [noticed.id])
    last = (await world.told(BUYER))[-1]
    assert (last["at_risk"], last["reason"]) == (True, "stale-data")
    await heard(world)
    assert (await stale(world), await stale(world), await risky()) == (1, 0, [])
    assert [told["at_risk"] for told in await world.told(MAKER)] == [False, True, False]


async def test_a_machine_that_is_heard_of_or_runs_the_job_is_not_dark(world, hours, noticed, risky):
    world.now = hours(3, 4).start
    await heard(world, world.now - timedelta(minutes=4))
    assert await stale(world) == 0
    await world.reports(noticed, "started")
    world.now = hours(4, 5).start
    assert (await stale(world), await risky()) == (0, [])


async def test_what_the_plant_withdraws_outweighs_that_it_is_dark_and_neither_clears_the_other(
    world, hours, piece, noticed, risky
):
    world.now = hours(3, 4).start
    await stale(world)
    await world.hold("svc_pool", hours(20, 21), machine="mch_pool")
    await world.states("mch_a", piece(3, 48), start=3)
    assert (await world.claim(noticed.id))["at_risk_reason"] == "stale-data"
    await world.states("mch_a", start=3)
    assert (await world.claim(noticed.id))["at_risk_reason"] == "withdrawn"
    await heard(world)
    assert (await stale(world), await risky()) == (0, [noticed.id])


async def test_a_claim_that_ends_is_not_at_risk_any_more(world, hours, risky):
    claim = (await world.book("svc_a", hours(1, 3))).claim
    await world.states("mch_a")
    assert await risky() == [claim.id]
    await world.answers(claim, "conflict", reason="planned")
    assert await risky() == []
