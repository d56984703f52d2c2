"""Healing: hours that a plant took back are found elsewhere, and the booking moves there or is asked to."""

import asyncio
from datetime import timedelta

import pytest

from cloud.booking import store
from cloud.booking.audit import audit
from cloud.booking.heal import heal
from cloud.booking.model import Refused, State

MAKER, BUYER, RIVAL = "ent_maker", "ent_buyer", "ent_rival"
CONSENT = {"consent": True, "max_price": None}
PATIENCE, RETRY = timedelta(seconds=4), timedelta(seconds=30)


@pytest.fixture
async def spare(world):
    """The rival's own plant, with one machine that does the same work for the same price."""
    await world.owner.execute(
        "INSERT INTO site SELECT 'site_ent_rival', 'ent_rival', name, zone, latitude, longitude, created_at FROM site"
    )
    await world.owner.execute(
        "INSERT INTO agent (id, enterprise_id, site_id, name, key_id, key, created_at)"
        " SELECT 'agt_ent_rival', 'ent_rival', 'site_ent_rival', name, 'k2', key, created_at FROM agent"
    )
    machine = await world.machine("spare", maker=RIVAL)
    return await world.service("spare", machine, maker=RIVAL), machine


@pytest.fixture
def round_(world):
    """One round of healing, `after` seconds later."""

    async def go(after=5):
        world.now += timedelta(seconds=after)
        return await heal(world.ingest, world.now, world.now - timedelta(minutes=5), PATIENCE, RETRY)

    return go


async def successor(world, claim_id):
    healed = await world.owner.fetchval("SELECT healed_by FROM claim WHERE id = $1", claim_id)
    return await world.claim(healed) if healed else None


async def test_with_consent_it_moves_at_once_and_both_plants_and_the_booker_are_told(
    world, hours, piece, spare, round_
):
    _, machine = spare
    await world.states(machine, piece(0, 48))
    booked = (await world.book("svc_a", hours(2, 4), healing=CONSENT)).claim
    await world.answers(booked, "accepted")
    for name in ("b", "pool"):
        await world.states(f"mch_{name}")
    await world.states("mch_a", piece(0, 48, type="Unattainable", reason="breakdown"))
    assert await round_() == 1
    new = await successor(world, booked.id)
    assert (new["machine_id"], new["state"], new["heals"], new["span"].lower) == (
        machine,
        "CONFIRMED",
        booked.id,
        booked.span.start,
    )
    assert await world.states_of(booked.id) == ["CONFIRMED", "DISPATCHED", "DISPLACED"]
    kinds = [(order["machine"], order["kind"]) for order in await world.orders()]
    assert kinds == [("a", "order"), ("a", "cancel_order"), ("spare", "order")]
    assert [(told["id"], told["state"]) for told in (await world.told(BUYER))[-2:]] == [
        (booked.id, "DISPLACED"),
        (new["id"], "CONFIRMED"),
    ]
    assert {told["id"] for told in await world.told(RIVAL)} == {new["id"]}
    for told in await world.told(RIVAL) + await world.told(MAKER):
        assert not {"healing", "proposal", "heals", "healed_by"} & told.keys(), "the booker's alone"
    assert await audit(world.owner) == []


async def test_its_own_provider_comes_first(world, hours, piece, spare, round_):
    await world.states(spare[1], piece(0, 48))
    booked = (await world.book("svc_a", hours(2, 4), healing=CONSENT)).claim
    await world.states("mch_a")
    await round_()
    assert (await successor(world, booked.id))["provider_id"] == MAKER


async def test_without_consent_it_is_proposed_and_the_booker_accepts(world, hours, piece, spare, round_):
    service, machine = spare
    await world.states(machine, piece(0, 48))
    booked = (await world.book("svc_a", hours(2, 4))).claim
    await world.states("mch_a")
    for name in ("b", "pool"):
        await world.states(f"mch_{name}")
    assert await round_() == 1
    told = (await world.told(BUYER))[-1]
    assert told["proposal"] == {
        "service_id": service,
        "provider_id": RIVAL,
        "machine_id": machine,
        "price": {"amount": "120.00", "currency": "EUR"},
    }
    assert await round_() == 0, "it is proposed once"
    assert (await store.accept(world.api, world.caller(MAKER), booked.id, "bkg_no")).code == "booking.booker_only"
    moved = (await store.accept(world.api, world.caller(), booked.id, "bkg_new")).claim
    assert (moved.id, moved.machine_id, moved.heals, moved.state) == ("bkg_new", machine, booked.id, State.CONFIRMED)
    assert (await store.accept(world.api, world.caller(), booked.id, "bkg_no")).code == "proposal.none"
    assert await audit(world.owner) == []


async def test_a_proposal_that_somebody_took_is_gone_and_looked_for_again(world, hours, piece, spare, round_):
    service, machine = spare
    await world.states(machine, piece(0, 48))
    booked = (await world.book("svc_a", hours(2, 4))).claim
    for name in ("a", "b", "pool"):
        await world.states(f"mch_{name}")
    await round_()
    await world.book(service, hours(3, 5), who=MAKER)
    assert await store.accept(world.api, world.caller(), booked.id, "bkg_new") == Refused("proposal.gone", 409, {})
    assert await round_() == 0
    await world.states("mch_b", piece(0, 48))
    await world.service("b", "mch_b")
    assert await round_(after=35) == 1


