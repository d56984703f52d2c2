"""Waiting for hours to come free: first in line, first served, and nobody is kept waiting by who does not book."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from api_market import START, Market, at, booking, piece
from structlog.testing import capture_logs

from cloud.booking.audit import audit
from cloud.booking.wire import BookingRequest, Work
from cloud.client import ApiError
from cloud.waiting.model import Waiting, WaitingRequest
from cloud.waiting.store import serve

Round = Callable[..., Awaitable[int]]
WORK = Work(work_master="bracket", quantity=1)


def wish(service_id: str, start: float, end: float, hours: float = 1, **more: Any) -> WaitingRequest:
    duration = timedelta(hours=hours)
    return WaitingRequest(service_id=service_id, start=at(start), end=at(end), duration=duration, **more)


@pytest.fixture
def line(market: Market) -> Round:
    """One round along the line, so many seconds after START."""

    async def go(seconds: float = 1.0) -> int:
        now = START + timedelta(seconds=seconds)
        return await serve(market.ingest, now, timedelta(minutes=15), timedelta(seconds=30))

    return go


async def place(market: Market, who: str) -> Waiting:
    (found,) = await market.clients[who].waiting()
    return found


async def test_who_waits_for_what_no_hold_could_cost_keeps_nobody_else_waiting(market: Market) -> None:
    service_id, _ = await market.offer("maker", piece(0, 48))
    dear, _ = await market.offer("rival", piece(0, 48))
    await market.owner.execute("UPDATE service SET price_amount = 99999999999999 WHERE id = $1", dear)
    await market.clients["maker"].wait(wish(dear, 8, 34, 20))
    await market.clients["buyer"].wait(wish(service_id, 8, 14, 2))
    doubtful: set[str] = set()
    for wait in (1, 40):
        now = START + timedelta(seconds=wait)
        with capture_logs() as said:
            served = await serve(market.ingest, now, timedelta(minutes=15), timedelta(seconds=30), doubtful)
        assert (served, len(said)) == ((1, 1) if wait == 1 else (0, 0)), "said once"
    assert (await place(market, "buyer")).state == "OFFERED"
    assert (await place(market, "maker")).state == "WAITING"


async def test_what_comes_free_is_held_for_whoever_waited_and_told(market: Market, line: Round) -> None:
    service_id, machine_id = await market.offer("maker", piece(10, 12))
    taken = await market.clients["rival"].book(booking(service_id, 10, 12))
    buyer = market.clients["buyer"]
    waits = await buyer.wait(wish(service_id, 8, 14, 2))
    assert (waits.state, waits.hold_id, waits.duration) == ("WAITING", None, timedelta(hours=2))
    assert await line() == 0
    await market.clients["rival"].cancel(taken.id)
    assert await line(2) == 1
    offered = await place(market, "buyer")
    held = await buyer.read_hold(offered.hold_id or "")
    assert (offered.state, held.machine_id, held.start, held.end) == ("OFFERED", machine_id, at(10), at(12))
    told = await market.owner.fetch(
        "SELECT data FROM event WHERE enterprise_id = $1 AND type = 'waiting.changed'", market.id("buyer")
    )
    assert [row["data"]["state"] for row in told] == ["OFFERED"]
    await buyer.book(BookingRequest(hold_id=held.id, work=WORK))
    assert await line(3) == 1
    assert (await place(market, "buyer")).state == "TAKEN"
    assert await audit(market.owner) == []


async def test_who_does_not_book_in_time_makes_way_for_the_next(market: Market, line: Round) -> None:
    service_id, _ = await market.offer("maker", piece(10, 12))
    taken = await market.clients["maker"].book(booking(service_id, 10, 12))
    for who in ("rival", "buyer"):
        await market.clients[who].wait(wish(service_id, 10, 12, 2))
    await line()
    await market.clients["maker"].cancel(taken.id)
    assert await line(2) == 1
    assert [(await place(market, who)).state for who in ("rival", "buyer")] == ["OFFERED", "WAITING"]
    await line(2 + 15 * 60 + 1)
    await line(2 + 15 * 60 + 2)
    assert [(await place(market, who)).state for who in ("rival", "buyer")] == ["LAPSED", "OFFERED"]


async def test_the_first_whose_wish_fits_is_served_not_only_the_first(market: Market, line: Round) -> None:
    (machine_id,) = await market.plant("maker", "pool:5")
    service_id = await market.service("maker", machine_id)
    await market.clients["rival"].wait(wish(service_id, 10, 12, 2, quantity=4))
    await market.clients["buyer"].wait(wish(service_id, 10, 12, 1, quantity=2))
    await market.states(machine_id, piece(10, 12, quantity=3))
    assert await line() == 1
    assert [(await place(market, who)).state for who in ("rival", "buyer")] == ["WAITING", "OFFERED"]


async def test_leaving_the_line_lets_go_of_what_was_held(market: Market, line: Round) -> None:
    service_id, _ = await market.offer("maker", piece(10, 12))
    buyer = market.clients["buyer"]
    waits = await buyer.wait(wish(service_id, 10, 12, 2))
    await line()
    for _ in range(2):
        await buyer.leave(waits.id)
    assert (await place(market, "buyer")).state == "LEFT"
    assert (await market.clients["rival"].book(booking(service_id, 10, 12))).state == "CONFIRMED"


async def test_a_wish_whose_time_is_over_expires(market: Market, line: Round) -> None:
    service_id, _ = await market.offer("maker", piece(20, 22))
    await market.clients["buyer"].wait(wish(service_id, 2, 4))
    assert await line(3.5 * 3600) == 1
    assert (await place(market, "buyer")).state == "EXPIRED"


async def test_nothing_new_is_not_looked_at_again_until_it_is_time(market: Market, line: Round) -> None:
    service_id, _ = await market.offer("maker", piece(20, 22))
    await market.clients["buyer"].wait(wish(service_id, 2, 4))
    await line(1)
    due = "SELECT count(*) FROM ts_in_line(10, '30 seconds', $1)"
    assert await market.owner.fetchval(due, START + timedelta(seconds=2)) == 0
    assert await market.owner.fetchval(due, START + timedelta(seconds=32)) == 1


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("service.unknown", {"service_id": "svc_none"}),
        ("machine.unknown", {"machine_id": "mch_none"}),
        ("duration.too_long", {"duration": timedelta(hours=5)}),
        ("notice.too_short", {"start": at(-5), "end": at(-1)}),
    ],
)
async def test_a_wish_that_can_never_come_true_is_refused(market: Market, code: str, change: dict[str, Any]) -> None:
    service_id, _ = await market.offer(max_duration=timedelta(hours=4))
    asked = wish(service_id, 10, 20).model_copy(update=change)
    with pytest.raises(ApiError) as caught:
        await market.clients["buyer"].wait(asked)
    assert caught.value.code == code


async def test_an_enterprise_can_not_fill_the_line_alone(market: Market) -> None:
    service_id, _ = await market.offer()
    buyer = market.clients["buyer"]
    first = await buyer.wait(wish(service_id, 10, 20))
    await market.owner.execute(
        "INSERT INTO waiting (id, booker_id, service_id, span, duration, quantity, state, created_at)"
        " SELECT 'wtg_' || n, booker_id, service_id, span, duration, quantity, state, created_at"
        " FROM waiting, generate_series(1, 99) AS n"
    )
    with pytest.raises(ApiError) as caught:
        await buyer.wait(wish(service_id, 10, 20))
    assert caught.value.code == "waiting.too_many"
    await buyer.leave(first.id)
    await buyer.wait(wish(service_id, 10, 20))
