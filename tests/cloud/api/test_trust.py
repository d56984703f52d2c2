"""Trust figures: what is counted of dealings with a partner, and who may see it."""

from typing import Any

import pytest
from api_market import Market, at, booking

from cloud.cooperation.trust import Counts, share


def test_shares_are_of_what_the_provider_had_to_keep() -> None:
    counts = Counts(kept=3, late=1, partly=0, failed=1, moved=1, cancelled_by_provider=2, cancelled_by_booker=5, open=4)
    assert (counts.all, counts.due, share(counts.kept, counts.due)) == (17, 8, 0.375)


def test_of_nothing_there_is_no_share() -> None:
    assert share(0, 0) is None


METER = {"outcome": "COMPLETED", "share": 1.0, "booked_hours": 1.0, "run_hours": 0.9, "started": None}


@pytest.fixture
async def dealt(market: Market, pool_owner: Any) -> Market:
    """Eight bookings that are over by now, each of which went another way, by the rows that the registry leaves."""
    service_id, _ = await market.offer("maker")
    buyer, maker = market.clients["buyer"], market.clients["maker"]
    ids = [(await buyer.book(booking(service_id, n, n + 1))).id for n in range(1, 9)]
    await buyer.cancel(ids[5])
    await maker.cancel(ids[6])
    meters = {
        0: {**METER, "started": at(-20).isoformat()},
        1: {**METER, "started": at(-18.5).isoformat()},
        2: {**METER, "share": 0.5},
        3: {**METER, "outcome": "NO_SHOW", "share": 0.0, "run_hours": 0.0},
    }
    await pool_owner.execute("ALTER TABLE claim DISABLE TRIGGER claim_moved")
    await pool_owner.execute(
        "UPDATE claim SET span = tstzrange(lower(span) - interval '21 hours', upper(span) - interval '21 hours')"
    )
    settled = "UPDATE claim SET state = 'METERED', meter = $2, settlement = '{}' WHERE id = $1"
    for number, meter in meters.items():
        await pool_owner.execute(settled, ids[number], meter)
    await pool_owner.execute("UPDATE claim SET state = 'DISPLACED' WHERE id = $1", ids[4])
    await pool_owner.execute(
        "INSERT INTO ledger (at, machine_id, claim_id, kind)"
        " SELECT $2, machine_id, id, 'at_risk' FROM claim WHERE id = $1",
        *(ids[4], at(0)),
    )
    await pool_owner.execute(
        "INSERT INTO claim_history (claim_id, at, state, actor) VALUES ($1, $2, 'DISPUTED', 'x')", ids[2], at(0)
    )
    return market


async def test_each_booking_counts_once_by_how_it_went(dealt: Market) -> None:
    (told,) = (await dealt.clients["buyer"].trust()).items
    assert (told.partner_name, told.role, told.bookings) == ("maker", "provider", 8)
    assert told.counts.model_dump() == dict.fromkeys(Counts.model_fields, 1)
    assert (told.due, told.kept_share, told.at_risk, told.at_risk_share, told.disputed) == (6, 0.1667, 1, 0.125, 1)
    assert (told.booked_hours, told.metered_hours) == (4, 2.7)


async def test_the_other_side_sees_the_same_dealings_from_its_own(dealt: Market) -> None:
    (told,) = (await dealt.clients["maker"].trust()).items
    assert (told.partner_name, told.role, told.bookings, told.counts.kept) == ("buyer", "booker", 8, 1)


async def test_who_had_no_dealings_sees_no_figures(dealt: Market) -> None:
    assert (await dealt.clients["rival"].trust()).items == ()


async def test_only_bookings_whose_hours_ended_in_the_period_count(dealt: Market, pool_owner: Any) -> None:
    await pool_owner.execute(
        "UPDATE claim SET span = tstzrange(lower(span) - interval '2 days', upper(span) - interval '2 days')"
        " WHERE state = 'METERED'"
    )
    (told,) = (await dealt.clients["buyer"].trust(days=1)).items
    assert told.bookings == 4
    service_id = (await dealt.clients["maker"].services())[0].id
    await dealt.clients["buyer"].book(booking(service_id, 20, 21))
    assert (await dealt.clients["buyer"].trust(days=1)).items == (told,)


async def test_how_long_requests_waited_for_the_providers_answer(market: Market, pool_owner: Any) -> None:
    service_id, _ = await market.offer("maker", instant=False)
    buyer, maker = market.clients["buyer"], market.clients["maker"]
    one, two, _ = [await buyer.book(booking(service_id, n, n + 1)) for n in (1, 2, 3)]
    await maker.confirm(one.id)
    await maker.decline(two.id)
    await pool_owner.execute("ALTER TABLE claim_history DISABLE TRIGGER append_only")
    for claim_id, seconds in ((one.id, 60), (two.id, 180)):
        await pool_owner.execute(
            "UPDATE claim_history SET at = (SELECT min(at) FROM claim_history WHERE claim_id = $1)"
            " + make_interval(secs => $2) WHERE claim_id = $1 AND state <> 'REQUESTED'",
            *(claim_id, seconds),
        )
    await pool_owner.execute(
        "UPDATE claim SET span = tstzrange(lower(span) - interval '21 hours', upper(span) - interval '21 hours')"
    )
    (told,) = (await buyer.trust()).items
    assert (told.requests, told.answered, told.answer_s, told.bookings) == (3, 2, 120, 1)
