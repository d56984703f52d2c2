"""Holding and booking: what is admitted, what is refused and why, and who is told."""

from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest

from cloud.booking import store
from cloud.booking.explain import explain
from cloud.booking.model import Accepted, Refused, State
from gateway.messages import Order
from gateway.money import Money

MAKER, BUYER, RIVAL = "ent_maker", "ent_buyer", "ent_rival"


async def test_a_free_hour_is_booked_and_ordered_at_the_machine(world, hours):
    answer = await world.book("svc_a", hours(1, 2))
    assert isinstance(answer, Accepted)
    assert (answer.status, answer.claim.state, answer.claim.machine_id) == (201, State.CONFIRMED, "mch_a")
    (order,) = await world.orders()
    assert order == {
        "v": 1,
        "kind": "order",
        "booking": answer.claim.id,
        "revision": 1,
        "machine": "a",
        "start": "2026-03-02T07:00:00Z",
        "end": "2026-03-02T08:00:00Z",
        "not_after": "2026-03-02T07:15:00Z",
        "work_master": "bracket",
        "quantity": 10,
        "capacity": 1,
        "parameters": {},
    }


async def test_the_order_is_one_that_the_wire_contract_admits(world, hours):
    await world.book(
        "svc_a", hours(1, 2), work={"work_master": "m", "quantity": 3, "material": "steel", "parameters": {"f": 1}}
    )
    await world.book("svc_pool", hours(1, 2), quantity=4)
    orders = [Order.model_validate(order) for order in await world.orders()]
    assert [(order.quantity, order.material, order.capacity) for order in orders] == [(3, "steel", 1), (10, None, 4)]


async def test_the_order_carries_the_parameters_as_the_work_has_them(world, hours):
    said = {"speed": None, "feed": 0.25, "tool": "T1", "passes": 3}
    await world.book("svc_a", hours(1, 2), work={"work_master": "m", "quantity": 3, "parameters": said})
    (order,) = await world.orders()
    assert order["parameters"] == said


async def test_both_sides_are_told_once(world, hours):
    answer = await world.book("svc_a", hours(1, 2))
    for who in (MAKER, BUYER):
        assert [(told["id"], told["state"]) for told in await world.told(who)] == [(answer.claim.id, "CONFIRMED")]
    assert await world.told(RIVAL) == []


async def test_whoever_books_with_itself_is_told_once(world, hours):
    await world.book("svc_a", hours(1, 2), who=MAKER)
    assert len(await world.told(MAKER)) == 1


async def test_a_taken_hour_is_refused_with_what_is_left_and_what_would_do(world, hours):
    await world.book("svc_a", hours(1, 3))
    answer = await world.book("svc_a", hours(2, 4), who=RIVAL)
    assert answer == Refused(
        "capacity.insufficient",
        409,
        {
            "span": {"start": "2026-03-02T08:00:00Z", "end": "2026-03-02T09:00:00Z"},
            "left": 0,
            "asked": 1,
            "nearest": {"machine_id": "mch_a", "start": "2026-03-02T09:00:00Z", "end": "2026-03-02T11:00:00Z"},
        },
    )
    assert "2026-03-02T09:00:00Z to 2026-03-02T11:00:00Z would do" in explain(answer)


async def test_a_refusal_leaves_nothing_behind(world, hours):
    await world.states("mch_a")
    await world.book("svc_a", hours(2, 4), key="k", body_hash=b"1")
    for table in ("claim", "idempotency", "outgoing", "claim_history"):
        assert await world.owner.fetchval(f"SELECT count(*) FROM {table}") == 0, table  # noqa: S608 - from the list above


async def test_neighbours_share_a_boundary(world, hours):
    for span in (hours(1, 2), hours(2, 3), hours(0, 1)):
        assert isinstance(await world.book("svc_a", span), Accepted)


async def test_hours_that_the_plant_does_not_offer_are_refused_like_hours_that_are_taken(world, hours, piece):
    await world.states("mch_a", piece(0, 2), piece(2, 4, type="Unattainable", reason="maintenance"), piece(4, 48))
    answer = await world.book("svc_a", hours(1, 3))
    assert (answer.code, answer.facts["span"]["start"]) == ("capacity.insufficient", "2026-03-02T08:00:00Z")
    assert answer.facts["nearest"]["start"] == "2026-03-02T06:00:00Z"


