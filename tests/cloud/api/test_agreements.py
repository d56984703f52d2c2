"""Agreements: proposed by one side, answered by the other, ended by either or by time, seen by nobody else."""

from datetime import timedelta
from typing import Any

import pytest
from api_agreements import agree, refused, terms
from api_market import Market, at, booking, wanted, work

from cloud.booking.wire import BookingRequest
from cloud.cooperation.states import TABLES
from cloud.cooperation.store import end
from cloud.partners.model import KeyRequest, Scope
from cloud.waiting.model import WaitingRequest
from cloud.waiting.store import serve
from gateway.money import Money


async def test_the_guard_in_the_database_is_the_table_of_the_states(pool_owner: Any) -> None:
    rows = await pool_owner.fetch("SELECT kind, from_state, to_state FROM legal_move WHERE kind <> 'claim'")
    moves = {
        (kind, str(one), str(to)) for kind, table in TABLES.items() for one, targets in table.items() for to in targets
    }
    assert {tuple(row) for row in rows} == moves


async def test_control_the_guard_stops_an_illegal_move(market: Market, pool_owner: Any) -> None:
    service_id, _ = await market.offer("maker")
    agreement = await agree(market, service_id)
    with pytest.raises(Exception, match="can't go from ACTIVE to PROPOSED"):
        await pool_owner.execute("UPDATE agreement SET state = 'PROPOSED' WHERE id = $1", agreement.id)


async def test_one_side_proposes_and_the_other_accepts(market: Market) -> None:
    service_id, _ = await market.offer("maker")
    maker, buyer = market.clients["maker"], market.clients["buyer"]
    proposed = await maker.propose(terms(market.id("buyer"), service_id))
    assert (proposed.state, proposed.role, proposed.provider_name, proposed.booker_name) == (
        *("PROPOSED", "provider"),
        *("maker", "buyer"),
    )
    assert (await refused(maker.accept_agreement(proposed.id))).code == "agreement.other_side"
    seen = await buyer.agreement(proposed.id)
    assert (seen.role, seen.services[0].name, seen.current) == ("booker", "milling", None)
    accepted = await buyer.accept_agreement(proposed.id)
    assert accepted.state == "ACTIVE"
    assert (await refused(buyer.decline_agreement(proposed.id))).code == "agreement.state"
    assert [one.id for one in await maker.agreements(state="ACTIVE")] == [proposed.id]
    assert await maker.agreements(state="PROPOSED") == []


async def test_the_booker_may_propose_what_it_may_see_and_only_that(market: Market) -> None:
    service_id, machine_id = await market.offer("maker")
    hidden = await market.service("maker", machine_id, visibility="internal")
    buyer = market.clients["buyer"]
    asked = terms(market.id("maker"), service_id, role="booker")
    proposed = await buyer.propose(asked)
    assert (proposed.role, proposed.provider_id) == ("booker", market.id("maker"))
    for odd in (hidden, "svc_none"):
        assert (await refused(buyer.propose(terms(market.id("maker"), odd, role="booker")))).code == "service.unknown"
    assert (await refused(buyer.propose(terms("ent_none", service_id, role="booker")))).code == "not_found"
    assert (await market.clients["maker"].decline_agreement(proposed.id, "too cheap")).reason == "too cheap"


async def test_a_rate_is_in_the_services_currency(market: Market) -> None:
    service_id, _ = await market.offer("maker")
    odd = terms(market.id("buyer"), service_id, rate=Money(amount="40", currency="CNY"))
    assert (await refused(market.clients["maker"].propose(odd))).code == "agreement.currency"


async def test_a_key_acts_on_the_side_that_its_scopes_allow(market: Market) -> None:
    service_id, _ = await market.offer("maker")
    key = await market.clients["maker"].add_key(KeyRequest(name="b", scopes=frozenset({Scope.READ, Scope.BOOK})))
    booking_only = market.client(key.key)
    error = await refused(booking_only.propose(terms(market.id("buyer"), service_id)))
    assert (error.code, error.facts["scope"]) == ("auth.scope", "provide")
    await booking_only.close()


async def test_ending_it_leaves_what_was_called_off(market: Market) -> None:
    service_id, _ = await market.offer("maker")
    agreement, buyer = await agree(market, service_id), market.clients["buyer"]
    held = await buyer.hold(wanted(service_id, 1, 2, agreement_id=agreement.id))
    ended = await buyer.end_agreement(agreement.id, "enough")
    assert (ended.state, ended.reason) == ("TERMINATED", "enough")
    assert (await buyer.book(BookingRequest(hold_id=held.id, work=work()))).price.amount == 40


async def test_it_ends_by_business_time_and_both_sides_are_told(market: Market, app: Any, pool_owner: Any) -> None:
    service_id, _ = await market.offer("maker")
    agreement = await agree(market, service_id, end=at(30))
    assert await end(app.state.desk.pool, at(29)) == 0
    assert await end(app.state.desk.pool, at(30)) == 1
    assert (await market.clients["maker"].agreement(agreement.id)).state == "ENDED"
    told = await pool_owner.fetch(
        "SELECT enterprise_id, data ->> 'state' AS state FROM event WHERE type = 'agreement.changed' ORDER BY seq"
    )
    parties = {market.id("maker"), market.id("buyer")}
    assert {(row["enterprise_id"], row["state"]) for row in told} == {
        (party, state) for party in parties for state in ("PROPOSED", "ACTIVE", "ENDED")
    }


async def test_nobody_else_sees_it_or_learns_that_it_is_there(market: Market) -> None:
    service_id, _ = await market.offer("maker")
    agreement, rival = await agree(market, service_id), market.clients["rival"]
    assert await rival.agreements() == []
    for call in (rival.agreement, rival.usage, rival.accept_agreement, rival.end_agreement):
        foreign, unknown = await refused(call(agreement.id)), await refused(call("agr_none"))
        assert (foreign.status, foreign.code, foreign.facts["detail"]) == (404, unknown.code, unknown.facts["detail"])


async def test_row_level_security_stands_behind_it(market: Market, pool_api: Any, pool_owner: Any) -> None:
    service_id, _ = await market.offer("maker")
    await agree(market, service_id)
    for name, count in (("maker", 1), ("buyer", 1), ("rival", 0)):
        async with pool_api.acquire() as connection, connection.transaction():
            await connection.execute("SELECT set_config('ts.tenant', $1, true)", market.id(name))
            assert await connection.fetchval("SELECT count(*) FROM agreement") == count


async def test_a_repeated_proposal_is_the_same_one(market: Market) -> None:
    service_id, _ = await market.offer("maker")
    wish = terms(market.id("buyer"), service_id)
    one, two = [await market.clients["maker"].propose(wish, key="once") for _ in range(2)]
    assert one == two
    assert len(await market.clients["maker"].agreements()) == 1


async def test_who_agreed_on_a_priority_is_served_first_on_the_waiting_list(market: Market, pool_ingest: Any) -> None:
    service_id, _ = await market.offer("maker")
    maker, buyer, rival = (market.clients[name] for name in ("maker", "buyer", "rival"))
    blocking = await maker.book(booking(service_id, 0.5, 48))
    wish = WaitingRequest(service_id=service_id, start=at(1), end=at(3), duration=timedelta(hours=2))
    await rival.wait(wish)
    await buyer.wait(wish)
    await agree(market, service_id, priority=3)
    await maker.cancel(blocking.id)
    await serve(pool_ingest, at(0), timedelta(minutes=15), timedelta(seconds=0))
    assert ((await buyer.waiting())[0].state, (await rival.waiting())[0].state) == ("OFFERED", "WAITING")
