"""How many holds a key may have: its own number, given when it is made, or as many as any key."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from api_market import Market, wanted
from pydantic import ValidationError

from cloud.accounts.model import AccountRequest, LoginRequest
from cloud.accounts.roles import Role
from cloud.client import ApiError, Client
from cloud.config import Settings
from cloud.partners.model import KeyRequest, Scope

PASSWORD = "correct horse battery"


@pytest.fixture
def settings(database: Any) -> Settings:
    limits = {"most_holds": 4, "most_holds_of_a_key": 2}
    return Settings(api_dsn=database.api_dsn, ingest_dsn=database.ingest_dsn, **limits)


async def as_many_as_go(client: Client, service_id: str, hour: int) -> tuple[int, dict[str, Any]]:
    """How many holds from that hour on were had before one was refused, and what the refusal says."""
    for number in range(9):
        try:
            await client.hold(wanted(service_id, hour + number, hour + number + 1))
        except ApiError as error:
            return number, {name: error.facts.get(name) for name in ("most", "of")}
    raise AssertionError


@asynccontextmanager
async def key_of(market: Market, **more: Any) -> AsyncIterator[Client]:
    asked = KeyRequest(name="desk", scopes=frozenset({Scope.READ, Scope.BOOK}), **more)
    client = market.client((await market.clients["buyer"].add_key(asked)).key)
    yield client
    await client.close()


async def test_a_key_has_the_number_it_was_given_or_that_of_any_key_and_both_are_listed(market: Market) -> None:
    service_id, _ = await market.offer()
    async with key_of(market, most_holds=1) as one, key_of(market) as other:
        assert await as_many_as_go(one, service_id, 10) == (1, {"most": 1, "of": "key"})
        assert await as_many_as_go(other, service_id, 15) == (2, {"most": 2, "of": "key"})
    assert await as_many_as_go(market.clients["buyer"], service_id, 20) == (1, {"most": 4, "of": "enterprise"})
    assert [each.most_holds for each in await market.clients["buyer"].keys()] == [None, 1, None]


async def test_a_token_is_counted_with_the_key_that_it_was_had_for(market: Market, bare: httpx2.AsyncClient) -> None:
    service_id, _ = await market.offer()
    made = await market.clients["buyer"].add_key(KeyRequest(name="erp", scopes=frozenset({Scope.READ, Scope.BOOK})))
    asked = {"grant_type": "client_credentials", "client_id": made.id, "client_secret": made.key}
    tokens = [(await bare.post("/v1/oauth/token", data=asked)).json()["access_token"] for _ in range(2)]
    first, second = [market.client(token) for token in tokens]
    assert await as_many_as_go(first, service_id, 10) == (2, {"most": 2, "of": "key"})
    assert await as_many_as_go(second, service_id, 15) == (0, {"most": 2, "of": "key"})
    for client in (first, second):
        await client.close()


async def test_a_person_is_counted_over_all_log_ins(market: Market) -> None:
    service_id, _ = await market.offer()
    await market.clients["buyer"].add_account(AccountRequest(name="ada", role=Role.BOOKER, password=PASSWORD))
    for hour, number in ((10, 2), (15, 0)):
        async with market.client("ts_live_nobody") as door:
            told = await door.log_in(LoginRequest(name="ada", password=PASSWORD))
        async with market.client(told.access_token) as ada:
            assert await as_many_as_go(ada, service_id, hour) == (number, {"most": 2, "of": "account"})


@pytest.mark.parametrize("most", [0, -1, 1_000_001])
def test_a_number_that_is_none_is_refused(most: int) -> None:
    with pytest.raises(ValidationError):
        KeyRequest(name="k", scopes=frozenset({Scope.BOOK}), most_holds=most)
