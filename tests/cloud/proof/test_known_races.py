"""Races that other booking systems had in public, run against this API; each control shows the naive way losing it.

Cal.com #13397: whether a slot was free was looked up first and the booking written later, with nothing to hold the two
together, so that equal requests at one moment were all booked.
Cal.com #29958: requests that wait for a confirmation took no room, and confirming read the state before it wrote, so
that two confirmations at once both went through.
Cal.com #23974: what one caller had reserved was not looked at when another one booked.
Cal.com #12922: a booking that had been moved could be moved again from where it once was, and then there were two.
ERPNext #38336: where three had room, every job that touched the new one was counted, not the most that run at one
moment, and what would have fitted was turned away.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

import pytest
from api_market import Market, at, booking, piece, until, wanted, work
from naive import CHECK_THEN_WRITE, HOLDS_IGNORED, OPEN, READ_THEN_CHANGE, SHUT, WAITING

from cloud.booking.audit import audit
from cloud.booking.bundle import BundleRequest
from cloud.booking.wire import Amendment, Booking, BookingRequest
from cloud.client import ApiError, Client


def both(market: Any, who: str, times: int) -> list[Client]:
    """So many callers, by turns at the one worker and at the other."""
    return [(market.clients, market.others)[number % 2][who] for number in range(times)]


async def at_once(calls: list[Awaitable[Booking]]) -> tuple[list[Booking], list[str]]:
    """Who got it, and what the others were told."""
    answers = await asyncio.gather(*calls, return_exceptions=True)
    told = [answer for answer in answers if not isinstance(answer, Booking)]
    for each in told:
        if not isinstance(each, ApiError):
            raise each
    return [one for one in answers if isinstance(one, Booking)], [
        each.code for each in told if isinstance(each, ApiError)
    ]


async def raced(market: Market, calls: list[Awaitable[Booking]]) -> tuple[list[Booking], list[str]]:
    """The same where a gate is in the way: it is opened when two have looked, and neither has written."""
    async with market.owner.acquire() as gate:
        await gate.execute(SHUT)
        racing = asyncio.create_task(at_once(calls))

        async def two_wait() -> bool:
            return bool(await market.owner.fetchval(WAITING) >= 2)

        await until(two_wait, within=60)
        await gate.execute(OPEN)
        return await racing


async def test_calcom_13397_ten_equal_bookings_at_one_moment(market: Market) -> None:
    service_id, _ = await market.offer()
    won, told = await at_once([client.book(booking(service_id, 10, 11)) for client in both(market, "buyer", 10)])
    assert (len(won), set(told)) == (1, {"capacity.insufficient"})
    assert await audit(market.owner) == []


async def test_control_calcom_13397(market: Market) -> None:
    service_id, _ = await market.offer()
    await market.owner.execute(CHECK_THEN_WRITE)
    won, _ = await raced(market, [client.book(booking(service_id, 10, 11)) for client in both(market, "buyer", 10)])
    assert len(won) > 1
    assert await audit(market.owner) != []


@dataclass(frozen=True)
class Confirmed:
    won: int
    told: set[str]
    orders: int


async def confirmed(market: Market, *, naively: bool = False) -> Confirmed:
    service_id, _ = await market.offer(instant=False)
    asked = await market.clients["buyer"].book(booking(service_id, 10, 11))
    if naively:
        await market.owner.execute(READ_THEN_CHANGE)
    calls: list[Awaitable[Booking]] = [client.confirm(asked.id) for client in both(market, "maker", 8)]
    won, told = await (raced(market, calls) if naively else at_once(calls))
    orders = await market.owner.fetchval("SELECT count(*) FROM outgoing WHERE claim_id = $1", asked.id)
    return Confirmed(len(won), set(told), orders)


async def test_calcom_29958_a_request_is_confirmed_once_and_ordered_once(market: Market) -> None:
    assert await confirmed(market) == Confirmed(1, {"claim.state"}, 1)


async def test_control_calcom_29958(market: Market) -> None:
    naive = await confirmed(market, naively=True)
    assert naive.won > 1
    assert naive.orders > 1


async def test_calcom_29958_two_requests_for_one_hour_are_never_both_confirmed(market: Market) -> None:
    """A request takes its hour while it waits: so the second never gets as far as to be confirmed."""
    service_id, _ = await market.offer(instant=False)
    calls = [client.book(booking(service_id, 10, 11)) for who in ("buyer", "rival") for client in both(market, who, 4)]
    asked, told = await at_once(calls)
    assert (len(asked), set(told)) == (1, {"capacity.insufficient"})
    await market.clients["maker"].confirm(asked[0].id)
    assert await audit(market.owner) == []


async def test_calcom_29958_confirmed_declined_and_cancelled_at_one_moment_is_one_of_these(market: Market) -> None:
    service_id, _ = await market.offer(instant=False)
    maker, buyer = market.clients["maker"], market.clients["buyer"]
    for hour in range(10, 20):
        asked = await buyer.book(booking(service_id, hour, hour + 1))
        won, told = await at_once([maker.confirm(asked.id), maker.decline(asked.id), buyer.cancel(asked.id)])
        states = [one.state for one in (await buyer.booking(asked.id)).history]
        # A confirmed booking may still be cancelled; after anything else it is over.
        assert states in (
            ["REQUESTED", "DECLINED"],
            ["REQUESTED", "CANCELLED"],
            ["REQUESTED", "CONFIRMED", "CANCELLED"],
        ), f"{states}, {won}, {told}"
        assert len(won) == len(states) - 1


async def test_calcom_23974_a_held_hour_is_its_holders_whoever_books_at_that_moment(market: Market) -> None:
    service_id, _ = await market.offer()
    buyer = market.clients["buyer"]
    held = await buyer.hold(wanted(service_id, 10, 11))
    rivals = [client.book(booking(service_id, 10, 11)) for client in both(market, "rival", 8)]
    won, told = await at_once([*rivals, buyer.book(BookingRequest(hold_id=held.id, work=work()))])
    assert [one.hold_id for one in won] == [held.id]
    assert set(told) == {"capacity.insufficient"}


async def test_calcom_23974_a_hold_is_booked_once(market: Market) -> None:
    service_id, _ = await market.offer()
    held = await market.clients["buyer"].hold(wanted(service_id, 10, 11))
    redeemed = BookingRequest(hold_id=held.id, work=work())
    won, told = await at_once([client.book(redeemed) for client in both(market, "buyer", 8)])
    assert (len(won), set(told)) == (1, {"claim.state"})


async def test_control_calcom_23974(market: Market) -> None:
    """Holds that only those look at who made them."""
    service_id, _ = await market.offer()
    await market.clients["buyer"].hold(wanted(service_id, 10, 11))
    await market.owner.execute(HOLDS_IGNORED)
    assert (await market.clients["rival"].book(booking(service_id, 10, 11))).state == "CONFIRMED"
    assert await audit(market.owner) != []


async def test_calcom_12922_a_booking_that_many_move_at_once_is_in_one_place(market: Market) -> None:
    service_id, _ = await market.offer("maker", piece(10, 20))
    booked = await market.clients["buyer"].book(booking(service_id, 10, 11))
    hours = range(11, 19)
    moves = [
        client.amend(booked.id, Amendment(start=at(hour), end=at(hour + 1)))
        for hour, client in zip(hours, both(market, "buyer", len(hours)), strict=True)
    ]
    await at_once(moves)
    now = await market.clients["buyer"].booking(booked.id)
    live = await market.owner.fetchval("SELECT count(*) FROM claim WHERE live")
    assert live == 1
    free = [hour for hour in range(10, 20) if at(hour) != now.start]
    for hour in free:
        await market.clients["rival"].book(booking(service_id, hour, hour + 1))
    assert await audit(market.owner) == []


async def test_calcom_12922_two_bookings_that_move_to_one_hour_do_not_meet_there(market: Market) -> None:
    service_id, _ = await market.offer()
    buyer, rival = market.clients["buyer"], market.others["rival"]  # type: ignore[attr-defined]
    for hour in range(20, 30):
        one = await buyer.book(booking(service_id, 10, 11))
        other = await rival.book(booking(service_id, 12, 13))
        there = Amendment(start=at(hour), end=at(hour + 1))
        won, told = await at_once([buyer.amend(one.id, there), rival.amend(other.id, there)])
        assert (len(won), told) == (1, ["capacity.insufficient"])
        await asyncio.gather(buyer.cancel(one.id), rival.cancel(other.id))
    assert await audit(market.owner) == []


async def test_control_calcom_12922(market: Market) -> None:
    service_id, _ = await market.offer()
    buyer, rival = market.clients["buyer"], market.others["rival"]  # type: ignore[attr-defined]
    one, other = await buyer.book(booking(service_id, 10, 11)), await rival.book(booking(service_id, 12, 13))
    await market.owner.execute(CHECK_THEN_WRITE)
    there = Amendment(start=at(20), end=at(21))
    won, _ = await raced(market, [buyer.amend(one.id, there), rival.amend(other.id, there)])
    assert len(won) == 2
    assert await audit(market.owner) != []


async def test_erpnext_38336_room_is_counted_at_each_moment(market: Market) -> None:
    """Four short jobs in a row leave two of three units free all along, for exactly two long ones."""
    (machine_id,) = await market.plant("maker", "mill:3")
    await market.states(machine_id, piece(0, 48, quantity=3))
    service_id = await market.service("maker", machine_id)
    buyer = market.clients["buyer"]
    short, _ = await at_once([buyer.book(booking(service_id, hour, hour + 1)) for hour in range(10, 14)])
    assert len(short) == 4
    long, told = await at_once([client.book(booking(service_id, 10, 14)) for client in both(market, "rival", 8)])
    assert (len(long), set(told)) == (2, {"capacity.insufficient"})
    assert await audit(market.owner) == []


async def test_erpnext_38336_an_amendment_to_more_units_is_counted_without_its_own(market: Market) -> None:
    (machine_id,) = await market.plant("maker", "mill:3")
    await market.states(machine_id, piece(0, 48, quantity=3))
    service_id = await market.service("maker", machine_id)
    bookings = [await market.clients["buyer"].book(booking(service_id, 10, 14)) for _ in range(2)]
    clients = both(market, "buyer", 2)
    calls = [client.amend(one.id, Amendment(quantity=2)) for client, one in zip(clients, bookings, strict=True)]
    won, told = await at_once(calls)
    assert ([one.quantity for one in won], told) == ([2], ["capacity.insufficient"])
    assert await audit(market.owner) == []


@pytest.mark.parametrize("unlike", [1, 2])
async def test_two_bundles_that_want_each_others_machines_are_not_both_made_nor_stuck(
    market: Market, unlike: int
) -> None:
    first, _ = await market.offer("maker")
    second, _ = await market.offer("rival")
    clients = both(market, "buyer", 8)
    legs = [booking(first, 10, 11), booking(second, 10, 11)]
    orders = [legs if number % unlike == 0 else legs[::-1] for number in range(8)]
    calls = [client.book_bundle(BundleRequest(legs=tuple(o))) for client, o in zip(clients, orders, strict=True)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    refused = [answer.code for answer in answers if isinstance(answer, ApiError)]
    assert refused == ["bundle.refused"] * 7
    assert await market.owner.fetchval("SELECT count(*) FROM claim WHERE live") == 2