async def test_a_machine_that_only_flickers_moves_nothing(world, hours, piece, round_):
    """Ten times a minute off and on again: each time the trouble is over before anybody need move."""
    booked = (await world.book("svc_a", hours(2, 4), healing=CONSENT)).claim
    for _ in range(10):
        await world.states("mch_a")
        assert await round_(after=3) == 0
        await world.states("mch_a", piece(0, 48))
        assert await round_(after=3) == 0
    assert (await world.claim(booked.id))["state"] == "CONFIRMED"


async def test_no_booking_is_moved_twice_what_a_second_plant_takes_back_is_proposed(world, hours, piece, spare, round_):
    await world.states(spare[1], piece(0, 48))
    booked = (await world.book("svc_a", hours(2, 4), healing=CONSENT)).claim
    await world.states("mch_a")
    await round_()
    first = await successor(world, booked.id)
    await world.states("mch_a", piece(0, 48))
    await world.states(first["machine_id"])
    assert await round_() == 1
    again = await world.claim(first["id"])
    assert (again["state"], again["healed_by"], again["proposal"]["machine_id"]) == ("CONFIRMED", None, "mch_pool")


async def test_more_than_was_consented_to_is_only_proposed(world, hours, piece, spare, round_):
    await world.states(spare[1], piece(0, 48))
    await world.owner.execute("UPDATE service SET price_amount = 61 WHERE id <> 'svc_a'")
    booked = (await world.book("svc_a", hours(2, 4), healing=CONSENT)).claim
    more = (await world.book("svc_a", hours(5, 6), healing={**CONSENT, "max_price": {"amount": "61.00"}})).claim
    await world.states("mch_a")
    assert await round_() == 2
    assert (await world.claim(booked.id))["proposal"]["price"]["amount"] == "122.00"
    assert (await successor(world, more.id))["price_amount"] == 61


async def test_a_limit_in_another_currency_is_no_consent(world, hours, piece, spare, round_):
    await world.states(spare[1], piece(0, 48))
    await world.owner.execute("UPDATE service SET price_amount = 61 WHERE id <> 'svc_a'")
    yen = {**CONSENT, "max_price": {"amount": "20000.00", "currency": "JPY"}}
    booked = (await world.book("svc_a", hours(2, 4), healing=yen)).claim
    await world.states("mch_a")
    assert await round_() == 1
    left = await world.claim(booked.id)
    assert (left["healed_by"], left["proposal"]["price"]) == (None, {"amount": "122.00", "currency": "EUR"})


async def test_what_no_booking_could_cost_is_not_proposed(world, hours, piece, spare, round_):
    await world.states(spare[1], piece(0, 48))
    await world.owner.execute("UPDATE service SET price_amount = 99999999999999 WHERE id <> 'svc_a'")
    booked = (await world.book("svc_a", hours(2, 34), healing=CONSENT)).claim
    await world.states("mch_a")
    assert await round_() == 0
    assert (await world.claim(booked.id))["proposal"] is None


async def test_what_the_plant_displaced_is_healed_too(world, hours, piece, round_):
    booked = (await world.book("svc_a", hours(2, 4), healing=CONSENT)).claim
    await world.answers(booked, "conflict")
    assert await round_() == 1
    assert (await successor(world, booked.id))["state"] == "CONFIRMED"
    assert await world.states_of(booked.id) == ["CONFIRMED", "DISPLACED"]


async def test_unlike_work_is_no_equal(world, hours, piece, spare, round_):
    await world.states(spare[1], piece(0, 48))
    booked = (await world.book("svc_a", hours(2, 4), healing=CONSENT)).claim
    await world.owner.execute("UPDATE service SET process = 'turning' WHERE id <> 'svc_a'")
    await world.states("mch_a")
    assert await round_() == 0
    await world.owner.execute("UPDATE service SET process = NULL, work_masters = '{gear}' WHERE id <> 'svc_a'")
    assert await round_(after=35) == 0
    await world.owner.execute("UPDATE service SET work_masters = '{}', visibility = 'internal' WHERE id <> 'svc_a'")
    assert await round_(after=35) == 0
    assert (await world.claim(booked.id))["state"] == "CONFIRMED"


async def test_a_machine_that_is_only_silent_keeps_its_bookings(world, hours, round_):
    """It may have the job in hand and run it; moved, the work would be done twice."""
    await world.owner.execute("UPDATE service SET notice = '3 hours' WHERE id = 'svc_a'")
    booked = (await world.book("svc_a", hours(3.5, 4), healing=CONSENT)).claim
    world.now += timedelta(hours=1)
    await world.ingest.fetchval("SELECT ts_flag_stale(10, $1, $1)", world.now)
    assert (await world.claim(booked.id))["at_risk_reason"] == "stale-data"
    assert await round_() == 0


