"""What follows a meter: both sides accept, or nobody says no in time, or one side does and they come to terms."""

from datetime import timedelta
from decimal import Decimal

import asyncpg
import pytest

from cloud.booking.audit import audit
from cloud.booking.model import Accepted, Refused
from cloud.settlement import agreeing

BUYER, MAKER, RIVAL = "ent_buyer", "ent_maker", "ent_rival"
METER = {"outcome": "COMPLETED", "share": 1.0, "agrees": True}


@pytest.fixture
async def metered(world, hours):
    """A booking of the buyer's at the maker's, run and metered: 60 are due."""
    booked = (await world.book("svc_a", hours(1, 2))).claim
    await world.answers(booked, "accepted")
    for event in ("started", "ended"):
        await world.reports(booked, event)
    await world.meter(booked.id, METER)
    return booked.id


@pytest.fixture
def settle(world):
    return lambda who, booking, due=None, **key: agreeing.settle(
        world.api, world.caller(who, **key), booking, due and Decimal(due)
    )


@pytest.fixture
def dispute(world):
    def say_no(who, booking, due=None, reason="half of it is scrap", **key):
        return agreeing.dispute(world.api, world.caller(who, **key), booking, reason, due and Decimal(due))

    return say_no


async def lapse(world, days):
    return await world.ingest.fetchval("SELECT ts_settle_due(9, $1)", world.now + timedelta(days=days))


def state_of(answer):
    assert isinstance(answer, Accepted), answer
    kept = answer.claim.settlement
    return answer.claim.state, kept.get("settled"), kept.get("how")


async def test_it_is_settled_once_both_sides_have_accepted(world, metered, settle):
    assert state_of(await settle(BUYER, metered)) == ("METERED", None, None)
    assert state_of(await settle(BUYER, metered)) == ("METERED", None, None), "one side's word twice is one side's word"
    assert state_of(await settle(MAKER, metered)) == ("SETTLED", "60.00", "agreed")
    assert (await world.states_of(metered))[-1] == "SETTLED"
    assert [each["state"] for each in await world.told(BUYER)][-1] == "SETTLED"
    assert [each["state"] for each in await world.told(MAKER)][-1] == "SETTLED"


async def test_who_booked_with_itself_accepts_once(world, hours, settle):
    booked = (await world.book("svc_a", hours(1, 2), who=MAKER)).claim
    await world.answers(booked, "accepted")
    for event in ("started", "ended"):
        await world.reports(booked, event)
    await world.meter(booked.id, METER)
    assert state_of(await settle(MAKER, booked.id)) == ("SETTLED", "60.00", "agreed")


async def test_silence_settles_it_when_the_time_is_over_and_not_before(world, metered):
    assert await lapse(world, 13.9) == 0
    assert await lapse(world, 14) == 1
    assert await lapse(world, 15) == 0
    row = await world.claim(metered)
    assert (row["state"], row["settlement"]["settled"], row["settlement"]["how"]) == ("SETTLED", "60.00", "lapsed")


async def test_silence_settles_no_meter_that_contradicts_itself(world, hours, settle):
    booked = (await world.book("svc_a", hours(1, 2))).claim
    await world.answers(booked, "accepted")
    for event in ("started", "ended"):
        await world.reports(booked, event)
    await world.meter(booked.id, METER | {"agrees": False}, days=None)
    assert await lapse(world, 1000) == 0
    await settle(MAKER, booked.id)
    assert state_of(await settle(BUYER, booked.id)) == ("SETTLED", "60.00", "agreed")


async def test_a_dispute_stops_the_clock_and_the_other_side_may_take_what_it_proposes(world, metered, settle, dispute):
    assert state_of(await dispute(BUYER, metered, "30"))[0] == "DISPUTED"
    assert await lapse(world, 1000) == 0
    assert (await settle(BUYER, metered)).code == "settlement.not_yours"
    assert state_of(await settle(MAKER, metered, "30")) == ("SETTLED", "30.00", "agreed")


