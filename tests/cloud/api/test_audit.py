"""The audit trail over the API: who did what when to which object, for its own enterprise alone, and refusals."""

import asyncio

import asyncpg
import pytest
from api_market import START, at, booking, piece, until, wanted, work

from cloud.accounts.model import AccountRequest, LoginRequest
from cloud.accounts.roles import Role
from cloud.booking.wire import BookingRequest
from cloud.client import ApiError
from cloud.partners.model import KeyRequest, Scope


async def told(client, **which):
    return [(act.action, act.object_id) for act in (await client.audit(limit=200, **which)).items]


async def test_an_act_names_its_key_its_object_and_its_request(market):
    service_id, _ = await market.offer()
    buyer = market.clients["buyer"]
    made = await buyer.add_key(KeyRequest(name="night desk", scopes=frozenset(Scope)))
    async with market.client(made.key) as desk:
        booked = await desk.book(booking(service_id, 1, 2))
    (act,) = (await buyer.audit(object_id=booked.id)).items
    assert (act.by, act.key_id, act.key_name) == ("key", made.id, "night desk")
    assert (act.action, act.outcome, act.code) == ("booking.confirmed", "done", None)
    assert act.request_id is not None
    assert act.request_id.startswith("req_")
    assert act.at == booked.created_at


async def test_every_act_of_an_enterprise_is_there_the_newest_first(market):
    service_id, machine_id = await market.offer()
    maker, buyer = market.clients["maker"], market.clients["buyer"]
    held = await buyer.hold(wanted(service_id, 1, 2))
    await buyer.extend(held.id)
    booked = await buyer.book(BookingRequest(hold_id=held.id, work=work()))
    await buyer.cancel(booked.id)
    await maker.withdraw_service(service_id)
    await maker.add_partner(market.id("buyer"))
    made = await maker.add_key(KeyRequest(name="old", scopes=frozenset(Scope)))
    await maker.revoke_key(made.id)
    assert (await told(buyer))[:4] == [
        ("booking.cancelled", booked.id),
        ("booking.confirmed", booked.id),
        ("hold.extended", held.id),
        ("hold.held", held.id),
    ]
    assert (await told(maker))[:5] == [
        ("key.revoked", made.id),
        ("key.added", made.id),
        ("partner.added", market.id("buyer")),
        ("service.withdrawn", service_id),
        ("service.added", service_id),
    ]
    first = (await maker.audit(action="machine.added", object_id=machine_id)).items[0]
    assert first.by == "operator", "the test adds machines by hand"
    assert {act.at >= START for act in (await maker.audit()).items} == {True}


async def test_pages_go_back_without_a_gap(market):
    buyer = market.clients["buyer"]
    for number in range(5):
        await buyer.add_key(KeyRequest(name=f"key {number}", scopes=frozenset({Scope.READ})))
    whole = (await buyer.audit(limit=200)).items
    found, cursor = [], None
    while True:
        page = await buyer.audit(limit=2, cursor=cursor)
        found += page.items
        if (cursor := page.next_cursor) is None:
            break
    assert tuple(found) == whole
    assert len({act.id for act in found}) == len(found)


async def test_filters_by_time_actor_and_outcome(market):
    buyer = market.clients["buyer"]
    made = await buyer.add_key(KeyRequest(name="other", scopes=frozenset(Scope)))
    async with market.client(made.key) as other:
        await other.add_key(KeyRequest(name="third", scopes=frozenset(Scope)))
    assert [act.key_id for act in (await buyer.audit(actor=made.id)).items] == [made.id]
    moment = (await buyer.audit(actor=made.id)).items[0].at
    assert moment in {act.at for act in (await buyer.audit(since=moment)).items}
    assert moment not in {act.at for act in (await buyer.audit(until=moment)).items}
    assert (await buyer.audit(since=at(100))).items == ()
    assert (await buyer.audit(outcome="refused")).items == ()


async def test_nobody_sees_another_enterprises_acts_nor_who_acted_on_the_other_side(market):
    service_id, _ = await market.offer(instant=False)
    booked = await market.clients["buyer"].book(booking(service_id, 1, 2))
    await market.clients["maker"].confirm(booked.id)
    assert await told(market.clients["buyer"], object_id=booked.id) == [("booking.requested", booked.id)]
    assert await told(market.clients["maker"], object_id=booked.id) == [("booking.confirmed", booked.id)]
    assert await told(market.clients["rival"], object_id=booked.id) == []


