"""Sites, agents, services and machines over HTTP."""

import base64
from datetime import timedelta

import pytest
from api_market import START, Market, at, booking, piece

from cloud.client import ApiError
from cloud.registry.model import AgentRequest, SiteRequest

_STATE = """INSERT INTO state_history (machine_id, at, state, mode, origin, quality, stamped, epoch, seq, received_at)
            VALUES ($1, $2, $3, 'Processing', 'plant', 'good', 'source', 1, $4, $2)"""


async def test_an_agents_link_key_is_shown_once(market: Market) -> None:
    maker = market.clients["maker"]
    site = await maker.add_site(SiteRequest(name="works", zone="Europe/Vienna", latitude=48.2, longitude=16.4))
    made = await maker.add_agent(AgentRequest(name="hall 1", site_id=site.id))
    assert len(base64.b64decode(made.key)) == 32
    (listed,) = await maker.agents()
    assert made.key not in listed.model_dump_json()
    assert (listed.id, listed.key_id, listed.site_id) == (made.id, made.key_id, site.id)
    stored = await market.owner.fetchval("SELECT key FROM agent WHERE id = $1", made.id)
    assert stored == base64.b64decode(made.key)


async def test_a_service_is_read_back_as_it_was_offered(market: Market) -> None:
    terms = {"notice": timedelta(hours=2), "max_duration": timedelta(days=2), "work_masters": ("flange",)}
    service_id, machine_id = await market.offer(materials=("1.4301",), min_confidence=3, **terms)
    (service,) = await market.clients["maker"].services()
    assert (service.id, service.machine_ids, service.active) == (service_id, (machine_id,), True)
    assert (service.notice, service.max_duration, service.work_masters) == tuple(terms.values())
    assert service.price.model_dump() == {"amount": "60.00", "currency": "EUR"}
    raw = (await market.clients["maker"]._http.get(f"/v1/services/{service_id}")).json()
    assert (raw["notice"], raw["created_at"][-1]) == ("PT2H", "Z")


async def test_a_service_that_names_a_machine_twice_is_refused(market: Market) -> None:
    (machine_id,) = await market.plant("maker", "m")
    body = {"name": "s", "machine_ids": [machine_id] * 2, "price": {"amount": "1.00", "currency": "EUR"}}
    headers = {"Idempotency-Key": "k"}
    answer = await market.clients["maker"]._http.post("/v1/services", json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    assert "twice" in answer.json()["detail"]


async def test_whether_a_machine_is_fresh_is_worked_out_when_asked(market: Market) -> None:
    _, machine_id = await market.offer()
    maker = market.clients["maker"]
    for heard, fresh in (
        (START - timedelta(seconds=290), True),
        (START - timedelta(seconds=301), False),
        (None, False),
    ):
        await market.owner.execute("UPDATE machine SET last_receipt_at = $1", heard)
        assert (await maker.machine(machine_id)).fresh is fresh
        assert (await maker.machines())[0].fresh is fresh
        assert (await maker.capacity(machine_id)).fresh is fresh


async def test_a_machines_states_are_bands_and_the_last_one_is_open(market: Market) -> None:
    _, machine_id = await market.offer()
    for number, (hour, state) in enumerate([(-30, "NotExecuting"), (-5, "Executing"), (-2, "OutOfService")]):
        await market.owner.execute(_STATE, machine_id, at(hour), state, number)
    await market.owner.execute(
        "INSERT INTO gap VALUES (DEFAULT, $1, $2, $3, 'link down', 1, 9, $3)", machine_id, at(-4), at(-3)
    )
    maker = market.clients["maker"]
    states = await maker.states(machine_id, at(-6), at(0))
    assert [(band.state, band.start, band.end) for band in states.items] == [
        ("NotExecuting", at(-30), at(-5)),
        ("Executing", at(-5), at(-2)),
        ("OutOfService", at(-2), None),
    ]
    assert [(gap.start, gap.reason) for gap in states.gaps] == [(at(-4), "link down")]
    before = await maker.states(machine_id, at(-6), at(-4))
    assert [(band.state, band.end) for band in before.items] == [("NotExecuting", at(-5)), ("Executing", at(-2))]
    assert (await maker.states(machine_id)).items == states.items
    with pytest.raises(ApiError, match=r"request\.invalid"):
        await maker.states(machine_id, at(0), at(-1))


async def test_a_machines_capacity_is_what_it_offers_and_what_is_claimed(market: Market) -> None:
    busy = piece(10, 12, type="Committed", reason="planned", detail="ORDER-1")
    service_id, machine_id = await market.offer("maker", piece(0, 10), busy)
    booked = await market.clients["buyer"].book(booking(service_id, 2, 3))
    capacity = await market.clients["maker"].capacity(machine_id, at(0), at(24))
    assert [(one.type, one.start, one.end, one.reason, one.detail) for one in capacity.spans] == [
        ("Available", at(0), at(10), "idle", None),
        ("Committed", at(10), at(12), "planned", "ORDER-1"),
    ]
    assert [(one.id, one.start, one.state) for one in capacity.claims] == [(booked.id, at(2), "CONFIRMED")]
    assert (capacity.version > 0, capacity.valid_until) == (True, at(24))


async def test_a_machine_without_a_statement_offers_nothing(market: Market) -> None:
    (machine_id,) = await market.plant("maker", "mute")
    capacity = await market.clients["maker"].capacity(machine_id)
    assert (capacity.version, capacity.spans, capacity.claims) == (0, (), ())


async def test_refused_messages_are_listed_with_what_they_were(market: Market) -> None:
    await market.plant("maker")
    (agent,) = await market.clients["maker"].agents()
    for seq in range(3):
        await market.owner.execute(
            "INSERT INTO parked (at, enterprise_id, agent_id, stream, epoch, seq, code, reason, payload)"
            " VALUES ($1, $2, $3, 'state', 1, $4, 'message.refused', 'machine: missing', $5)",
            *(at(0), market.id("maker"), agent.id, seq, b'{"kind": "st\xff'),
        )
    parked = await market.clients["maker"].parked()
    assert [(one.seq, one.code) for one in parked] == [(seq, "message.refused") for seq in range(3)]
    assert parked[0].payload == '{"kind": "st\ufffd'
    page = (await market.clients["maker"]._http.get("/v1/parked?limit=2")).json()
    rest = (await market.clients["maker"]._http.get(f"/v1/parked?limit=2&cursor={page['next_cursor']}")).json()
    assert [one["seq"] for one in (*page["items"], *rest["items"])] == [0, 1, 2]
