"""People log in: an administrator makes their accounts, a role says what they may do, and nobody learns who has one."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest
from api_market import START, Market
from fastapi import FastAPI

from cloud.accounts import passwords, store
from cloud.accounts.model import AccountChange, AccountRequest, LoginRequest, PasswordChange, Renewal
from cloud.accounts.roles import ROLES, Role
from cloud.client import ApiError, Client
from cloud.office import create_account
from cloud.partners.model import KeyRequest, Scope
from gateway.errors import UsageError

GOOD = "correct horse battery"
NAME = "ada@example.com"


def wanted(name: str = NAME, role: Role = Role.VIEWER, password: str | None = GOOD) -> AccountRequest:
    return AccountRequest(name=name, role=role, password=password)


class People:
    """Log-ins at the market's API; each yields a client with the session's token."""

    def __init__(self, market: Market, stack: AsyncExitStack) -> None:
        self.market, self._stack = market, stack
        self.nobody = market.client("ts_live_nobody")
        stack.push_async_callback(self.nobody.close)

    async def log_in(self, name: str = NAME, password: str = GOOD, enterprise: str = "") -> Any:
        return await self.nobody.log_in(LoginRequest(name=name, password=password, enterprise=enterprise))

    def client(self, token: str) -> Client:
        client = self.market.client(token)
        self._stack.push_async_callback(client.close)
        return client


@pytest.fixture
async def people(market: Market) -> Any:
    async with AsyncExitStack() as stack:
        yield People(market, stack)


async def refusal(call: Any) -> str:
    with pytest.raises(ApiError) as caught:
        await call
    return caught.value.code


async def test_a_person_logs_in_sees_what_is_the_enterprise_s_and_is_named_by_the_call(
    market: Market, people: People
) -> None:
    made = await market.clients["maker"].add_account(wanted())
    told = await people.log_in("ADA@example.com")
    assert (told.expires_in, told.refresh_expires_in) == (600, 43_200)
    assert (told.account.id, told.account.name, told.account.enterprise_name) == (made.id, NAME, "maker")
    client = people.client(told.access_token)
    assert (await client.enterprise()).id == market.id("maker")
    assert await client.me() == told.account


@pytest.mark.parametrize("role", Role)
async def test_a_role_is_its_scopes_and_no_more(market: Market, people: People, role: Role) -> None:
    await market.clients["maker"].add_account(wanted(role=role))
    client = people.client((await people.log_in()).access_token)
    assert set((await client.enterprise()).scopes) == ROLES[role]
    calls: dict[Scope, Callable[[], Any]] = {
        Scope.BOOK: lambda: client._http.post("/v1/holds", json={}),
        Scope.PROVIDE: lambda: client._http.post("/v1/sites", json={}),
        Scope.ADMIN: lambda: client._http.get("/v1/accounts"),
    }
    for scope, call in calls.items():
        assert ((await call()).status_code == 403) is (scope not in ROLES[role]), scope


async def test_what_is_wrong_is_not_said(market: Market, people: People) -> None:
    maker = market.clients["maker"]
    made = await maker.add_account(wanted())
    await maker.add_account(wanted("provider-only@example.com", password=None))
    answers = []
    for name, password in ((NAME, "wrong password"), ("nobody@example.com", GOOD), ("provider-only@example.com", GOOD)):
        answer = await people.nobody._http.post("/v1/login", json={"name": name, "password": password})
        answers.append((answer.status_code, {**answer.json(), "request_id": ""}))
    assert answers[0][1]["code"] == "login.refused"
    assert all(answer == answers[0] for answer in answers)
    await maker.change_account(made.id, AccountChange(disabled=True))
    assert await refusal(people.log_in()) == "login.refused"
    await maker.change_account(made.id, AccountChange(disabled=False))
    assert (await people.log_in()).account.id == made.id


async def test_a_name_that_nobody_has_costs_one_hash_like_any_other(
    market: Market, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    await market.clients["maker"].add_account(wanted())
    checked: list[str] = []
    same = passwords._same

    def counting(password: str, known: str) -> bool:
        checked.append(known[:25])
        return same(password, known)

    monkeypatch.setattr(passwords, "_same", counting)
    for name in (NAME, "nobody@example.com", "x" * 200):
        await refusal(people.log_in(name, "wrong password"))
    assert len(checked) == 3
    assert len(set(checked)) == 1, "the same algorithm with the same parameters"
    assert checked[0].startswith("$argon2id$")


async def test_where_two_enterprises_have_the_name_the_enterprise_is_named(market: Market, people: People) -> None:
    await market.clients["maker"].add_account(wanted())
    other = await market.clients["buyer"].add_account(wanted(password="another good one"))
    assert await refusal(people.log_in()) == "login.refused"
    assert (await people.log_in(enterprise="maker")).account.enterprise_id == market.id("maker")
    assert (await people.log_in(password="another good one", enterprise=market.id("buyer"))).account.id == other.id


async def test_guessing_is_slow_and_says_nothing_of_the_name(market: Market, people: People) -> None:
    await market.clients["maker"].add_account(wanted())
    for name in (NAME, "nobody@example.com"):
        codes = [await refusal(people.log_in(name, "wrong password")) for _ in range(6)]
        assert codes == ["login.refused"] * 5 + ["rate.limited"], name
    assert await refusal(people.log_in(NAME.upper())) == "rate.limited"


async def test_a_renewal_is_good_once_and_who_brings_an_old_one_ends_the_session(
    market: Market, people: People
) -> None:
    await market.clients["maker"].add_account(wanted())
    first = await people.log_in()
    second = await people.nobody.renew_login(Renewal(refresh_token=first.refresh_token))
    assert second.access_token != first.access_token
    assert (await people.client(second.access_token).me()).name == NAME
    assert await refusal(people.nobody.renew_login(Renewal(refresh_token=first.refresh_token))) == "login.refused"
    assert await refusal(people.nobody.renew_login(Renewal(refresh_token=second.refresh_token))) == "login.refused"


async def test_a_token_runs_out_and_so_does_a_session(
    market: Market, people: People, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    await market.clients["maker"].add_account(wanted())
    told = await people.log_in()
    monkeypatch.setattr("cloud.partners.auth.REMEMBERED", 0.0)
    clock = app.state.desk.clock
    later = clock.now() + store.ACCESS
    monkeypatch.setattr(type(clock), "now", lambda _: later)
    assert await refusal(people.client(told.access_token).me()) == "auth.invalid"
    renewed = await people.nobody.renew_login(Renewal(refresh_token=told.refresh_token))
    assert (await people.client(renewed.access_token).me()).name == NAME
    later += store.LASTS
    assert await refusal(people.nobody.renew_login(Renewal(refresh_token=renewed.refresh_token))) == "login.refused"


async def test_logging_out_ends_the_session_at_once(market: Market, people: People) -> None:
    await market.clients["maker"].add_account(wanted())
    told = await people.log_in()
    client = people.client(told.access_token)
    await client.me()
    await client.log_out()
    assert await refusal(client.me()) == "auth.invalid"
    assert await refusal(people.nobody.renew_login(Renewal(refresh_token=told.refresh_token))) == "login.refused"


@pytest.mark.parametrize("change", [AccountChange(disabled=True), AccountChange(password="a new password")])
async def test_a_disabled_account_or_a_reset_password_ends_its_sessions_at_once(
    market: Market, people: People, change: AccountChange
) -> None:
    made = await market.clients["maker"].add_account(wanted())
    client = people.client((await people.log_in()).access_token)
    await client.me()
    await market.clients["maker"].change_account(made.id, change)
    assert await refusal(client.me()) == "auth.invalid"


async def test_a_new_role_holds_at_once(market: Market, people: People) -> None:
    made = await market.clients["maker"].add_account(wanted())
    client = people.client((await people.log_in()).access_token)
    assert await refusal(client.accounts()) == "auth.scope"
    await market.clients["maker"].change_account(made.id, AccountChange(role=Role.ADMIN))
    assert [each.name for each in await client.accounts()] == [NAME]


async def test_one_changes_one_s_own_password_with_the_old_one_and_the_other_sessions_end(
    market: Market, people: People
) -> None:
    await market.clients["maker"].add_account(wanted())
    here, elsewhere = [people.client((await people.log_in()).access_token) for _ in range(2)]
    await elsewhere.me()
    change = PasswordChange(old="not the old one", new="quite another one")
    assert await refusal(here.change_password(change)) == "password.wrong"
    await here.change_password(PasswordChange(old=GOOD, new="quite another one"))
    assert (await here.me()).name == NAME
    assert await refusal(elsewhere.me()) == "auth.invalid"
    assert await refusal(people.log_in()) == "login.refused"
    assert (await people.log_in(password="quite another one")).account.name == NAME


async def test_administrators_cannot_lock_themselves_out(market: Market, people: People) -> None:
    made = await market.clients["maker"].add_account(wanted(role=Role.ADMIN))
    client = people.client((await people.log_in()).access_token)
    for change in (AccountChange(disabled=True), AccountChange(role=Role.VIEWER)):
        assert await refusal(client.change_account(made.id, change)) == "account.self"


async def test_a_key_is_nobody_s_account(market: Market) -> None:
    assert await refusal(market.clients["maker"].me()) == "account.only"
    change = PasswordChange(old=GOOD, new="quite another one")
    assert await refusal(market.clients["maker"].change_password(change)) == "account.only"


async def test_a_name_is_the_enterprise_s_own_whatever_its_case(market: Market) -> None:
    await market.clients["maker"].add_account(wanted())
    assert await refusal(market.clients["maker"].add_account(wanted("Ada@Example.com"))) == "name.taken"
    assert (await market.clients["buyer"].add_account(wanted())).name == NAME


async def test_a_repeated_call_makes_one_account_and_no_table_knows_the_password(market: Market) -> None:
    maker = market.clients["maker"]
    made = [await maker.add_account(wanted(), key="once") for _ in range(2)]
    assert made[0] == made[1]
    found = await market.owner.fetch("SELECT a::text AS a FROM account a UNION ALL SELECT i::text FROM idempotency i")
    assert len(found) > 1
    assert not any(GOOD in row["a"] for row in found)
    assert (await market.owner.fetchval("SELECT password FROM account")).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_what_cannot_be_used_is_refused_without_repeating_it(market: Market) -> None:
    for body in ({"password": "short"}, {"name": ""}, {"name": " x"}, {"role": "king"}, {"password": "x" * 201}):
        answer = await market.clients["maker"]._http.post(
            "/v1/accounts",
            json={"name": NAME, "role": "viewer", "password": GOOD, **body},
            headers={"Idempotency-Key": str(body)[:50].encode().hex()},
        )
        assert answer.status_code == 422
        assert "short" not in answer.text.replace("too_short", "")
        assert GOOD not in answer.text


async def test_another_enterprise_sees_and_changes_none_of_it(market: Market) -> None:
    made = await market.clients["maker"].add_account(wanted())
    rival = market.clients["rival"]
    assert await rival.accounts() == []
    assert await refusal(rival.change_account(made.id, AccountChange(disabled=True))) == "not_found"


async def test_the_operator_makes_the_first_account(market: Market, people: People) -> None:
    made = await create_account(market.dsn, "maker", wanted(role=Role.ADMIN), START)
    assert (await people.log_in()).account.id == made.id
    with pytest.raises(UsageError, match="already"):
        await create_account(market.dsn, market.id("maker"), wanted(), START)
    with pytest.raises(UsageError, match="no enterprise"):
        await create_account(market.dsn, "nobody", wanted(), START)


async def test_many_log_in_at_once_and_the_api_goes_on_answering(market: Market, people: People) -> None:
    """Hashing takes a core for a while: not the one that answers everybody else."""
    for number in range(20):
        await market.clients["maker"].add_account(wanted(f"p{number}@example.com"))
    tasks = [asyncio.create_task(people.log_in(f"p{number}@example.com")) for number in range(20)]
    began, asked = time.monotonic(), 0
    while not all(task.done() for task in tasks):
        await market.clients["buyer"].enterprise()
        asked += 1
    assert len({(await task).access_token for task in tasks}) == 20
    assert asked > 5, f"{asked} answers in {time.monotonic() - began:.1f} s"


async def test_the_bare_api_needs_no_key_to_log_in_and_keeps_answers_from_caches(
    market: Market, bare: httpx2.AsyncClient
) -> None:
    await market.clients["maker"].add_account(wanted())
    answer = await bare.post("/v1/login", json={"name": NAME, "password": GOOD})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert (await bare.post("/v1/logout")).status_code == 204
    assert (await bare.post("/v1/login/provider", json={"id_token": "x", "nonce": "x" * 16})).status_code == 404


async def test_control_a_key_s_rights_are_what_they_were(market: Market) -> None:
    key = await market.clients["maker"].add_key(KeyRequest(name="reader", scopes=frozenset({Scope.READ})))
    client = market.client(key.key)
    assert await refusal(client.accounts()) == "auth.scope"
    await client.close()
