"""OAuth 2 client credentials, held against what RFC 6749 says; and a caller that asks too fast."""

import base64
from datetime import timedelta

import httpx2
import pytest
from api_market import START, Market, wanted
from fastapi import FastAPI

from cloud.app import create_app
from cloud.client import ApiError
from cloud.config import Settings
from cloud.partners.model import KeyRequest, NewKey, Scope
from gateway.clock import Clock

GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
async def key(market: Market) -> NewKey:
    return await market.clients["buyer"].add_key(KeyRequest(name="erp", scopes=frozenset({Scope.READ, Scope.BOOK})))


async def test_a_key_is_exchanged_for_a_token_that_works_like_it(
    market: Market, key: NewKey, bare: httpx2.AsyncClient
) -> None:
    form = {**GRANT, "client_id": key.id, "client_secret": key.key}
    answer = await bare.post("/v1/oauth/token", data=form)
    told = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert (told["token_type"], told["expires_in"], told["scope"]) == ("Bearer", 3600, "book read")
    client = market.client(told["access_token"])
    assert (await client.enterprise()).id == market.id("buyer")
    service_id, _ = await market.offer()
    assert (await client.hold(wanted(service_id, 10, 12))).state == "HELD"
    await client.close()


async def test_basic_authentication_does_as_well_and_scopes_may_be_fewer(
    market: Market, key: NewKey, bare: httpx2.AsyncClient
) -> None:
    basic = base64.b64encode(f"{key.id}:{key.key}".encode()).decode()
    answer = await bare.post(
        "/v1/oauth/token", data={**GRANT, "scope": "read"}, headers={"Authorization": f"Basic {basic}"}
    )
    assert answer.json()["scope"] == "read"
    service_id, _ = await market.offer()
    client = market.client(answer.json()["access_token"])
    with pytest.raises(ApiError) as caught:
        await client.hold(wanted(service_id, 10, 12))
    assert caught.value.code == "auth.scope"
    await client.close()


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "unsupported_grant_type"),
        ({"client_secret": "ts_live_wrong"}, 401, "invalid_client"),
        ({"client_id": "key_other"}, 401, "invalid_client"),
        ({"scope": "everything"}, 400, "invalid_scope"),
        ({"scope": "admin"}, 400, "invalid_scope"),
        ({"scope": "read admin"}, 400, "invalid_scope"),
    ],
)
async def test_what_does_not_fit_is_refused_in_oauths_own_words(
    key: NewKey, bare: httpx2.AsyncClient, change: dict[str, str], status: int, error: str
) -> None:
    form = {**GRANT, "client_id": key.id, "client_secret": key.key, **change}
    answer = await bare.post("/v1/oauth/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert ("www-authenticate" in answer.headers) == (status == 401)


async def test_a_token_dies_after_its_hour_and_with_its_key(
    market: Market, key: NewKey, bare: httpx2.AsyncClient
) -> None:
    async def token() -> str:
        form = {**GRANT, "client_id": key.id, "client_secret": key.key}
        return str((await bare.post("/v1/oauth/token", data=form)).json()["access_token"])

    first = await token()
    known = "SELECT count(*) FROM ts_authenticate(sha256($1), $2)"
    for minutes, expected in ((59, 1), (61, 0)):
        at = START + timedelta(minutes=minutes)
        assert await market.owner.fetchval(known, first.encode(), at) == expected
    await market.clients["buyer"].revoke_key(key.id)
    client = market.client(first)
    with pytest.raises(ApiError) as caught:
        await client.enterprise()
    assert caught.value.code == "auth.invalid"
    await client.close()


async def test_who_asks_too_fast_waits_and_nobody_else_does(market: Market, settings: Settings, clock: Clock) -> None:
    app: FastAPI = create_app(settings.model_copy(update={"rate": 1.0, "burst": 3}), clock)
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app)
        asks = {who: {"Authorization": f"Bearer {market.enterprises[who].key}"} for who in ("buyer", "rival")}
        async with httpx2.AsyncClient(base_url="http://api", transport=transport) as client:
            answers = [await client.get("/v1/enterprise", headers=asks["buyer"]) for _ in range(4)]
            assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
            assert (answers[3].json()["code"], answers[3].headers["retry-after"]) == ("rate.limited", "2")
            assert (await client.get("/v1/enterprise", headers=asks["rival"])).status_code == 200


async def test_an_enterprise_holds_no_more_than_it_may(market: Market, settings: Settings, clock: Clock) -> None:
    service_id, _ = await market.offer()
    app = create_app(settings.model_copy(update={"most_holds": 2}), clock)
    async with app.router.lifespan_context(app):
        market.transport = httpx2.ASGITransport(app=app)
        buyer = market.client(market.enterprises["buyer"].key)
        first = await buyer.hold(wanted(service_id, 10, 11))
        await buyer.hold(wanted(service_id, 11, 12))
        with pytest.raises(ApiError) as caught:
            await buyer.hold(wanted(service_id, 12, 13))
        assert caught.value.code == "hold.quota"
        assert (caught.value.facts["most"], caught.value.facts["of"]) == (2, "enterprise")
        await buyer.release(first.id)
        await buyer.hold(wanted(service_id, 12, 13))
        await buyer.close()
