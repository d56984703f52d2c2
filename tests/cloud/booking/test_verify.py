"""The auditor finds nothing where all is well, and what was planted where it isn't."""

from datetime import UTC, datetime, timedelta

import pytest

from cloud.booking import store
from cloud.booking.audit import audit, report
from cloud.booking.verify import (
    Line,
    Misflagged,
    Misread,
    Misstated,
    Oversold,
    Sold,
    Unaccounted,
    Unfounded,
    oversold,
    unfounded,
)
from gateway.span import Span

MAKER, BUYER, RIVAL = "ent_maker", "ent_buyer", "ent_rival"
START = datetime(2026, 3, 2, 6, tzinfo=UTC)


def span(start, end):
    return Span(START + timedelta(hours=start), START + timedelta(hours=end))


def line(claim_id, kind, start, end, quantity=1):
    said = span(start, end)
    return Line(
        START, claim_id, kind, {"start": said.start.isoformat(), "end": said.end.isoformat(), "quantity": quantity}
    )


def offer(start, end, quantity=1, pieces=True):
    window = {"start": span(start, end).start.isoformat(), "end": span(start, end).end.isoformat()}
    piece = {**window, "type": "Available", "quantity": quantity, "reason": "idle"}
    said = {"machine": "a", "version": 1, "issued_at": window["start"], "valid_until": window["end"], **window}
    return Line(START, None, "statement", {**said, "spans": [piece] if pieces else []})


def test_neighbours_are_no_overlap():
    assert oversold([Sold("a", "m", span(0, 1)), Sold("b", "m", span(1, 2)), Sold("c", "n", span(0, 2))], {}) == []


def test_an_overlap_is_found_with_its_span_and_its_claims():
    found = oversold([Sold("a", "m", span(0, 2)), Sold("b", "m", span(1, 3))], {"m": 1})
    assert found == [Oversold("m", span(1, 2), 2, 1, ("a", "b"))]


def test_a_pool_is_oversold_only_past_its_number():
    sold = [Sold(name, "pool", span(0, 2), 2) for name in "abc"]
    assert oversold(sold, {"pool": 6}) == []
    assert [(fault.sold, fault.has) for fault in oversold(sold, {"pool": 5})] == [(6, 5)]


def test_an_admission_inside_the_offer_is_founded():
    assert unfounded("m", 1, [offer(0, 4), line("a", "confirmed", 0, 2), line("b", "held", 2, 4)]) == []


def test_an_admission_beyond_the_offer_is_not():
    found = unfounded("m", 1, [offer(0, 4), line("a", "confirmed", 3, 5)])
    assert found == [Unfounded("m", "a", span(3, 5), 0, 1)]


def test_hours_given_back_may_be_sold_again_but_not_before():
    given = [offer(0, 4), line("a", "held", 0, 2), line("a", "expired", 0, 2), line("b", "held", 0, 2)]
    assert unfounded("m", 1, given) == []
    early = [given[0], given[1], given[3], given[2]]
    assert [fault.claim_id for fault in unfounded("m", 1, early)] == ["b"]


def test_what_was_withdrawn_later_was_still_founded_then():
    assert unfounded("m", 1, [offer(0, 4), line("a", "confirmed", 0, 2), offer(0, 4, pieces=False)]) == []


async def test_a_busy_history_has_no_faults(world, hours, piece):
    held = await world.hold("svc_a", hours(1, 2))
    await world.book(held.claim.id)
    first = await world.book("svc_pool", hours(1, 4), quantity=3)
    await world.book("svc_pool", hours(1, 4), quantity=2, who=RIVAL)
    await store.cancel(world.api, world.caller(), first.claim.id, None)
    await world.book("svc_pool", hours(2, 3), quantity=3)
    await world.states("mch_pool", piece(0, 48, 1))
    await world.hold("svc_a", hours(5, 6))
    world.now += timedelta(minutes=10)
    await world.book("svc_a", hours(5, 6), who=RIVAL)
    assert await audit(world.owner) == []