async def test_while_it_is_disputed_either_side_proposes_until_the_other_takes_it(metered, settle, dispute):
    await dispute(BUYER, metered)
    assert (await settle(MAKER, metered)).code == "settlement.not_yours", "no amount was named"
    await dispute(MAKER, metered, "50", "we can show the parts")
    assert (await settle(MAKER, metered)).code == "settlement.not_yours"
    await dispute(BUYER, metered, "45", "then let us meet")
    assert state_of(await settle(MAKER, metered, "45")) == ("SETTLED", "45.00", "agreed")


async def test_nobody_accepts_an_amount_that_he_has_not_named(metered, settle, dispute):
    """The other side's word may cross his own: he meant the meter, or what was proposed before."""
    await dispute(MAKER, metered, "1000")
    for due in (None, "60"):
        assert await settle(BUYER, metered, due) == Refused("settlement.changed", 409, {"due": "1000.00"})
    assert state_of(await settle(BUYER, metered, "1000")) == ("SETTLED", "1000.00", "agreed")


async def test_of_a_meter_another_amount_is_not_accepted(metered, settle):
    assert (await settle(BUYER, metered, "59.99")).code == "settlement.changed"
    assert state_of(await settle(BUYER, metered, "60"))[0] == "METERED"


async def test_what_a_side_has_accepted_it_does_not_dispute(metered, settle, dispute):
    await settle(BUYER, metered)
    assert (await dispute(BUYER, metered)).code == "settlement.accepted"
    assert state_of(await dispute(MAKER, metered, "80"))[0] == "DISPUTED"


@pytest.mark.parametrize("say", ["settle", "dispute"])
async def test_before_the_meter_and_after_the_end_there_is_nothing_to_say(world, hours, settle, dispute, say):
    speak = {"settle": settle, "dispute": dispute}[say]
    booked = (await world.book("svc_a", hours(1, 2))).claim
    assert await speak(BUYER, booked.id) == Refused("claim.state", 409, {"state": "CONFIRMED"})
    await world.answers(booked, "accepted")
    for event in ("started", "ended"):
        await world.reports(booked, event)
    await world.meter(booked.id, METER)
    await lapse(world, 14)
    assert await speak(BUYER, booked.id) == Refused("claim.state", 409, {"state": "SETTLED"})


@pytest.mark.parametrize("say", ["settle", "dispute"])
async def test_it_is_between_the_two_sides(metered, settle, dispute, say):
    speak = {"settle": settle, "dispute": dispute}[say]
    assert (await speak(RIVAL, metered)).code == "booking.unknown"


async def test_a_repeated_call_says_it_once(world, metered, dispute, settle):
    for _ in range(2):
        answer = await dispute(BUYER, metered, "30", key="k", body_hash=b"x")
    assert answer.replayed
    assert (await world.states_of(metered)).count("DISPUTED") == 1
    for _ in range(2):
        answer = await settle(MAKER, metered, "30", key="k", body_hash=b"x")
    assert (answer.replayed, answer.claim.state) == (True, "SETTLED")


async def test_the_ledger_bears_it_out(world, metered, dispute, settle):
    await dispute(BUYER, metered, "30")
    await settle(MAKER, metered, "30")
    kinds = [
        row["kind"]
        for row in await world.owner.fetch("SELECT kind FROM ledger WHERE claim_id = $1 ORDER BY seq", metered)
    ]
    assert kinds[-3:] == ["metered", "disputed", "settled"]
    assert await audit(world.owner) == []


async def test_the_guard_lets_nobody_settle_what_was_not_metered(world, hours):
    booked = (await world.book("svc_a", hours(1, 2))).claim
    with pytest.raises(asyncpg.PostgresError) as caught:
        await world.owner.execute("UPDATE claim SET state = 'SETTLED', settlement = '{}' WHERE id = $1", booked.id)
    assert caught.value.sqlstate == "TS001"
