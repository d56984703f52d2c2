"""Calling off by an agreement: at its rate, by its booker, and never beyond its quota."""

import asyncio
from datetime import timedelta
from typing import Any

from api_agreements import agree, refused, terms, used
from api_market import Market, at, booking, piece, wanted, work

from cloud.booking.bundle import BundleRequest, SeriesRequest
from cloud.booking.wire import Amendment, BookingRequest
from cloud.client import ApiError
from cloud.waiting.model import WaitingRequest
from cloud.waiting.store import serve
from gateway.money import Money


async def test_hours_called_off_cost_the_agreed_rate_and_count_against_the_quota(market: Market) -> None:
    service_id, _ = await market.offer("maker")
    agreement, buyer = await agree(market, service_id), market.clients["buyer"]
    held = await buyer.hold(wanted(service_id, 1, 3, agreement_id=agreement.id))
    assert (held.price.amount, held.agreement_id) == (80, agreement.id)
    assert await used(market, agreement) == 2
    booked = await buyer.book(BookingRequest(hold_id=held.id, work=work()))
    direct = await buyer.book(booking(service_id, 3, 4, agreement_id=agreement.id))
    assert (booked.price.amount, direct.price.amount) == (80, 40)
    assert {booked.agreement_id, direct.agreement_id} == {agreement.id}
    assert await used(market, agreement) == 3
    spot = await buyer.book(booking(service_id, 4, 5))
    assert (spot.price.amount, spot.agreement_id) == (60, None)
    assert await used(market, agreement) == 3
    assert (await market.clients["maker"].booking(direct.id)).agreement_id == agreement.id


async def test_never_more_than_the_quota_and_the_refusal_says_what_is_left(market: Market) -> None:
    service_id, _ = await market.offer("maker")
    agreement, buyer = await agree(market, service_id), market.clients["buyer"]
    await buyer.book(booking(service_id, 1, 9, agreement_id=agreement.id))
    error = await refused(buyer.book(booking(service_id, 10, 13, agreement_id=agreement.id)))
    assert error.code == "agreement.quota"
    assert (error.facts["left_hours"], error.facts["used_hours"], error.facts["asked_hours"]) == (2, 8, 3)
    assert error.facts["period"] == {"start": "2026-03-02T00:00:00Z", "end": "2026-03-09T00:00:00Z"}
    assert "2 h are left" in error.facts["detail"]
    assert (await buyer.book(booking(service_id, 10, 12, agreement_id=agreement.id))).state == "CONFIRMED"


async def test_the_next_week_has_its_own_quota_and_nothing_is_carried_over(market: Market) -> None:
    service_id, _ = await market.offer("maker", piece(0, 400))
    agreement, buyer = await agree(market, service_id), market.clients["buyer"]
    await buyer.book(booking(service_id, 1, 5, agreement_id=agreement.id))
    next_week = 168
    await buyer.book(booking(service_id, next_week, next_week + 10, agreement_id=agreement.id))
    error = await refused(buyer.book(booking(service_id, next_week + 11, next_week + 12, agreement_id=agreement.id)))
    assert (error.code, error.facts["left_hours"]) == ("agreement.quota", 0)
    told = (await buyer.usage(agreement.id, at(0), at(200))).items
    assert [(one.used_hours, one.left_hours) for one in told] == [(4, 6), (10, 0)]
    assert (told[1].start, told[1].end) == (at(162), at(330))


async def test_a_month_begins_on_the_calendar_of_the_agreements_zone(market: Market) -> None:
    service_id, _ = await market.offer("maker")
    agreement = await agree(market, service_id, period="month", zone="Asia/Shanghai")
    current = (await market.clients["buyer"].agreement(agreement.id)).current
    assert current is not None
    assert (current.start.isoformat(), current.end.isoformat()) == (
        *("2026-02-28T16:00:00+00:00", "2026-03-31T16:00:00+00:00"),
    )


async def test_what_is_called_off_for_nothing_comes_back_and_what_costs_a_fee_does_not(market: Market) -> None:
    service_id, _ = await market.offer("maker", free_cancellation=timedelta(hours=6), cancellation_share=0.5)
    agreement, buyer = await agree(market, service_id), market.clients["buyer"]
    free = await buyer.book(booking(service_id, 20, 23, agreement_id=agreement.id))
    late = await buyer.book(booking(service_id, 3, 5, agreement_id=agreement.id))
    assert await used(market, agreement) == 5
    await buyer.cancel(free.id)
    assert await used(market, agreement) == 2
    charged = (await buyer.cancel(late.id)).cancellation
    assert charged is not None
    assert charged.charged == Money(amount="40.00", currency="EUR")
    assert await used(market, agreement) == 2


