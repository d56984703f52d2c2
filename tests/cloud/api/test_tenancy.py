"""A foreign thing and an unknown one answer alike, on every route; nothing of a tenant leaks to another."""

from datetime import timedelta
from typing import Any

import pytest
from api_market import Market, at, booking, piece, wanted
from deeds_of_partners import partners_act
from fastapi import FastAPI

from cloud.accounts.model import AccountRequest
from cloud.accounts.roles import Role
from cloud.app import PUBLIC
from cloud.booking.bundle import BundleRequest
from cloud.client import ApiError
from cloud.registry.model import AgentRequest, ServiceRequest
from cloud.waiting.model import WaitingRequest
from gateway.money import Money

BODIES: dict[str, dict[str, Any]] = {
    "/v1/accounts/{account_id}": {"role": "viewer"},
    "/v1/bookings/{booking_id}": {"quantity": 2},
    "/v1/bookings/{booking_id}/cancel": {},
    "/v1/bookings/{booking_id}/decline": {},
    "/v1/bookings/{booking_id}/dispute": {"reason": "scrap"},
    "/v1/inquiries/{inquiry_id}/quotes": {
        "service_id": "svc_none",
        "start": "2026-03-03T08:00:00Z",
        "end": "2026-03-03T09:00:00Z",
        "valid_until": "2026-03-03T09:00:00Z",
        "price": {"amount": "1", "currency": "EUR"},
    },
}

EVERYBODY = {"/v1/account", "/v1/audit", "/v1/enterprise", "/v1/events", "/v1/keys", "/v1/processes"}
"""What everybody has something of, and so the rival too; exports are tried by tests of their own."""

ELSEWHERE = {"/v1/operations/ingest", "/v1/operations/stores", "/v1/performance", "/v1/bands"}
"""Of these there is nothing here to leak; their own tests try it."""


def routes(app: FastAPI) -> list[tuple[str, str]]:
    """(method, path) of every route with a key."""
    found: list[tuple[str, str]] = []
    described = app.openapi()
    for path, item in described["paths"].items():
        found += [(method.upper(), path) for method in item if path not in PUBLIC]
    return found


@pytest.fixture
async def things(market: Market) -> dict[str, str]:
    """One of everything, of the maker's and between maker and buyer; the rival has no part in any of it."""
    maker, buyer = market.clients["maker"], market.clients["buyer"]
    service_id, machine_id = await market.offer("maker", piece(0, 48, detail="ORDER-77"))
    held = await buyer.hold(wanted(service_id, 1, 2))
    booked = await buyer.book(booking(service_id, 3, 4))
    await market.owner.execute(
        "INSERT INTO parked (at, enterprise_id, agent_id, stream, epoch, seq, code, reason, payload)"
        " SELECT created_at, enterprise_id, id, 'state', 1, 1, 'x', 'y', 'secret payload' FROM agent LIMIT 1"
    )
    a_wait = WaitingRequest(service_id=service_id, start=at(3), end=at(4), duration=timedelta(hours=1))
    return {
        "site_id": (await maker.sites())[0].id,
        "agent_id": (await maker.agents())[0].id,
        "machine_id": machine_id,
        "service_id": service_id,
        "hold_id": held.id,
        "booking_id": booked.id,
        **await _a_webhook(market),
        "feed_id": (await maker._http.post("/v1/feeds", headers={"Idempotency-Key": "f"})).json()["id"],
        "waiting_id": (await maker.wait(a_wait)).id,
        "bundle_id": (await buyer.book_bundle(BundleRequest(legs=(booking(service_id, 5, 6),)))).id,
        "key_id": (await maker.keys())[0].id,
        "account_id": (await maker.add_account(AccountRequest(name="ada", role=Role.VIEWER))).id,
        "enterprise_id": "ent_nobody",
        **await partners_act(market, service_id),
    }


async def _a_webhook(market: Market) -> dict[str, str]:
    answer = await market.clients["maker"]._http.post(
        "/v1/webhooks", json={"url": "https://x.example.com/"}, headers={"Idempotency-Key": "hook"}
    )
    await market.owner.execute(
        "INSERT INTO delivery (id, webhook_id, type, body, state, created_at)"
        " SELECT 'dlv_1', id, 'booking.changed', '{}', 'FAILED', created_at FROM webhook"
    )
    return {"webhook_id": answer.json()["id"], "delivery_id": "dlv_1"}


async def test_on_every_route_a_foreign_id_answers_like_an_unknown_one(
    market: Market, app: FastAPI, things: dict[str, str]
) -> None:
    rival = market.clients["rival"]._http
    tried = 0
    for method, path in routes(app):
        name = next((name for name in things if f"{{{name}}}" in path), None)
        if name is None:
            assert "{" not in path, f"{path}: this test does not know its id"
            continue
        tried += 1
        answers = []
        for identity in (things[name], name[:3] + "_unknown"):
            headers = {"Idempotency-Key": f"{method} {path}".replace(" ", "")}
            answer = await rival.request(
                method,
                path.replace(f"{{{name}}}", identity),
                headers=headers,
                json=BODIES.get(path) if method != "GET" else None,
            )
            problem = answer.json()
            problem.pop("request_id")
            answers.append((answer.status_code, str(problem).replace(identity, "ID")))
        assert answers[0] == answers[1], f"{method} {path}"
        assert answers[0][0] == 404, f"{method} {path}"
    assert tried >= 12