async def test_control_a_planted_double_booking_is_found(world, hours):
    """With the backstop taken away, a second claim on a sold hour is written past the functions."""
    first = (await world.book("svc_a", hours(1, 3))).claim
    await world.owner.execute("ALTER TABLE claim DROP CONSTRAINT claim_sold_once")
    await world.owner.execute(
        "INSERT INTO claim (id, machine_id, service_id, provider_id, booker_id, span, quantity, exclusive, state, work,"
        " price_amount, price_currency, created_at, updated_at) SELECT 'bkg_planted', machine_id, service_id,"
        " provider_id, 'ent_rival', tstzrange(lower(span) + interval '1 hour', upper(span) + interval '1 hour'), 1,"
        " true, 'CONFIRMED', work, 1, 'EUR', created_at, updated_at FROM claim WHERE id = $1",
        first.id,
    )
    faults = await audit(world.owner)
    assert faults == [
        Oversold("mch_a", hours(2, 3), 2, 1, (first.id, "bkg_planted")),
        Unaccounted("bkg_planted", "state", "CONFIRMED", None),
        Misflagged("bkg_planted", flagged=False),
    ]


PLANTED = {
    "a booking that nobody made": ("DELETE FROM claim WHERE id = $1", Unaccounted("bkg_1", "state", None, "CONFIRMED")),
    "a booking that grew by itself": (
        "UPDATE claim SET quantity = 3 WHERE id = $1",
        Unaccounted("bkg_1", "quantity", 3, 2),
    ),
    "a flag that nobody set": (
        "UPDATE claim SET at_risk = true WHERE id = $1",
        Unaccounted("bkg_1", "at_risk", True, False),
    ),
    "an offer that no plant made": (
        "UPDATE offer_span SET quantity = 4 WHERE machine_id = 'mch_pool' AND $1 <> ''",
        Misstated("mch_pool", Span(START, START + timedelta(hours=48)), 4, 5),
    ),
}


@pytest.mark.parametrize("planted", PLANTED)
async def test_control_what_was_written_past_the_ledger_is_found(world, hours, planted):
    statement, fault = PLANTED[planted]
    booked = (await world.book("svc_pool", hours(1, 3), quantity=2)).claim
    assert await audit(world.owner) == []
    await world.owner.execute("ALTER TABLE outgoing DROP CONSTRAINT IF EXISTS outgoing_claim_id_fkey")
    await world.owner.execute(statement, booked.id)
    assert fault in await audit(world.owner)


async def test_control_a_withdrawal_that_flags_nobody_is_found(world, hours, piece):
    booked = (await world.book("svc_a", hours(1, 3))).claim
    await world.states("mch_a")
    assert await audit(world.owner) == []
    await world.owner.execute("UPDATE claim SET at_risk = false WHERE id = $1", booked.id)
    assert Misflagged(booked.id, flagged=False) in await audit(world.owner)


async def test_control_what_search_would_pass_by_for_nothing_is_found(world, hours):
    await world.book("svc_a", hours(1, 3))
    assert await audit(world.owner) == []
    await world.owner.execute(
        "UPDATE statement SET sold = tstzmultirange(tstzrange($1, $2)) WHERE machine_id = 'mch_a'",
        *(hours(2, 4).start, hours(2, 4).end),
    )
    assert await audit(world.owner) == [
        Misread("mch_a", hours(3, 4), sold=True),
        Misread("mch_a", hours(1, 2), sold=False),
    ]


async def test_a_flag_that_time_alone_would_take_away_is_no_fault(world, hours, piece):
    booked = (await world.book("svc_a", hours(1, 4))).claim
    await world.states("mch_a", piece(2, 48))
    assert (await world.claim(booked.id))["at_risk"]
    world.now = hours(2.5, 3).start
    await world.hold("svc_a", hours(10, 11))
    assert await audit(world.owner) == []


async def test_the_report_says_what_was_looked_at(world, hours):
    await world.book("svc_a", hours(1, 3))
    found = await report(world.owner)
    assert (found.machines, found.claims, found.faults) == (3, 1, [])
    assert found.lines == 4
