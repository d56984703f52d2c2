"""A person's session is renewed before it runs out, by one call at a time, and is over once the registry says so."""

import asyncio

import httpx2
import pytest

from cloud.accounts.model import LoggedIn
from cloud.client import Client
from cloud.dashboard.credentials import Proof, Tokens
from cloud.dashboard.registry import Away, KeyRefused, Registry

OWN = {"id": "ent_1", "name": "Own", "scopes": ["read"]}
ME = {"id": "acc_1", "name": "ada", "role": "viewer", "scopes": ["read"], "password": True}
ME |= {"enterprise_id": "ent_1", "enterprise_name": "Own"}


class Sessions:
    """A registry's side of one session: which access token is good, and what became of renewals."""

    def __init__(self, life=600):
        self.number, self.life, self.asked = 0, life, []
        self.away = self.forgotten = False

    @property
    def opened(self):
        return LoggedIn(
            access_token=f"ts_token_{self.number}",
            expires_in=self.life,
            refresh_token=f"ts_token_r{self.number}",
            refresh_expires_in=43_200,
            account=ME,
        )

    def answer(self, request):
        self.asked.append(request.url.path)
        if self.away:
            raise httpx2.ConnectError(str(request.url))
        if request.url.path == "/v1/login/renew":
            if f'"ts_token_r{self.number}"' not in request.content.decode():
                return httpx2.Response(401, json={"code": "login.refused"})
            self.number += 1
            self.forgotten = False
            return httpx2.Response(200, json=self.opened.model_dump(mode="json"))
        good = not self.forgotten and request.headers["authorization"] == f"Bearer ts_token_{self.number}"
        return httpx2.Response(200, json=OWN) if good else httpx2.Response(401, json={"code": "auth.invalid"})


def opening(sessions):
    transport = httpx2.MockTransport(sessions.answer)
    tokens = Tokens(sessions.opened, lambda: Client("http://registry", httpx2.Auth(), transport=transport))
    return tokens, Registry("http://registry", Proof(tokens), transport=transport)


async def test_a_token_that_lives_is_used_as_it_is():
    sessions = Sessions()
    _, registry = opening(sessions)
    await registry.enterprise()
    assert sessions.asked == ["/v1/enterprise"]


async def test_a_token_that_runs_out_soon_is_renewed_first_and_once_for_all_calls():
    sessions = Sessions(life=0)
    _, registry = opening(sessions)
    sessions.life = 600
    await asyncio.gather(*(registry.enterprise() for _ in range(5)))
    assert sessions.asked.count("/v1/login/renew") == 1


async def test_a_token_that_is_refused_early_is_renewed_and_the_call_made_again():
    sessions = Sessions()
    _, registry = opening(sessions)
    sessions.forgotten = True
    assert (await registry.enterprise()).id == "ent_1"
    assert sessions.asked == ["/v1/enterprise", "/v1/login/renew", "/v1/enterprise"]


async def test_a_session_that_cannot_be_renewed_is_over_and_asks_no_more():
    sessions = Sessions()
    tokens, registry = opening(sessions)
    sessions.number = 7
    for _ in range(2):
        with pytest.raises(KeyRefused):
            await registry.enterprise()
    assert tokens.over
    assert sessions.asked == ["/v1/enterprise", "/v1/login/renew"]


async def test_a_registry_that_is_away_ends_no_session():
    sessions = Sessions(life=0)
    tokens, registry = opening(sessions)
    sessions.away, sessions.life = True, 600
    with pytest.raises(Away):
        await registry.enterprise()
    assert not tokens.over
    sessions.away = False
    assert (await registry.enterprise()).id == "ent_1"