async def test_what_the_provider_calls_off_comes_back(market: Market) -> None:
    service_id, _ = await market.offer("maker", cancellation_share=0.5)
    agreement = await agree(market, service_id)
    booked = await market.clients["buyer"].book(booking(service_id, 3, 5, agreement_id=agreement.id))
    await market.clients["maker"].cancel(booked.id)
    assert await used(market, agreement) == 0


async def test_an_amended_booking_keeps_its_rate_and_stays_within_the_quota(market: Market) -> None:
    service_id, _ = await market.offer("maker")
    agreement, buyer = await agree(market, service_id), market.clients["buyer"]
    booked = await buyer.book(booking(service_id, 1, 5, agreement_id=agreement.id))
    longer = await buyer.amend(booked.id, Amendment(end=at(9)))
    assert longer.price.amount == 320
    assert await used(market, agreement) == 8
    assert (await refused(buyer.amend(booked.id, Amendment(end=at(12))))).code == "agreement.quota"
    assert (await buyer.amend(booked.id, Amendment(end=at(2)))).price.amount == 40
    assert await used(market, agreement) == 1


async def test_no_more_is_called_off_by_amending_once_the_agreement_is_over(market: Market) -> None:
    service_id, _ = await market.offer("maker")
    agreement, buyer = await agree(market, service_id), market.clients["buyer"]
    booked = await buyer.book(booking(service_id, 1, 5, agreement_id=agreement.id))
    await market.clients["maker"].end_agreement(agreement.id, "no more nights")
    for more in (Amendment(end=at(9)), Amendment(start=at(2), end=at(8))):
        assert (await refused(buyer.amend(booked.id, more))).code == "agreement.state"
    assert (await buyer.amend(booked.id, Amendment(start=at(6), end=at(9)))).price.amount == 120
    assert (await buyer.amend(booked.id, Amendment(end=at(7)))).price.amount == 40


async def test_an_agreement_is_called_off_by_its_booker_for_its_services_while_it_holds(market: Market) -> None:
    service_id, machine_id = await market.offer("maker")
    other = await market.service("maker", machine_id, name="other")
    buyer, maker = market.clients["buyer"], market.clients["maker"]
    proposed = await maker.propose(terms(market.id("buyer"), service_id, end=at(30)))

    async def code(client: Any, service: str, start: float, stop: float) -> str:
        return (await refused(client.hold(wanted(service, start, stop, agreement_id=proposed.id)))).code

    assert await code(buyer, service_id, 1, 2) == "agreement.state"
    await buyer.accept_agreement(proposed.id)
    assert await code(maker, service_id, 1, 2) == "agreement.booker_only"
    assert await code(market.clients["rival"], service_id, 1, 2) == "agreement.unknown"
    assert await code(buyer, other, 1, 2) == "agreement.service"
    assert await code(buyer, service_id, 29, 31) == "agreement.span"
    await maker.end_agreement(proposed.id, "no more nights")
    assert await code(buyer, service_id, 1, 2) == "agreement.state"


async def test_the_agreement_opens_a_service_that_is_hidden_and_shortens_its_notice(market: Market) -> None:
    _, machine_id = await market.offer("maker")
    hidden = await market.service("maker", machine_id, visibility="internal", notice=timedelta(hours=12))
    buyer = market.clients["buyer"]
    assert (await refused(buyer.book(booking(hidden, 3, 4)))).code == "service.unknown"
    agreement = await agree(market, hidden, notice=timedelta(hours=1))
    assert (await buyer.book(booking(hidden, 3, 4, agreement_id=agreement.id))).state == "CONFIRMED"


async def test_legs_and_series_are_called_off_too_and_all_or_none_of_them_fit(market: Market) -> None:
    service_id, _ = await market.offer("maker", piece(0, 400))
    agreement, buyer = await agree(market, service_id), market.clients["buyer"]
    legs = (
        booking(service_id, 1, 7, agreement_id=agreement.id),
        booking(service_id, 8, 13, agreement_id=agreement.id),
    )
    error = await refused(buyer.book_bundle(BundleRequest(legs=legs)))
    assert error.facts["missed"][0]["refusal"]["code"] == "agreement.quota"
    assert await used(market, agreement) == 0
    same = {"service_id": service_id, "agreement_id": agreement.id, "work": work(), "times": 2}
    series = await buyer.book_series(SeriesRequest(start=at(20), end=at(28), **same))
    assert [one.price.amount for one in series.bookings] == [320, 320]
    assert await used(market, agreement) == 8