async def test_the_trail_is_for_administrators(market):
    made = await market.clients["buyer"].add_key(KeyRequest(name="reader", scopes=frozenset({Scope.READ})))
    async with market.client(made.key) as reader:
        with pytest.raises(ApiError) as refusal:
            await reader.audit()
    assert refusal.value.code == "auth.scope"


async def test_what_is_refused_for_lack_of_a_scope_is_one_line_with_a_count(market):
    buyer = market.clients["buyer"]
    made = await buyer.add_key(KeyRequest(name="reader", scopes=frozenset({Scope.READ})))
    async with market.client(made.key) as reader:
        for _ in range(20):
            with pytest.raises(ApiError):
                await reader.keys()

    async def written():
        return (await buyer.audit(outcome="refused")).items

    await until(written, within=30)
    lines = await written()
    assert len(lines) <= 3
    assert sum(line.times for line in lines) == 20
    assert {(line.action, line.code, line.key_id) for line in lines} == {("GET /v1/keys", "auth.scope", made.id)}


async def test_a_revoked_key_that_is_used_again_is_told(market):
    buyer = market.clients["buyer"]
    made = await buyer.add_key(KeyRequest(name="lost", scopes=frozenset({Scope.READ})))
    await buyer.revoke_key(made.id)
    async with market.client(made.key) as thief:
        with pytest.raises(ApiError) as refusal:
            await thief.machines()
    assert refusal.value.code == "auth.invalid"

    async def written():
        return (await buyer.audit(outcome="refused", actor=made.id)).items

    await until(written, within=30)
    assert (await written())[0].code == "auth.invalid"


async def test_what_only_the_other_side_may_do_is_told(market):
    service_id, _ = await market.offer(instant=False)
    buyer = market.clients["buyer"]
    booked = await buyer.book(booking(service_id, 1, 2))
    with pytest.raises(ApiError) as refusal:
        await buyer.confirm(booked.id)
    assert refusal.value.code == "booking.provider_only"

    async def written():
        return (await buyer.audit(outcome="refused")).items

    await until(written, within=30)
    assert (await written())[0].action == "POST /v1/bookings/{booking_id}/confirm"


async def test_a_repeated_call_is_no_second_act(market):
    service_id, _ = await market.offer()
    buyer = market.clients["buyer"]
    booked = await buyer.book(booking(service_id, 1, 2), key="same")
    assert (await buyer.book(booking(service_id, 1, 2), key="same")).id == booked.id
    assert len((await buyer.audit(object_id=booked.id)).items) == 1


async def test_a_refused_booking_leaves_no_line(market):
    service_id, _ = await market.offer("maker", piece(0, 1))
    buyer = market.clients["buyer"]
    before = await told(buyer)
    with pytest.raises(ApiError):
        await buyer.book(booking(service_id, 5, 6))
    await asyncio.sleep(0)
    assert await told(buyer) == before


async def test_the_apis_own_role_reads_its_tenants_lines_and_writes_or_changes_none(market, database):
    connection = await asyncpg.connect(database.api_dsn)
    try:
        async with connection.transaction():
            await connection.execute("SELECT set_config('ts.tenant', $1, true)", market.id("buyer"))
            seen = await connection.fetch("SELECT DISTINCT enterprise_id FROM audit")
            assert [row["enterprise_id"] for row in seen] == [market.id("buyer")]
        for forged in (
            "INSERT INTO audit (at, enterprise_id, source, action) VALUES (now(), 'ent_x', 'api', 'nothing')",
            "UPDATE audit SET action = 'nothing'",
            "DELETE FROM audit",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(forged)
    finally:
        await connection.close()
    with pytest.raises(asyncpg.PostgresError) as caught:
        await market.owner.execute("DELETE FROM audit")
    assert caught.value.sqlstate == "TS002", "not even the owner's"


async def test_who_logs_in_acts_from_then_on(market):
    maker = market.clients["maker"]
    await maker.add_account(AccountRequest(name="ada", role=Role.ADMIN, password="a long enough one"))
    session = await maker.log_in(LoginRequest(name="ada", password="a long enough one"))
    async with market.client(session.access_token) as ada:
        made = await ada.add_key(KeyRequest(name="hers", scopes=frozenset({Scope.READ})))
        login, added = [(await ada.audit(action=action)).items[0] for action in ("login.added", "key.added")]
    assert (login.by, added.by, added.object_id, added.key_id) == ("account", "account", made.id, None)
    assert login.account_id == added.account_id is not None