@pytest.mark.parametrize("joined", [False, True])
async def test_a_refusal_names_the_whole_tight_stretch_in_however_many_pieces_it_is_offered(
    world, hours, piece, joined
):
    await world.book("svc_a", hours(1, 3))
    await world.book("svc_a", hours(3, 5))
    await world.states("mch_a", piece(2, 4), start=2, end=4)
    if joined:
        await world.states("mch_a", piece(4, 48), start=4)
    answer = await world.book("svc_a", hours(0, 6), who=RIVAL)
    assert answer.facts["span"] == {"start": "2026-03-02T07:00:00Z", "end": "2026-03-02T11:00:00Z"}


async def test_a_machine_without_any_statement_offers_nothing(world, hours):
    await world.machine("mute")
    await world.service("mute", "mch_mute")
    answer = await world.book("svc_mute", hours(1, 2))
    assert (answer.code, answer.facts["nearest"]) == ("capacity.insufficient", None)


async def test_capacity_that_is_not_sure_enough_is_refused_as_such(world, hours, piece):
    await world.service("sure", "mch_a", min_confidence=4)
    await world.states("mch_a", piece(0, 2, confidence=3), piece(2, 48, confidence=4))
    answer = await world.book("svc_sure", hours(1, 3))
    assert (answer.code, answer.facts["nearest"]["start"]) == ("confidence.too_low", "2026-03-02T08:00:00Z")
    assert isinstance(await world.book("svc_a", hours(1, 3)), Accepted)


@pytest.mark.parametrize(
    ("terms", "span", "code", "fact"),
    [
        pytest.param(
            {"notice": timedelta(hours=2)},
            (1, 2),
            "notice.too_short",
            {"earliest": "2026-03-02T08:00:00Z"},
            id="notice",
        ),
        pytest.param({}, (-1, 1), "notice.too_short", {"earliest": "2026-03-02T06:00:00Z"}, id="past"),
        pytest.param(
            {"min_duration": timedelta(hours=2)}, (1, 2), "duration.too_short", {"minimum_s": 7200.0}, id="short"
        ),
        pytest.param(
            {"max_duration": timedelta(hours=2)}, (1, 4), "duration.too_long", {"maximum_s": 7200.0}, id="long"
        ),
    ],
)
async def test_the_providers_terms_hold(world, hours, terms, span, code, fact):
    await world.service("strict", "mch_a", **terms)
    assert await world.book("svc_strict", hours(*span)) == Refused(code, 409, fact)
    assert await world.hold("svc_strict", hours(*span)) == Refused(code, 409, fact)


async def test_a_pool_is_a_number_and_the_peak_counts(world, hours):
    assert isinstance(await world.book("svc_pool", hours(0, 4), quantity=3), Accepted)
    assert isinstance(await world.book("svc_pool", hours(4, 8), quantity=3), Accepted)
    assert isinstance(await world.book("svc_pool", hours(2, 6), quantity=2), Accepted)
    answer = await world.book("svc_pool", hours(3, 5), quantity=1)
    assert (answer.code, answer.facts["left"]) == ("capacity.insufficient", 0)


async def test_without_a_machine_named_the_first_free_one_is_taken(world, hours):
    taken = [(await world.book("svc_either", hours(1, 2))).claim.machine_id for _ in range(2)]
    assert taken == ["mch_a", "mch_b"]
    assert (await world.book("svc_either", hours(1, 2))).code == "capacity.insufficient"


async def test_two_services_may_share_a_machine_but_not_its_hour(world, hours):
    await world.service("other", "mch_a")
    await world.book("svc_other", hours(1, 2))
    assert isinstance(await world.book("svc_a", hours(1, 2)), Refused)


async def test_a_machine_outside_the_service_is_unknown(world, hours):
    assert (await world.book("svc_a", hours(1, 2), machine="mch_b")).code == "machine.unknown"


@pytest.mark.parametrize(
    ("visibility", "partners", "seen"),
    [("open", [], True), ("internal", [], False), ("partners", [], False), ("partners", [BUYER], True)],
)
async def test_a_service_one_may_not_see_is_unknown_like_one_that_is_not_there(
    world, hours, visibility, partners, seen
):
    await world.service("shy", "mch_a", visibility=visibility)
    for partner in partners:
        await world.owner.execute("INSERT INTO partner VALUES ($1, $2, $3)", MAKER, partner, world.now)
    answer = await world.book("svc_shy", hours(1, 2))
    assert isinstance(answer, Accepted) if seen else answer == Refused("service.unknown", 404, {})
    assert await world.book("svc_none", hours(1, 2)) == Refused("service.unknown", 404, {})


