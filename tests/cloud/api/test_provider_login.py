"""An identity provider's people come to accounts that an administrator made for them, and to no others."""

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from api_market import Market
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from cloud.accounts.discovery import Discovery
from cloud.accounts.model import AccountChange, AccountRequest, LoggedIn, ProviderLogin
from cloud.accounts.provider import Provider
from cloud.accounts.roles import Role
from cloud.accounts.trust import Home
from cloud.client import ApiError, Client

ISSUER, CLIENT, NONCE = "https://id.example.com", "thirdshift-dashboard", "a nonce of this very log-in"
KEY = RSAKey.generate_key(2048, {"kid": "one"})
ADA = "ada@example.com"


def _issuer(request: httpx2.Request) -> httpx2.Response:
    if request.url.path.endswith("openid-configuration"):
        endpoints = {name: f"{ISSUER}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
        return httpx2.Response(200, json={"issuer": ISSUER, **endpoints})
    return httpx2.Response(200, json=KeySet([KEY]).as_dict(private=False))


class Comes:
    """People who come with a token of the provider's."""

    def __init__(self, client: Client) -> None:
        self.client, self.number = client, 0

    def token(self, subject: str = "0815", **claims: Any) -> str:
        self.number += 1
        now = int(time.time())
        told = {"iss": ISSUER, "aud": CLIENT, "sub": subject, "nonce": NONCE, "iat": now, "exp": now + 300}
        mail = {"email": ADA, "email_verified": True, "jti": str(self.number)}
        return jwt.encode({"alg": "RS256", "kid": "one"}, {**told, **mail, **claims}, KEY)

    async def __call__(self, subject: str = "0815", at: str = "maker", **claims: Any) -> LoggedIn:
        return await self.bring(self.token(subject, **claims), at)

    async def bring(self, token: str, at: str = "maker") -> LoggedIn:
        brought = {"id_token": token, "nonce": NONCE, "enterprise": at}
        return await self.client.log_in_by_provider(ProviderLogin.model_validate(brought))

    async def refused(self, subject: str = "0815", at: str = "maker", **claims: Any) -> bool:
        with pytest.raises(ApiError) as caught:
            await self(subject, at, **claims)
        return caught.value.code == "login.refused"


@pytest.fixture
async def comes(market: Market, app: FastAPI) -> AsyncIterator[Comes]:
    app.state.desk.door.provider = Provider(Discovery(ISSUER, httpx2.MockTransport(_issuer)), CLIENT)
    client = market.client("ts_live_nobody")
    yield Comes(client)
    await client.close()


def person(name: str = ADA, role: Role = Role.BOOKER) -> AccountRequest:
    return AccountRequest(name=name, role=role)


async def test_who_has_an_account_of_the_address_gets_it_and_keeps_it_when_the_address_changes(
    market: Market, comes: Comes
) -> None:
    made = await market.clients["maker"].add_account(person())
    first = await comes()
    assert (first.account.id, first.account.role) == (made.id, Role.BOOKER)
    assert (await comes(email="ada.lovelace@example.com")).account.id == made.id
    assert (await market.clients["maker"].accounts())[0].provider


async def test_who_has_none_is_given_none(market: Market, comes: Comes) -> None:
    assert await comes.refused()
    await market.clients["maker"].add_account(person("grace@example.com"))
    assert await comes.refused()
    assert len(await market.clients["maker"].accounts()) == 1


async def test_an_address_that_is_not_vouched_for_opens_nothing(market: Market, comes: Comes) -> None:
    await market.clients["maker"].add_account(person())
    assert await comes.refused(email_verified=False)


async def test_an_account_is_one_subject_s_own(market: Market, comes: Comes) -> None:
    await market.clients["maker"].add_account(person())
    await comes("0815")
    assert await comes.refused("4711"), "another person who got the address later"


async def test_where_two_enterprises_have_the_address_who_comes_says_which(market: Market, comes: Comes) -> None:
    for name in ("maker", "rival"):
        await market.clients[name].add_account(person())
    assert await comes.refused(at="")
    assert (await comes(at="maker")).account.enterprise_name == "maker"
    assert (await comes(at="")).account.enterprise_name == "maker", "the other one is nobody's yet"
    assert (await comes(at=market.id("rival"))).account.enterprise_name == "rival"
    assert await comes.refused(at=""), "now it could be either"
    assert await comes.refused(at="buyer")
    assert await comes.refused("4711", at="rival")


async def test_an_account_that_a_stranger_made_of_one_s_address_becomes_nobody_s_and_stands_in_no_way(
    market: Market, comes: Comes
) -> None:
    """Nobody named the enterprise, so nobody is led into it; and the person's own enterprise comes later."""
    theirs = await market.clients["rival"].add_account(person(role=Role.ADMIN))
    assert await comes.refused(at="")
    assert not (await market.clients["rival"].accounts())[0].provider
    made = await market.clients["maker"].add_account(person())
    assert (await comes()).account.id == (await comes(at="")).account.id == made.id
    assert theirs.id != made.id


async def test_control_led_by_the_address_alone_the_stranger_s_account_would_be_first(
    market: Market, comes: Comes, pool_owner: Any
) -> None:
    source = await pool_owner.fetchval("SELECT pg_get_functiondef('ts_login_by_subject'::regproc)")
    alone = "SELECT min(a.enterprise_id) INTO v_enterprise FROM public.account a WHERE lower(a.name) = lower(p_name)"
    before, _, rest = source.partition("SELECT min(e.id) INTO v_enterprise")
    await pool_owner.execute(before + alone + " HAVING count(*) = 1" + rest[rest.index(";") :])
    theirs = await market.clients["rival"].add_account(person(role=Role.ADMIN))
    assert (await comes(at="")).account.id == theirs.id


async def test_in_a_registry_of_one_enterprise_nobody_need_name_it(
    market: Market, comes: Comes, pool_owner: Any
) -> None:
    made = await market.clients["maker"].add_account(person())
    await pool_owner.execute(
        "SELECT set_config('session_replication_role', 'replica', true); DELETE FROM enterprise WHERE name <> 'maker'"
    )
    assert (await comes(at="")).account.id == made.id


async def test_a_domain_that_belongs_to_an_enterprise_opens_no_other_s_account_and_its_people_are_given_one(
    market: Market, app: FastAPI, comes: Comes
) -> None:
    app.state.desk.door.homes = {"example.com": Home(market.id("maker"), Role.VIEWER)}
    await market.clients["rival"].add_account(person(role=Role.ADMIN))
    told = await comes(at="rival")
    assert (told.account.enterprise_id, told.account.role) == (market.id("maker"), Role.VIEWER)
    assert [each.name for each in await market.clients["maker"].accounts()] == [ADA]
    assert (await comes()).account.id == told.account.id


async def test_a_disabled_account_stays_shut(market: Market, comes: Comes) -> None:
    made = await market.clients["maker"].add_account(person())
    await comes()
    await market.clients["maker"].change_account(made.id, AccountChange(disabled=True))
    assert await comes.refused()


async def test_a_token_opens_one_session(market: Market, comes: Comes) -> None:
    await market.clients["maker"].add_account(person())
    token = comes.token()
    await comes.bring(token)
    with pytest.raises(ApiError, match="refused"):
        await comes.bring(token)


async def test_a_token_opens_no_second_session_once_the_first_has_ended(market: Market, comes: Comes) -> None:
    await market.clients["maker"].add_account(person())
    token = comes.token()
    person_s = market.client((await comes.bring(token)).access_token)
    await person_s.log_out()
    await person_s.close()
    with pytest.raises(ApiError, match="refused"):
        await comes.bring(token)


async def test_a_provider_that_is_away_is_told_as_that(market: Market, app: FastAPI, comes: Comes) -> None:
    await market.clients["maker"].add_account(person())
    app.state.desk.door.provider = Provider(Discovery("http://127.0.0.1:9"), CLIENT)
    with pytest.raises(ApiError) as caught:
        await comes()
    assert (caught.value.status, caught.value.code, caught.value.retryable) == (503, "provider.away", True)
