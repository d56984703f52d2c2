"""Alliances: consent of all, a pool that members alone see, and what it earned split by their shares."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from api_agreements import refused
from api_market import Market, at, booking, need
from hypothesis import given
from hypothesis import strategies as st

from cloud.cooperation.alliance import Alliance, AllianceRequest, Seat, split


def plan(market: Market, **shares: float) -> AllianceRequest:
    seats = tuple(Seat(id=market.id(name), share=share) for name, share in shares.items())
    return AllianceRequest(name="northern mills", members=seats, shows="states")


async def allied(market: Market, shows: Any = "services") -> Alliance:
    """Maker and buyer, 3 to 1; the rival stays outside."""
    founded = await market.clients["maker"].found_alliance(plan(market, maker=0.75, buyer=0.25))
    return await market.clients["buyer"].join_alliance(founded.id, shows)


@given(st.decimals(0, 10**9, places=2), st.lists(st.integers(0, 100), min_size=2, max_size=8).filter(sum))
def test_parts_add_up_to_the_total_and_lie_within_a_cent_of_their_share(total: Decimal, weights: list[int]) -> None:
    shares = [round(weight / sum(weights), 6) for weight in weights]
    shares[0] = round(shares[0] + 1 - sum(shares), 6)
    parts = split(total, shares)
    assert sum(parts) == total
    for part, share in zip(parts, shares, strict=True):
        assert abs(part - total * Decimal(str(share))) <= Decimal("0.02")


def test_thirds_of_a_euro() -> None:
    assert split(Decimal("1.00"), [0.333333, 0.333333, 0.333334]) == [*map(Decimal, ("0.33", "0.33", "0.34"))]


async def test_it_is_in_force_once_all_have_joined(market: Market) -> None:
    maker, buyer = market.clients["maker"], market.clients["buyer"]
    founded = await maker.found_alliance(plan(market, maker=0.75, buyer=0.25))
    assert (founded.state, founded.mine) == ("FORMING", "JOINED")
    assert (await buyer.alliance(founded.id)).mine == "INVITED"
    joined = await buyer.join_alliance(founded.id, "capacity")
    assert (joined.state, joined.mine) == ("ACTIVE", "JOINED")
    assert [(one.name, one.share, one.shows) for one in joined.members] == [
        ("buyer", 0.25, "capacity"),
        ("maker", 0.75, "states"),
    ]
    assert (await buyer.join_alliance(founded.id, "services")).members[0].shows == "services"


async def test_who_declines_ends_it_and_sees_no_more_of_it(market: Market) -> None:
    maker, buyer = market.clients["maker"], market.clients["buyer"]
    founded = await maker.found_alliance(plan(market, maker=0.5, buyer=0.5))
    await buyer.decline_alliance(founded.id, "too small a share")
    after = await maker.alliance(founded.id)
    assert (after.state, after.reason) == ("ENDED", "too small a share")
    assert await buyer.alliances() == []
    assert (await refused(buyer.join_alliance(founded.id))).code == "alliance.unknown"


async def test_who_leaves_ends_it_for_the_shares_were_agreed_by_all(market: Market) -> None:
    alliance = await allied(market)
    left = await market.clients["buyer"].leave_alliance(alliance.id, "sold")
    assert (left.state, left.mine) == ("ENDED", "LEFT")
    assert (await refused(market.clients["maker"].join_alliance(alliance.id))).code == "alliance.state"


async def test_shares_make_one_and_the_founder_is_a_member(market: Market) -> None:
    with pytest.raises(ValueError, match="do not make 1"):
        plan(market, maker=0.5, buyer=0.4)
    assert (await refused(market.clients["rival"].found_alliance(plan(market, maker=0.5, buyer=0.5)))).code == (
        "alliance.founder"
    )


async def test_members_see_find_and_book_what_is_pooled_and_nobody_else_does(market: Market) -> None:
    _, machine_id = await market.offer("maker", visibility="internal")
    hidden = await market.service("maker", machine_id, name="five axes", visibility="internal")
    alliance = await allied(market)
    buyer, rival = market.clients["buyer"], market.clients["rival"]
    assert (await refused(buyer.book(booking(hidden, 1, 2)))).code == "service.unknown"
    assert (await buyer.search(need(0, 48))).items == ()
    await market.clients["maker"].pool_service(alliance.id, hidden)
    await market.clients["maker"].pool_service(alliance.id, hidden)
    assert [one.service_name for one in (await buyer.pool(alliance.id)).items] == ["five axes"]
    assert [one.service_id for one in (await buyer.search(need(0, 48))).items] == [hidden]
    assert (await buyer.book(booking(hidden, 1, 2))).state == "CONFIRMED"
    assert (await rival.search(need(0, 48))).items == ()
    assert (await refused(rival.book(booking(hidden, 3, 4)))).code == "service.unknown"
    await market.clients["maker"].unpool_service(alliance.id, hidden)
    assert (await buyer.pool(alliance.id)).items == ()
    assert (await refused(buyer.book(booking(hidden, 3, 4)))).code == "service.unknown"


async def test_an_alliance_that_is_not_in_force_opens_nothing(market: Market) -> None:
    hidden, _ = await market.offer("maker", visibility="internal")
    maker, buyer = market.clients["maker"], market.clients["buyer"]
    founded = await maker.found_alliance(plan(market, maker=0.5, buyer=0.5))
    await maker.pool_service(founded.id, hidden)
    assert (await buyer.pool(founded.id)).items == ()
    assert (await refused(buyer.book(booking(hidden, 1, 2)))).code == "service.unknown"
    await buyer.join_alliance(founded.id)
    assert len((await buyer.pool(founded.id)).items) == 1
    await maker.leave_alliance(founded.id)
    assert (await refused(buyer.book(booking(hidden, 1, 2)))).code == "service.unknown"


async def test_nobody_sees_the_others_pool_before_it_is_in_force_or_once_it_has_ended(market: Market) -> None:
    service_id, _ = await market.offer("maker")
    maker, buyer, rival = (market.clients[name] for name in ("maker", "buyer", "rival"))
    founded = await maker.found_alliance(plan(market, maker=0.5, buyer=0.25, rival=0.25))
    await maker.pool_service(founded.id, service_id)
    await buyer.join_alliance(founded.id)
    assert (await buyer.pool(founded.id)).items == ()
    assert len((await maker.pool(founded.id)).items) == 1
    await rival.join_alliance(founded.id)
    assert len((await buyer.pool(founded.id)).items) == 1
    await rival.leave_alliance(founded.id)
    assert (await buyer.pool(founded.id)).items == ()


@pytest.mark.parametrize(
    ("shows", "hours", "machines"), [("services", None, None), ("capacity", 48, None), ("states", 48, ["m1"])]
)
async def test_each_member_shows_as_much_as_it_said(
    market: Market, shows: Any, hours: float | None, machines: list[str] | None
) -> None:
    service_id, _ = await market.offer("buyer")
    alliance = await allied(market, shows)
    await market.clients["buyer"].pool_service(alliance.id, service_id)
    (seen,) = (await market.clients["maker"].pool(alliance.id)).items
    assert seen.free_hours == (pytest.approx(hours, abs=0.1) if hours else None)
    assert ([one.name for one in seen.machines] if seen.machines is not None else None) == machines
    (own,) = (await market.clients["buyer"].pool(alliance.id)).items
    assert own.machines is not None


async def test_what_the_pool_earned_is_split_by_shares(market: Market, pool_owner: Any) -> None:
    service_id, _ = await market.offer("maker")
    other_id, _ = await market.offer("buyer")
    rival = market.clients["rival"]
    before = await rival.book(booking(service_id, 10, 11))
    alliance = await allied(market)
    await market.clients["maker"].pool_service(alliance.id, service_id)
    await market.clients["buyer"].pool_service(alliance.id, other_id)
    sold = [await rival.book(booking(service_id, 1, 3)), await rival.book(booking(other_id, 1, 2))]
    await market.clients["maker"].book(booking(service_id, 5, 6))
    await pool_owner.execute("ALTER TABLE claim DISABLE TRIGGER claim_moved")
    await pool_owner.execute(
        "UPDATE claim SET state = CASE id WHEN $1 THEN 'SETTLED' ELSE 'METERED' END, meter = '{}',"
        " settlement = jsonb_build_object('due', price_amount::text), created_at = $2,"
        " span = tstzrange(lower(span) - interval '40 hours', upper(span) - interval '40 hours')",
        *(sold[0].id, alliance.created_at + timedelta(minutes=1)),
    )
    await pool_owner.execute("UPDATE claim SET created_at = $2 WHERE id = $1", before.id, at(-1))
    told = (await market.clients["buyer"].revenue(alliance.id)).items
    assert [(one.enterprise_name, one.earned.amount, one.due.amount, one.balance.amount) for one in told] == [
        ("buyer", 60, 45, -15),
        ("maker", 120, 135, 15),
    ]
    assert [(one.bookings, one.open) for one in told] == [(1, 1), (1, 0)]


async def test_nobody_else_sees_it_or_learns_that_it_is_there(market: Market, pool_api: Any) -> None:
    own, _ = await market.offer("rival")
    alliance, rival = await allied(market), market.clients["rival"]
    assert await rival.alliances() == []
    for call in (
        *(rival.alliance, rival.pool, rival.revenue, rival.join_alliance, rival.leave_alliance),
        *(rival.decline_alliance, lambda name: rival.pool_service(name, own)),
    ):
        foreign, unknown = await refused(call(alliance.id)), await refused(call("aln_none"))
        assert (foreign.status, foreign.code, foreign.facts["detail"]) == (404, unknown.code, unknown.facts["detail"])
    for name, count in (("maker", 1), ("buyer", 1), ("rival", 0)):
        async with pool_api.acquire() as connection, connection.transaction():
            await connection.execute("SELECT set_config('ts.tenant', $1, true)", market.id(name))
            assert await connection.fetchval("SELECT count(*) FROM alliance") == count
            assert await connection.fetchval("SELECT count(*) FROM alliance_member") == 2 * count
