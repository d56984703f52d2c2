"""Bundles: all of the legs or none, in one transaction; series: all of the times, or those that fit."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest

from cloud.booking import store
from cloud.booking.audit import audit
from cloud.booking.bundle import occurrences
from cloud.booking.model import Refused, State, Together
from gateway.span import Span

MAKER, BUYER, RIVAL = "ent_maker", "ent_buyer", "ent_rival"
WORK = {"work_master": "bracket", "quantity": 10}


@pytest.fixture
def together(world):
    bundles = count(1)

    async def book(*legs, who=BUYER, whole=True, **key):
        asked = [{"claim_id": f"bkg_{next(world.ids)}", "quantity": 1, "work": WORK, **leg} for leg in legs]
        return await store.book_all(
            world.api, world.caller(who, **key), f"bnd_{who}{next(bundles)}", asked, whole=whole
        )

    return book


def leg(service, span, **more):
    return {"service_id": service, "start": span.start.isoformat(), "end": span.end.isoformat(), **more}


async def test_all_legs_are_booked_and_each_plant_gets_its_order(world, hours, together):
    made = await together(leg("svc_a", hours(1, 2)), leg("svc_pool", hours(2, 4), quantity=5))
    assert [(claim.machine_id, claim.state, claim.bundle_id) for claim in made.claims] == [
        ("mch_a", State.CONFIRMED, made.id),
        ("mch_pool", State.CONFIRMED, made.id),
    ]
    assert {order["booking"] for order in await world.orders()} == {claim.id for claim in made.claims}
    assert await audit(world.owner) == []


async def test_one_leg_that_does_not_fit_and_nothing_is_booked(world, hours, together):
    await world.book("svc_pool", hours(2, 3), who=RIVAL, quantity=5)
    refusal = await together(leg("svc_a", hours(1, 2)), leg("svc_pool", hours(2, 4)))
    assert (refusal.code, refusal.status) == ("bundle.refused", 409)
    (missed,) = refusal.facts["missed"]
    assert (missed["leg"], missed["refusal"]["code"]) == (1, "capacity.insufficient")
    assert await world.owner.fetchval("SELECT count(*) FROM claim WHERE booker_id = $1", BUYER) == 0
    assert await world.owner.fetchval("SELECT count(*) FROM bundle") == 0
    assert await world.told(BUYER) == []


async def test_legs_that_want_the_same_hour_of_one_machine_do_not_both_get_it(together, hours):
    refusal = await together(leg("svc_a", hours(1, 3)), leg("svc_a", hours(2, 4)))
    assert refusal.facts["missed"][0]["leg"] == 1


async def test_legs_on_a_service_with_several_machines_get_one_each(world, hours, together):
    made = await together(leg("svc_either", hours(1, 2)), leg("svc_either", hours(1, 2)))
    assert {claim.machine_id for claim in made.claims} == {"mch_a", "mch_b"}
    assert (await together(leg("svc_either", hours(1, 2)))).facts["missed"][0]["refusal"][
        "code"
    ] == "capacity.insufficient"


async def test_a_leg_may_be_a_hold(world, hours, together):
    held = (await world.hold("svc_a", hours(1, 2))).claim
    made = await together({"hold_id": held.id}, leg("svc_pool", hours(2, 3)))
    assert (made.claims[0].hold_id, (await world.claim(held.id))["state"]) == (held.id, "CONSUMED")


async def test_a_refused_bundle_leaves_its_holds_as_they_were(world, hours, together):
    held = (await world.hold("svc_a", hours(1, 2))).claim
    assert isinstance(await together({"hold_id": held.id}, leg("svc_gone", hours(2, 3))), Refused)
    assert (await world.claim(held.id))["state"] == "HELD"


async def test_of_a_series_those_are_booked_that_fit(world, hours, together):
    await world.book("svc_a", hours(3, 4), who=RIVAL)
    spans = [hours(n, n + 1) for n in (1, 3, 5)]
    made = await together(*(leg("svc_a", span) for span in spans), whole=False)
    assert [claim.span for claim in made.claims] == [spans[0], spans[2]]
    assert [(place, why.code) for place, why in made.missed] == [(1, "capacity.insufficient")]
    refusal = await together(*(leg("svc_a", span) for span in spans), whole=False)
    assert (refusal.code, len(refusal.facts["missed"])) == ("bundle.refused", 3)
    assert await audit(world.owner) == []


async def test_a_repeated_bundle_is_the_same_one(hours, together):
    legs = (leg("svc_a", hours(1, 2)), leg("svc_pool", hours(1, 2)))
    first, again = [await together(*legs, key="k", body_hash=b"x") for _ in range(2)]
    assert first == again


async def test_calling_a_bundle_off_frees_all_that_is_not_over(world, hours, together):
    made = await together(leg("svc_a", hours(1, 2)), leg("svc_pool", hours(1, 2)))
    await world.reports(made.claims[0], "started")
    off = await store.cancel_all(world.api, world.caller(), made.id, "no metal")
    assert isinstance(off, Together)
    assert [claim.state for claim in off.claims] == [State.RUNNING, State.CANCELLED]
    assert (await world.claim(made.claims[0].id))["cancel_asked_at"] is not None
    assert (await store.cancel_all(world.api, world.caller(RIVAL), made.id, None)).code == "bundle.unknown"


async def test_bundles_in_opposite_orders_never_wait_for_each_other(world, hours, together):
    """Forty bundles over the same two machines, half of them the other way round: some win, none deadlocks."""

    def legs(n):
        span = hours(n % 8, n % 8 + 1)
        both = [leg("svc_a", span), leg("svc_pool", span, quantity=3)]
        return both if n % 2 else both[::-1]

    answers = await asyncio.gather(*(together(*legs(n), who=BUYER if n % 3 else RIVAL) for n in range(40)))
    assert sum(isinstance(each, Together) for each in answers) == 8
    assert await world.owner.fetchval("SELECT count(*) FROM claim WHERE live") == 16
    assert await audit(world.owner) == []


def test_every_tuesday_night_is_at_the_same_hour_on_the_wall_whatever_the_season():
    berlin = ZoneInfo("Europe/Berlin")
    first = Span(datetime(2026, 3, 24, 21, tzinfo=UTC), datetime(2026, 3, 25, 4, tzinfo=UTC))
    spans = occurrences(first, 7, 3, berlin)
    assert [span.start.astimezone(berlin).strftime("%a %H:%M") for span in spans] == ["Tue 22:00"] * 3
    assert [span.duration for span in spans] == [timedelta(hours=7)] * 3
    assert spans[1].start == datetime(2026, 3, 31, 20, tzinfo=UTC)


def test_an_hour_that_daylight_saving_skips_begins_as_much_later():
    berlin = ZoneInfo("Europe/Berlin")
    first = Span(datetime(2026, 3, 28, 1, 30, tzinfo=UTC), datetime(2026, 3, 28, 2, 30, tzinfo=UTC))
    assert occurrences(first, 1, 2, berlin)[1].start.astimezone(berlin).strftime("%d %H:%M") == "29 03:30"