async def test_a_race_for_the_last_hours_never_exceeds_the_quota(market: Market) -> None:
    """Twelve machines are free, so nothing but the quota stands between twelve callers and their three hours each."""
    machines = await market.plant("maker", *(f"r{number}" for number in range(12)))
    for machine_id in machines:
        await market.states(machine_id, piece(0, 48))
    services = [await market.service("maker", machine_id, name=machine_id) for machine_id in machines]
    agreement, buyer = await agree(market, *services), market.clients["buyer"]
    wishes = [booking(service_id, 1, 4, agreement_id=agreement.id) for service_id in services]
    told = await asyncio.gather(*(buyer.book(wish) for wish in wishes), return_exceptions=True)
    codes = [one.code for one in told if isinstance(one, ApiError)]
    assert codes == ["agreement.quota"] * 9
    assert await used(market, agreement) == 9


async def test_control_without_the_agreements_row_locked_the_race_exceeds_it(market: Market, pool_owner: Any) -> None:
    source = await pool_owner.fetchval("SELECT pg_get_functiondef('ts_against_quota'::regproc)")
    naive = source.replace("WHERE id = p_agreement FOR NO KEY UPDATE", "WHERE id = p_agreement")
    slow = naive.replace("RETURN NULL;", "PERFORM pg_sleep(1);\n  RETURN NULL;")
    assert slow.count("pg_sleep") == 1
    assert "FOR NO KEY UPDATE" not in slow
    await pool_owner.execute(slow)
    await pool_owner.execute("ALTER FUNCTION ts_against_quota OWNER TO ts_owner")
    machines = await market.plant("maker", "r1", "r2", "r3", "r4")
    for machine_id in machines:
        await market.states(machine_id, piece(0, 48))
    services = [await market.service("maker", machine_id, name=machine_id) for machine_id in machines]
    agreement, buyer = await agree(market, *services), market.clients["buyer"]
    wishes = [booking(service_id, 1, 7, agreement_id=agreement.id) for service_id in services]
    await asyncio.gather(*(buyer.book(wish) for wish in wishes), return_exceptions=True)
    assert await used(market, agreement) > 10


async def test_what_comes_free_is_held_by_the_agreement_that_one_waits_by(market: Market, pool_ingest: Any) -> None:
    service_id, _ = await market.offer("maker")
    agreement = await agree(market, service_id, quota_hours=3, notice=timedelta(0))
    maker, buyer = market.clients["maker"], market.clients["buyer"]
    blocking = await maker.book(booking(service_id, 0.5, 48))
    wish = {"service_id": service_id, "agreement_id": agreement.id, "duration": timedelta(hours=2)}
    places = [await buyer.wait(WaitingRequest(start=at(1), end=at(9), **wish)) for _ in range(2)]
    foreign = await refused(market.clients["rival"].wait(WaitingRequest(start=at(1), end=at(9), **wish)))
    assert foreign.code == "agreement.unknown"
    await maker.cancel(blocking.id)
    await serve(pool_ingest, at(0), timedelta(minutes=15), timedelta(seconds=0))
    found = {one.id: one for one in await buyer.waiting()}
    assert [found[place.id].state for place in places] == ["OFFERED", "WAITING"]
    held = await buyer.read_hold(found[places[0].id].hold_id or "")
    assert (held.price.amount, held.agreement_id) == (80, agreement.id)
    assert await used(market, agreement) == 2


async def test_bundles_that_name_agreements_in_opposite_orders_never_wait_for_each_other(market: Market) -> None:
    machines = await market.plant("maker", "m1", "m2")
    for machine_id in machines:
        await market.states(machine_id, piece(0, 400))
    services = [await market.service("maker", machine_id, name=machine_id) for machine_id in machines]
    agreements = [await agree(market, service_id, quota_hours=400) for service_id in services]
    buyer = market.clients["buyer"]

    async def one(number: int) -> object:
        order = (0, 1) if number % 2 else (1, 0)
        start = 1 + number * 2
        held = await buyer.hold(wanted(services[order[0]], start, start + 1, agreement_id=agreements[order[0]].id))
        legs = (
            booking(services[order[1]], start, start + 1, agreement_id=agreements[order[1]].id),
            BookingRequest(hold_id=held.id, work=work()),
        )
        return await buyer.book_bundle(BundleRequest(legs=legs))

    told = await asyncio.gather(*(one(number) for number in range(12)))
    assert len(told) == 12