async def test_no_list_shows_anything_of_another_tenant(market: Market, app: FastAPI, things: dict[str, str]) -> None:
    rival, maker = market.clients["rival"]._http, market.clients["maker"]._http
    lists = [path for method, path in routes(app) if method == "GET" and "{" not in path]
    lists = [path for path in lists if path not in EVERYBODY and not path.startswith("/v1/exports/")]
    assert len(lists) >= 6
    for path in lists:
        seen = await rival.get(path)
        assert seen.json().get("items", []) == [], path
        assert not [name for name, value in things.items() if value in seen.text], path
        if path not in {"/v1/partners", "/v1/trust"} | ELSEWHERE:
            assert (await maker.get(path)).json()["items"] != [], f"{path}: nothing to leak, so nothing was shown"
    assert [key["id"] for key in (await rival.get("/v1/keys")).json()["items"]] != [things["key_id"]]
    acts = (await rival.get("/v1/audit", params={"limit": 200})).json()["items"]
    assert not {act["object_id"] for act in acts} & set(things.values())
    assert {act["object_id"] for act in (await maker.get("/v1/audit")).json()["items"]} & set(things.values())


async def test_what_is_mine_cannot_be_hung_onto_what_is_yours(market: Market, things: dict[str, str]) -> None:
    rival = market.clients["rival"]
    price = Money(amount="1", currency="EUR")
    for call in (
        rival.add_agent(AgentRequest(name="mole", site_id=things["site_id"])),
        rival.add_service(ServiceRequest(name="theft", machine_ids=(things["machine_id"],), price=price)),
    ):
        with pytest.raises(ApiError) as caught:
            await call
        assert caught.value.code == "not_found"


async def test_the_other_side_of_a_booking_sees_the_booking_and_nothing_else(
    market: Market, things: dict[str, str]
) -> None:
    buyer, maker = market.clients["buyer"], market.clients["maker"]
    assert (await buyer.booking(things["booking_id"])).role == "booker"
    assert (await maker.booking(things["booking_id"])).role == "provider"
    for call in (buyer.machine(things["machine_id"]), maker.read_hold(things["hold_id"])):
        with pytest.raises(ApiError) as caught:
            await call
        assert caught.value.code == "not_found"
    capacity = await maker.capacity(things["machine_id"])
    assert {claim.id for claim in capacity.claims} >= {things["hold_id"], things["booking_id"]}
    assert "buyer" not in capacity.model_dump_json()


async def test_an_order_number_is_shown_to_its_owner_alone(market: Market, things: dict[str, str]) -> None:
    capacity = await market.clients["maker"].capacity(things["machine_id"])
    assert capacity.spans[0].detail == "ORDER-77"
    body = {"start": "2026-03-02T06:00:00Z", "end": "2026-03-04T06:00:00Z", "duration": "PT1H", "quantity": 2}
    for quantity in (1, 2):
        answer = await market.clients["buyer"]._http.post("/v1/search", json={**body, "quantity": quantity})
        assert answer.status_code == 200
        assert "ORDER-77" not in answer.text
        assert market.id("rival") not in answer.text


async def test_services_are_seen_and_booked_by_whom_their_provider_lets(market: Market) -> None:
    (machine_id,) = await market.plant("maker", "one")
    await market.states(machine_id, piece(0, 48))
    ids = {
        name: await market.service("maker", machine_id, name=name, visibility=name)
        for name in ("open", "partners", "internal")
    }
    await market.clients["maker"].add_partner(market.id("buyer"))
    body = {"start": "2026-03-02T06:00:00Z", "end": "2026-03-04T06:00:00Z", "duration": "PT1H"}
    sees = {"maker": {"open", "partners", "internal"}, "buyer": {"open", "partners"}, "rival": {"open"}}
    for who, expected in sees.items():
        found = (await market.clients[who]._http.post("/v1/search", json=body)).json()["items"]
        assert {item["service_name"] for item in found} == expected, who
    for who, name in (("rival", "partners"), ("buyer", "internal")):
        with pytest.raises(ApiError) as caught:
            await market.clients[who].hold(wanted(ids[name], 5, 6))
        assert caught.value.code == "service.unknown"
    await market.clients["maker"].remove_partner(market.id("buyer"))
    with pytest.raises(ApiError):
        await market.clients["buyer"].hold(wanted(ids["partners"], 5, 6))
    await market.clients["maker"].withdraw_service(ids["open"])
    with pytest.raises(ApiError):
        await market.clients["rival"].hold(wanted(ids["open"], 5, 6))
