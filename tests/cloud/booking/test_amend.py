"""Changing what was taken: a hold's end, once; a booking's span, quantity and work."""

from datetime import timedelta

import pytest

from cloud.booking import store
from cloud.booking.audit import audit
from cloud.booking.model import Accepted, Refused, State
from cloud.booking.store import Change

MAKER, BUYER, RIVAL = "ent_maker", "ent_buyer", "ent_rival"
OTHER_WORK = {"work_master": "bracket", "quantity": 20}


@pytest.fixture
def amend(world):
    async def change(claim, who=BUYER, key=None, **what):
        caller = world.caller(who, key=key, body_hash=b"same" if key else None)
        return await store.amend(world.api, caller, claim.id, Change(**what))

    return change


async def test_a_hold_is_extended_once(world, hours):
    held = (await world.hold("svc_a", hours(1, 2), minutes=5)).claim
    later = world.now + timedelta(minutes=10)
    answer = await store.extend(world.api, world.caller(), held.id, later)
    assert (answer.claim.state, answer.claim.expires_at) == (State.HELD, later)
    refusal = await store.extend(world.api, world.caller(), held.id, later + timedelta(minutes=5))
    assert (refusal.code, refusal.facts) == ("hold.extended", {"expires_at": "2026-03-02T06:10:00Z"})
    assert (await store.extend(world.api, world.caller(RIVAL), held.id, later)).code == "hold.unknown"
    world.now += timedelta(minutes=7)
    assert (await world.book("svc_a", hours(1, 2), who=RIVAL)).code == "capacity.insufficient"
    assert isinstance(await world.book(held.id), Accepted)


async def test_an_extension_never_shortens_and_an_expired_hold_has_none(world, hours):
    held = (await world.hold("svc_a", hours(1, 2), minutes=5)).claim
    answer = await store.extend(world.api, world.caller(), held.id, world.now + timedelta(minutes=1))
    assert answer.claim.expires_at == held.expires_at
    world.now += timedelta(minutes=6)
    assert (await store.extend(world.api, world.caller(), held.id, world.now)).code == "hold.expired"


async def test_a_booking_grows_in_place_and_the_plant_gets_the_order_anew(world, hours, amend):
    booked = (await world.book("svc_a", hours(1, 2))).claim
    await world.answers(booked, "accepted")
    changed = (await amend(booked, end=hours(1, 4).end, work=OTHER_WORK)).claim
    assert (changed.span, changed.revision, changed.state) == (hours(1, 4), 2, State.CONFIRMED)
    assert changed.price.amount == booked.price.amount * 3
    first, second = await world.orders()
    assert (first["revision"], second["revision"], second["end"], second["quantity"]) == (
        1,
        2,
        "2026-03-02T10:00:00Z",
        20,
    )
    assert (await world.answers(booked, "accepted"))["outcome"] == "ignored", "that was the old order"
    assert (await world.answers(changed, "accepted"))["claim"]["state"] == "DISPATCHED"
    assert await world.states_of(booked.id) == ["CONFIRMED", "DISPATCHED", "CONFIRMED", "DISPATCHED"]
    assert await audit(world.owner) == []


async def test_what_a_booking_no_longer_takes_is_free_at_once(world, hours, amend):
    booked = (await world.book("svc_a", hours(1, 4))).claim
    await amend(booked, start=hours(2, 3).start, end=hours(2, 3).end)
    assert isinstance(await world.book("svc_a", hours(1, 2), who=RIVAL), Accepted)
    assert isinstance(await world.book("svc_a", hours(3, 4), who=RIVAL), Accepted)
    assert await audit(world.owner) == []


async def test_hours_that_are_somebody_elses_can_not_be_taken_by_amending(world, hours, amend):
    booked = (await world.book("svc_a", hours(1, 2))).claim
    await world.book("svc_a", hours(3, 4), who=RIVAL)
    refusal = await amend(booked, end=hours(1, 4).end)
    assert (refusal.code, refusal.facts["span"]["start"]) == ("capacity.insufficient", "2026-03-02T09:00:00Z")
    assert (await world.claim(booked.id))["span"].upper == booked.span.end
    moved = await amend(booked, start=hours(4, 5).start, end=hours(4, 5).end)
    assert moved.claim.span == hours(4, 5)


async def test_on_a_pool_the_quantity_changes_by_peak_concurrency(world, hours, amend):
    booked = (await world.book("svc_pool", hours(1, 2), quantity=2)).claim
    await world.book("svc_pool", hours(1, 2), who=RIVAL, quantity=2)
    assert (await amend(booked, quantity=4)).code == "capacity.insufficient"
    assert (await amend(booked, quantity=3)).claim.quantity == 3
    assert await audit(world.owner) == []


