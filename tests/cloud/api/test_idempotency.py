"""One key belongs to one request for ever: replayed, refused for another body, told while in flight."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from api_market import Market, booking, until, wanted

from cloud.client import ApiError
from cloud.partners.model import KeyRequest, Scope
from cloud.registry.model import AgentRequest, ServiceRequest, SiteRequest
from gateway.money import Money


async def test_the_same_key_and_body_replay_the_same_answer(market: Market) -> None:
    service_id, _ = await market.offer()
    buyer = market.clients["buyer"]
    first = await buyer.book(booking(service_id, 10, 12), key="k1")
    again = await buyer.book(booking(service_id, 10, 12), key="k1")
    assert again == first
    assert len(await buyer.bookings()) == 1


async def test_a_replayed_answer_stays_the_same_when_the_booking_has_moved_on(market: Market) -> None:
    service_id, _ = await market.offer()
    buyer = market.clients["buyer"]
    first = await buyer.book(booking(service_id, 10, 12), key="k1")
    await buyer.cancel(first.id)
    assert await buyer.book(booking(service_id, 10, 12), key="k1") == first


async def test_the_order_of_fields_and_white_space_make_no_other_body(market: Market) -> None:
    service_id, _ = await market.offer()
    http, start, end = market.clients["buyer"]._http, "2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z"
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    one = f'{{"service_id": "{service_id}", "start": "{start}", "end": "{end}"}}'
    two = f'{{"end":"{end}",\n"start":"{start}","service_id":"{service_id}"}}'
    answers = [await http.post("/v1/holds", content=body, headers=headers) for body in (one, two)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content


async def test_the_same_key_with_another_body_or_on_another_route_is_refused(market: Market) -> None:
    service_id, _ = await market.offer()
    buyer = market.clients["buyer"]
    held = await buyer.hold(wanted(service_id, 10, 12), key="k1")
    booked = await buyer.book(booking(service_id, 20, 22), key="k2")
    for call in (
        buyer.hold(wanted(service_id, 10, 13), key="k1"),
        buyer.book(booking(service_id, 10, 12), key="k1"),
        buyer.cancel(booked.id, key="k1"),
    ):
        with pytest.raises(ApiError) as caught:
            await call
        assert (caught.value.code, caught.value.status) == ("idempotency.mismatch", 422)
    assert (await buyer.read_hold(held.id)).state == "HELD"


async def test_what_an_enterprise_adds_is_added_once_per_key(market: Market) -> None:
    maker = market.clients["maker"]
    site = SiteRequest(name="works", zone="UTC")
    first = await maker.add_site(site, key="s")
    assert await maker.add_site(site, key="s") == first
    assert [one.id for one in await maker.sites()] == [first.id]
    (machine_id,) = await market.plant("maker", "m")
    offered = ServiceRequest(
        name="milling",
        machine_ids=(machine_id,),
        price=Money(amount=Decimal(60), currency="EUR"),
        notice=timedelta(hours=2),
    )
    service = await maker.add_service(offered, key="v")
    assert await maker.add_service(offered, key="v") == service
    assert [one.id for one in await maker.services()] == [service.id]
    for call in (
        maker.add_site(SiteRequest(name="other", zone="UTC"), key="s"),
        maker.add_service(offered, key="s"),
        maker.hold(wanted(service.id, 10, 12), key="v"),
    ):
        with pytest.raises(ApiError) as caught:
            await call
        assert caught.value.code == "idempotency.mismatch"


async def test_a_secret_is_in_the_first_answer_and_kept_nowhere(market: Market) -> None:
    maker = market.clients["maker"]
    site = await maker.add_site(SiteRequest(name="works", zone="UTC"))
    agent = await maker.add_agent(AgentRequest(name="hall", site_id=site.id), key="a")
    made = await maker.add_key(KeyRequest(name="k", scopes=frozenset(Scope)), key="k")
    for call, identity in (
        (maker.add_agent(AgentRequest(name="hall", site_id=site.id), key="a"), agent.id),
        (maker.add_key(KeyRequest(name="k", scopes=frozenset(Scope)), key="k"), made.id),
    ):
        with pytest.raises(ApiError) as caught:
            await call
        assert (caught.value.status, caught.value.code) == (409, "idempotency.shown_once")
        assert caught.value.facts["id"] == identity
    assert len(await maker.agents()) == 1
    assert len(await maker.keys()) == 2
    kept = str(await market.owner.fetch("SELECT answer FROM idempotency"))
    assert agent.key not in kept
    assert made.key not in kept


async def test_a_thing_whose_twin_is_being_made_is_told_to_wait(market: Market) -> None:
    site, maker = SiteRequest(name="works", zone="UTC"), market.clients["maker"]
    async with market.owner.acquire() as twin, twin.transaction():
        lock = "SELECT pg_advisory_xact_lock(hashtextextended($1 || E'\\n' || $2, 0))"
        await twin.execute(lock, market.id("maker"), "k")
        with pytest.raises(ApiError) as caught:
            await maker.add_site(site, key="k")
        assert (caught.value.code, caught.value.retryable) == ("idempotency.in_flight", True)
    assert (await maker.add_site(site, key="k")).name == "works"


async def test_a_name_that_is_taken_leaves_the_key_free(market: Market) -> None:
    maker = market.clients["maker"]
    await maker.add_site(SiteRequest(name="works", zone="UTC"))
    with pytest.raises(ApiError, match=r"name\.taken"):
        await maker.add_site(SiteRequest(name="works", zone="UTC"), key="k")
    assert (await maker.add_site(SiteRequest(name="hall", zone="UTC"), key="k")).name == "hall"


async def test_two_tenants_may_use_the_same_key(market: Market) -> None:
    service_id, _ = await market.offer()
    one = await market.clients["buyer"].hold(wanted(service_id, 10, 12), key="k")
    two = await market.clients["rival"].hold(wanted(service_id, 20, 22), key="k")
    assert one.id != two.id


async def test_a_refused_request_may_be_sent_again_with_its_key(market: Market) -> None:
    service_id, _ = await market.offer()
    blocking = await market.clients["rival"].hold(wanted(service_id, 10, 12))
    with pytest.raises(ApiError):
        await market.clients["buyer"].hold(wanted(service_id, 10, 12), key="k")
    await market.clients["rival"].release(blocking.id)
    assert (await market.clients["buyer"].hold(wanted(service_id, 10, 12), key="k")).state == "HELD"


async def test_a_request_whose_twin_is_in_flight_is_told_to_wait(market: Market) -> None:
    service_id, machine_id = await market.offer()
    buyer = market.clients["buyer"]
    async with market.owner.acquire() as blocker, blocker.transaction():
        await blocker.execute("SELECT FROM statement WHERE machine_id = $1 FOR NO KEY UPDATE", machine_id)
        first = asyncio.create_task(buyer.hold(wanted(service_id, 10, 12), key="k"))
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        await until(lambda: blocker.fetchval(waiting))
        answer = await buyer._http.post(
            "/v1/holds",
            content=wanted(service_id, 10, 12).model_dump_json(exclude_unset=True),
            headers={"Idempotency-Key": "k", "Content-Type": "application/json"},
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency.in_flight")
        assert answer.headers["Retry-After"]
    held = await first
    assert await buyer.hold(wanted(service_id, 10, 12), key="k") == held
