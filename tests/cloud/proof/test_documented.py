"""Every documented status is real: each route answers at least once with each status that its description names."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx2
import pytest
from api_bodies import bodies
from api_market import START, Market, at, booking, piece, wanted, work
from deeds_of_partners import partners_act
from deeds_of_people import people_act, someone
from lost_answers import MAKERS, deeds
from witness import Route, Witness, documented

from cloud.app import create_app
from cloud.booking.bundle import BundleRequest
from cloud.booking.wire import BookingRequest
from cloud.client import Client
from cloud.config import Settings
from cloud.partners.model import KeyRequest, Scope
from gateway.clock import Clock

ELSEWHERE: dict[Route, set[str]] = {
    ("GET", "/v1/events"): {"200"},
    ("POST", "/v1/login/provider"): {"200", "401"},
}
"""An event stream does not end; test_events reads one. Identity providers have tests of their own."""

QUERIES = {"/v1/machines/{machine_id}/samples": {"signal": "spindle"}}


@pytest.fixture
def app(settings: Settings, clock: Clock) -> Any:
    return create_app(settings, clock)


@pytest.fixture
def witness(app: Any) -> Witness:
    return Witness(app, app.openapi())


@pytest.fixture
async def market(
    app: Any, witness: Witness, database: Any, pool_owner: asyncpg.Pool, pool_ingest: asyncpg.Pool
) -> AsyncIterator[Market]:
    async with app.router.lifespan_context(app):
        made = Market(pool_owner, pool_ingest, database.dsn, witness)
        for name in ("maker", "buyer", "rival"):
            await made.enterprise(name)
        yield made
        await made.close()


async def test_each_documented_status_is_given_and_none_that_is_not(
    market: Market, app: Any, witness: Witness, settings: Settings, clock: Clock
) -> None:
    described = app.openapi()
    things = await one_of_everything(market)
    await _well(market, documented(described), things)
    for route in documented(described):
        await _badly(market, described, route, things)
    slow = {"rate": 0.001, "burst": 1}
    for odd in (
        Settings(api_dsn="postgresql://x@127.0.0.1:1/none"),
        settings.model_copy(update=slow),
        settings.model_copy(update={**slow, "oidc_issuer": "http://127.0.0.1:1", "oidc_client_id": "us"}),
    ):
        await _under(odd, clock, market, witness, described)
    told = documented(described)
    missing = {
        route: left for route in told if (left := told[route] - witness.seen[route] - ELSEWHERE.get(route, set()))
    }
    more = {route: left for route in told if (left := witness.seen[route] - told[route])}
    assert missing == {}, "documented, and never seen"
    assert more == {}, "seen, and not documented"


async def one_of_everything(market: Market) -> dict[str, str]:
    """Ids of the maker's own, and of the buyer's; the calls on the way are what most routes are for."""
    for name, deed in (await deeds(market)).items():
        await deed(market.clients["maker" if name in MAKERS else "buyer"], name.replace(" ", "-"))
    maker, buyer = market.clients["maker"], market.clients["buyer"]
    await market.enterprise("third")
    service_id, _ = await market.offer("third", piece(0, 48))
    held = await buyer.hold(wanted(service_id, 1, 2))
    consumed = await buyer.hold(wanted(service_id, 2, 3))
    booked = await buyer.book(BookingRequest(hold_id=consumed.id, work=work()))
    await maker._http.post("/v1/webhooks", json={"url": "https://x.example.com/"}, headers={"Idempotency-Key": "w"})
    webhook_id = await market.owner.fetchval("SELECT id FROM webhook")
    await market.owner.execute(
        "INSERT INTO delivery (id, webhook_id, type, body, state, created_at)"
        " SELECT 'dlv_1', id, 'booking.changed', '{}', 'FAILED', created_at FROM webhook"
    )
    feed = await maker._http.post("/v1/feeds", headers={"Idempotency-Key": "f"})
    return {
        "site_id": (await maker.sites())[0].id,
        "agent_id": (await maker.agents())[0].id,
        "machine_id": (await maker.machines())[0].id,
        "service_id": (await maker.services())[0].id,
        "hold_id": held.id,
        "consumed": consumed.id,
        "booking_id": booked.id,
        "bundle_id": (await buyer.book_bundle(BundleRequest(legs=(booking(service_id, 5, 6),)))).id,
        "waiting_id": (await buyer.waiting())[0].id,
        "key_id": (await maker.add_key(KeyRequest(name="old", scopes=frozenset(Scope)))).id,
        "webhook_id": webhook_id,
        "delivery_id": "dlv_1",
        "enterprise_id": market.id("buyer"),
        "other_id": market.id("maker"),
        **await partners_act(market, (await maker.services())[0].id),
        "feed_id": feed.json()["id"],
        "account_id": await someone(market),
        "token": feed.json()["path"].rpartition("/")[2].removesuffix(".ics"),
        "code": "not_found",
    }


def _filled(path: str, things: dict[str, str]) -> str:
    for name, value in things.items():
        path = path.replace(f"{{{name}}}", value)
    return path


async def _ask(client: Client, route: Route, path: str, **more: Any) -> httpx2.Response | None:
    """One call; the stream of events is not opened, for it would not end."""
    method, template = route
    if template == "/v1/events" and not more.pop("refused", False):
        return None
    more.pop("refused", None)
    headers = {"Idempotency-Key": f"{abs(hash((method, path, str(more))))}", **more.pop("headers", {})}
    return await client._http.request(method, path, headers=headers, **more)


async def _well(market: Market, routes: dict[Route, set[str]], things: dict[str, str]) -> None:
    """Everything that is possible, what is deleted last."""
    await people_act(market)
    await market.clients["buyer"]._http.post("/v1/login", json={"name": "boss", "password": "not hers, I fear"})
    for route in sorted(routes, key=lambda route: route[0] == "DELETE"):
        good = bodies(things).get(route[1]) if route[0] in {"POST", "PATCH"} else None
        if route[1] == "/v1/oauth/token":
            await _tokens(market)
            continue
        for who in ("maker", "buyer"):
            await _ask(market.clients[who], route, _filled(route[1], things), json=good, params=QUERIES.get(route[1]))
    buyer, metered = market.clients["buyer"], await _metered(market, things["booking_id"])
    await _ask(buyer, ("DELETE", "/v1/holds/{hold_id}"), f"/v1/holds/{things['consumed']}")
    for who, word in (("buyer", "dispute"), ("buyer", "settle"), ("maker", "dispute"), ("buyer", "settle")):
        path = f"/v1/bookings/{{booking_id}}/{word}"
        client = market.clients[who if who == "buyer" else "third"]
        good = bodies(things).get(path)
        await _ask(client, ("POST", path), path.format(booking_id=metered), json=good)


async def _metered(market: Market, like: str) -> str:
    """Another booking beside one that is there, run and metered: both of its sides may speak now."""
    machine_id = await market.owner.fetchval("SELECT machine_id FROM claim WHERE id = $1", like)
    service_id = await market.owner.fetchval("SELECT service_id FROM claim WHERE id = $1", like)
    made = await market.clients["buyer"].book(booking(service_id, 40, 41))
    said = {"booking": made.id, "revision": made.revision}
    await market.ingest.fetchval("SELECT ts_answer($1, $2, $3)", machine_id, said | {"answer": "accepted"}, START)
    for event in ("started", "ended"):
        await market.ingest.fetchval("SELECT ts_report($1, $2, $3)", machine_id, said | {"event": event}, START)
    meter = {"outcome": "COMPLETED", "share": 1.0, "agrees": True}
    await market.ingest.fetchval("SELECT ts_meter($1, $2, 60, $3, $4)", made.id, meter, at(400), START)
    return made.id


async def _tokens(market: Market) -> None:
    key = await market.clients["buyer"].add_key(KeyRequest(name="program", scopes=frozenset({Scope.READ})))
    form = {"grant_type": "client_credentials", "client_id": key.id, "client_secret": key.key}
    for bad in ({}, {"grant_type": "x"}, {"client_secret": "x"}, {"scope": "x" * 300}):
        await market.clients["buyer"]._http.post("/v1/oauth/token", data={**form, **bad})


async def _badly(market: Market, described: dict[str, Any], route: Route, things: dict[str, str]) -> None:
    """Without a key or its scope, of what nobody has, with what cannot be read, and while its twin is under way."""
    method, path = route
    operation = described["paths"][path][method.lower()]
    good = bodies({**things, "service_id": "svc_none", "site_id": "site_none", "machine_id": "mch_none"}).get(path)
    unknown = _filled(path, dict.fromkeys(things, "xxx_none"))
    buyer, maker = market.clients["buyer"], market.clients["maker"]
    async with market.client("ts_live_nobody") as nobody:
        await _ask(nobody, route, unknown, refused=True)
    for scope in ({"read"}, {"book"}):
        async with market.client(await _a_key(market, scope)) as lesser:
            await _ask(lesser, route, unknown, json=good)
            if path == "/v1/events":
                await _ask(lesser, route, unknown, refused="book" in scope, headers={})
    for client in (buyer, maker):
        await _ask(client, route, unknown, json=good)
        await _ask(client, route, _filled(path, dict.fromkeys(things, "x" * 300)), json=good)
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "query":
                for bad in ("!", "0", "x" * 300):
                    await _ask(client, route, unknown, params={parameter["name"]: bad}, json=good)
        if path == "/v1/events":
            await _ask(client, route, path, refused=True, headers={"Last-Event-ID": "yesterday"})
        if "requestBody" in operation:
            await _ask(client, route, unknown, json={"nonsense": 1})
            await _ask(client, route, unknown, content=b"{", headers={"Content-Type": "application/json"})
            await _ask(client, route, unknown, content=b" " * ((1 << 20) + 1))
        if any(parameter["name"].lower() == "idempotency-key" for parameter in operation.get("parameters", [])):
            await _ask(client, route, unknown, json=good, headers={"Idempotency-Key": ""})
            await _ask(client, route, _filled(path, things), json=good, headers={"Idempotency-Key": "hold"})
            await _in_flight(market, client, route, things, good)


async def _in_flight(market: Market, client: Client, route: Route, things: dict[str, str], good: Any) -> None:
    lock = "SELECT pg_advisory_xact_lock(hashtextextended($1 || E'\\n' || 'twin', 0))"
    async with market.owner.acquire() as twin, twin.transaction():
        for who in ("buyer", "maker"):
            await twin.execute(lock, market.id(who))
        await _ask(client, route, _filled(route[1], things), json=good, headers={"Idempotency-Key": "twin"})


KEYS: dict[str, str] = {}


async def _a_key(market: Market, scopes: set[str]) -> str:
    name = f"{id(market)} {scopes}"
    if name not in KEYS:
        asked = KeyRequest(name="lesser", scopes=frozenset(map(Scope, scopes)))
        KEYS[name] = (await market.clients["buyer"].add_key(asked)).key
    return KEYS[name]


async def _under(odd: Settings, clock: Clock, market: Market, witness: Witness, described: dict[str, Any]) -> None:
    """The same routes of an API that has no database, or of one that gives a key one call in a quarter of an hour."""
    app = create_app(odd, clock)
    other = Witness(app, described)
    other.seen = witness.seen
    key = market.enterprises["buyer"].key
    async with app.router.lifespan_context(app), Client("http://api", key, transport=other) as client:
        for route in (*documented(described), *list(documented(described))[:2]):
            good = bodies(dict.fromkeys(("service_id", "site_id", "machine_id"), "xxx_none")).get(route[1])
            if route[1] == "/v1/oauth/token":
                form = {"grant_type": "client_credentials", "client_id": "key_1", "client_secret": "ts_live_1"}
                await client._http.post(route[1], data=form)
                continue
            path = _filled(route[1], dict.fromkeys(NAMES, "xxx_none"))
            # The events of a key that has calls left are a stream without an end: by then it has none.
            await _ask(client, route, path, json=good, refused=True)


NAMES = (
    *("site_id", "agent_id", "machine_id", "service_id", "hold_id", "booking_id", "bundle_id", "waiting_id"),
    *("key_id", "webhook_id", "delivery_id", "enterprise_id", "feed_id", "token", "code", "account_id"),
    *("agreement_id", "inquiry_id", "quote_id", "alliance_id"),
)