async def test_a_running_job_may_only_last_longer(world, hours, amend):
    booked = (await world.book("svc_a", hours(1, 2))).claim
    await world.reports(booked, "started")
    world.now = hours(1.5, 2).start
    assert (await amend(booked, start=hours(1.75, 2).start)).code == "booking.started"
    assert (await amend(booked, work=OTHER_WORK)).code == "booking.started"
    longer = (await amend(booked, end=hours(1, 3).end)).claim
    assert (longer.span, longer.revision, longer.state) == (hours(1, 3), 1, State.RUNNING)
    assert len(await world.orders()) == 1, "the job goes on as it was ordered"
    assert (await world.reports(booked, "ended", good_quantity=10))["outcome"] == "applied"
    assert await audit(world.owner) == []


async def test_a_booking_whose_end_is_past_does_not_reach_over_what_was_somebody_elses_since(world, hours, amend):
    overdue = []
    for service, all_of_it in (("svc_a", 1), ("svc_pool", 5)):
        booked = (await world.book(service, hours(1, 2))).claim
        assert isinstance(await world.book(service, hours(2, 3), who=RIVAL, quantity=all_of_it), Accepted)
        await world.reports(booked, "started")
        overdue.append(booked)
    world.now = hours(3.5, 4).start
    for booked in overdue:
        refusal = await amend(booked, end=hours(1, 5).end)
        assert (refusal.code, refusal.status) == ("claim.state", 409)
    assert await audit(world.owner) == []


async def test_terms_hold_for_what_is_amended(world, hours, amend):
    await world.service("terms", "mch_b", notice=timedelta(hours=1), min_duration=timedelta(minutes=30))
    booked = (await world.book("svc_terms", hours(2, 4))).claim
    assert (await amend(booked, end=hours(2, 2.25).end)).code == "duration.too_short"
    assert (await amend(booked, end=hours(1, 2).start)).code == "duration.too_short", "an end before its start"
    world.now = hours(1.5, 2).start
    assert (await amend(booked, start=hours(2.25, 3).start)).code == "notice.too_short"
    assert isinstance(await amend(booked, end=hours(2, 5).end), Accepted), "its start stays: no notice is asked for"


async def test_where_the_provider_confirms_only_less_is_free_to_take(world, hours, amend):
    await world.service("asks", "mch_b", instant=False)
    asked = (await world.book("svc_asks", hours(1, 2))).claim
    assert (await amend(asked, end=hours(1, 3).end)).claim.state is State.REQUESTED
    await store.confirm(world.api, world.caller(MAKER), asked.id)
    assert (await amend(asked, end=hours(1, 4).end)).code == "booking.needs_provider"
    assert (await amend(asked, end=hours(1, 2).end)).claim.state is State.CONFIRMED


async def test_only_its_booker_amends_a_booking_and_no_other_knows_of_it(world, hours, amend):
    booked = (await world.book("svc_a", hours(1, 2))).claim
    assert (await amend(booked, who=MAKER, quantity=1)) == Refused("booking.booker_only", 403, {})
    assert (await amend(booked, who=RIVAL, quantity=1)) == Refused("booking.unknown", 404, {})


async def test_what_is_over_or_called_off_can_not_be_amended(world, hours, amend):
    booked = (await world.book("svc_a", hours(1, 2))).claim
    await store.cancel(world.api, world.caller(), booked.id, None)
    assert (await amend(booked, end=hours(1, 3).end)) == Refused("claim.state", 409, {"state": "CANCELLED"})


async def test_a_repeated_amendment_is_answered_and_not_done_again(world, hours, amend):
    booked = (await world.book("svc_a", hours(1, 2))).claim
    first, again = [await amend(booked, key="k", end=hours(1, 3).end) for _ in range(2)]
    assert (first.replayed, again.replayed, again.claim) == (False, True, first.claim)
    assert len(await world.orders()) == 2


async def test_giving_up_hours_may_take_a_later_booking_out_of_danger(world, hours, piece, amend):
    await world.service("pool2", "mch_pool")
    old = (await world.book("svc_pool", hours(1, 2), quantity=3)).claim
    new = (await world.book("svc_pool", hours(1, 2), who=RIVAL, quantity=2)).claim
    await world.states("mch_pool", piece(0, 48, 3))
    assert (await world.claim(new.id))["at_risk"]
    await amend(old, quantity=1)
    assert not (await world.claim(new.id))["at_risk"]