async def test_two_rounds_at_once_move_it_once(world, hours, round_):
    booked = (await world.book("svc_a", hours(2, 4), healing=CONSENT)).claim
    await world.states("mch_a")
    world.now += timedelta(seconds=5)
    assert sum(await asyncio.gather(*(round_(after=0) for _ in range(4)))) == 1
    assert await world.owner.fetchval("SELECT count(*) FROM claim WHERE heals = $1", booked.id) == 1
    assert await audit(world.owner) == []


async def test_a_booking_on_a_pool_moves_within_it_unasked_and_keeps_its_price(world, hours, piece, round_):
    """Its booker named no machine: it was promised one of them, free all through, not this one."""
    band = {"price": "10", "least": 1, "most": 4, "days": [1, 2, 3, 4, 5, 6, 7], "start": 0, "end": 1440}
    await world.service("pair", "mch_a", "mch_b", price_bands=[band])
    await world.states("mch_a", piece(0, 48, confidence=4))
    booked = (await world.book("svc_pair", hours(2, 4))).claim
    assert (booked.machine_id, booked.price.amount) == ("mch_a", 20)
    await world.states("mch_a", piece(0, 48, type="Unattainable", reason="breakdown"))
    assert await round_(2) == 0, "it might come back"
    assert await round_(3) == 1
    new = await successor(world, booked.id)
    assert (new["machine_id"], new["state"], new["price_amount"]) == ("mch_b", "CONFIRMED", 20)
    assert [(order["machine"], order["kind"]) for order in await world.orders()] == [
        *(("a", "order"), ("a", "cancel_order"), ("b", "order")),
    ]
    assert (await world.claim(booked.id))["state"] == "DISPLACED"
    await world.states("mch_b")
    await world.states("mch_a", piece(0, 48))
    await round_()
    assert await successor(world, new["id"]) is None, "it is moved once; then its booker is asked"
    assert (await world.claim(new["id"]))["proposal"] is not None
    assert await audit(world.owner) == []


async def test_a_plant_that_says_no_to_the_order_of_a_pool_loses_it_to_the_next_machine(world, hours, round_):
    await world.service("pair", "mch_a", "mch_b")
    booked = (await world.book("svc_pair", hours(2, 4))).claim
    await world.answers(booked, "conflict")
    assert await round_() == 1
    assert (await successor(world, booked.id))["machine_id"] == "mch_b"


@pytest.mark.parametrize("why", ["named", "accepted", "full"])
async def test_control_it_stays_where_its_booker_or_its_plant_wants_it_or_there_is_no_room(world, hours, round_, why):
    await world.service("pair", "mch_a", "mch_b", instant=True, process="3.2.2")
    booked = (await world.book("svc_pair", hours(2, 4), machine="mch_a" if why == "named" else None)).claim
    if why == "accepted":
        await world.answers(booked, "accepted")
    if why == "full":
        await world.book("svc_pair", hours(3, 5), machine="mch_b")
    await world.states("mch_a")
    await round_()
    assert await successor(world, booked.id) is None
    assert (await world.claim(booked.id))["at_risk"]


ABLE = {
    "envelope": {"x_mm": 300, "y_mm": 600, "z_mm": 400, "mass_kg": 90},
    "tolerance": {"grade": "IT7", "mm": 0.02},
    "certificates": [{"name": "ISO 9001", "valid_until": "2030-01-01T00:00:00Z"}],
}


@pytest.mark.parametrize(
    ("other", "equal"),
    [
        pytest.param({}, True, id="alike"),
        pytest.param({"envelope": {"x_mm": 400, "y_mm": 300, "z_mm": 700, "mass_kg": 90}}, True, id="larger, lying"),
        pytest.param({"envelope": {"x_mm": 300, "y_mm": 599, "z_mm": 400, "mass_kg": 90}}, False, id="too small"),
        pytest.param({"envelope": {"x_mm": 300, "y_mm": 600, "z_mm": 400}}, False, id="no mass said"),
        pytest.param({"envelope": None}, False, id="no room said"),
        pytest.param({"tolerance": {"grade": "IT01", "mm": 0.02}}, True, id="finer"),
        pytest.param({"tolerance": {"grade": "IT8", "mm": 0.02}}, False, id="coarser"),
        pytest.param({"tolerance": {"grade": "IT7", "mm": 0.03}}, False, id="coarser in mm"),
        pytest.param({"certificates": []}, False, id="not certified"),
        pytest.param({"certificates": [{**ABLE["certificates"][0], "name": "iso 9001"}]}, True, id="written small"),
    ],
)
async def test_equal_capacity_can_do_all_that_the_booked_service_says_of_itself(world, hours, piece, other, equal):
    """Nobody knows which of it the booker needed."""
    await world.service("able", "mch_a", process="3.2.3", **ABLE)
    await world.service("other", "mch_b", process="3.2.3", **{**ABLE, **other})
    booked = (await world.book("svc_able", hours(2, 4), machine="mch_a", healing=CONSENT)).claim
    await world.states("mch_a")
    world.now += timedelta(seconds=5)
    await heal(world.ingest, world.now, world.now - timedelta(minutes=5), PATIENCE, RETRY)
    assert ((await successor(world, booked.id)) is not None) == equal