async def test_a_work_master_outside_the_list_is_refused(world, hours):
    await world.service("picky", "mch_a", work_masters=["shaft"])
    answer = await world.book("svc_picky", hours(1, 2))
    assert answer == Refused("work.not_offered", 422, {"work_masters": ["shaft"]})


@pytest.mark.parametrize(
    ("start", "end", "price", "fee", "quantity", "total"),
    [
        pytest.param(0, 2, "60", "0", 1, "120.00", id="two hours"),
        pytest.param(0, 1 / 3, "85", "12.50", 1, "40.83", id="twenty minutes and a fee"),
        pytest.param(0, 1 / 4, "0.02", "0", 1, "0.01", id="half a cent rounds up"),
        pytest.param(0, 1 / 4, "0.10", "0", 1, "0.03", id="two and a half cents round up"),
        pytest.param(0, 1, "10", "5", 3, "35.00", id="three units and one fee"),
    ],
)
async def test_the_price_is_hours_times_rate_plus_fee(world, hours, start, end, price, fee, quantity, total):
    await world.service("priced", "mch_pool", price_amount=price, setup_fee_amount=fee)
    span = hours(start, end)
    claim = (await world.book("svc_priced", span, quantity=quantity)).claim
    assert claim.price == Money(amount=Decimal(total), currency="EUR")
    worth = Decimal(price) * quantity * Decimal(span.duration / timedelta(seconds=1)) / 3600 + Decimal(fee)
    assert claim.price == Money(amount=Decimal(1), currency="EUR").times(worth)


async def test_sql_and_money_agree_on_any_price(world):
    dice = Random(7)
    for _ in range(300):
        rate, fee, each = (Decimal(dice.randrange(10**6)).scaleb(-dice.randrange(5)) for _ in range(3))
        seconds, quantity = dice.choice([450, 900, 1800, dice.randrange(1, 10**6)]), dice.randrange(1, 4)
        units = dice.choice([0, 1, dice.randrange(1, 5000)])
        asked = await world.owner.fetchval(
            "SELECT ts_price(jsonb_populate_record(NULL::service, $1), tstzrange($2, $3), $4, $5)",
            {"price_amount": str(rate), "setup_fee_amount": str(fee), "unit_price": str(each)},
            world.now,
            world.now + timedelta(seconds=seconds),
            quantity,
            units,
        )
        worth = rate * quantity * seconds / 3600 + each * units + fee
        assert Money(amount=asked, currency="EUR") == Money(amount=Decimal(1), currency="EUR").times(worth)


async def test_an_instant_service_asks_the_provider_when_the_lease_is_over(world, hours, piece):
    await world.states("mch_a", piece(0, 48), lease=1)
    world.now += timedelta(hours=1)
    claim = (await world.book("svc_a", hours(2, 3))).claim
    assert (claim.state, claim.expires_at) == (State.REQUESTED, hours(2, 3).start)
    assert await world.orders() == []


async def test_an_instant_service_asks_the_provider_when_the_machine_was_not_heard_of(world, hours):
    stale = world.now + timedelta(seconds=1)
    wish = store.Wish("svc_a", hours(1, 2))
    answer = await store.book(world.api, world.caller(fresh_after=stale), "bkg_x", wish, {"work_master": "m"})
    assert answer.claim.state is State.REQUESTED
    wish = store.Wish("svc_a", hours(2, 3))
    fresh = world.caller(fresh_after=world.now - timedelta(seconds=1))
    assert (await store.book(world.api, fresh, "bkg_y", wish, {"work_master": "m"})).claim.state is State.CONFIRMED


async def test_a_pending_request_holds_its_hours(world, hours):
    await world.service("asks", "mch_a", instant=False)
    assert (await world.book("svc_asks", hours(1, 2))).claim.state is State.REQUESTED
    assert (await world.book("svc_a", hours(1, 2), who=RIVAL)).code == "capacity.insufficient"


async def test_where_there_is_no_guard_to_lock_nobody_is_let_in(world, hours):
    """Its plant's first word comes while two ask: what they see then was locked by neither."""
    await world.owner.execute("DELETE FROM statement WHERE machine_id = 'mch_pool'")
    assert (await world.book("svc_pool", hours(1, 2), quantity=5)).code == "capacity.insufficient"
