"""What people do that keys cannot: log in, change their password, and look after accounts."""

from typing import Any

from api_market import Market

from cloud.accounts.model import AccountRequest, LoginRequest
from cloud.accounts.roles import Role

PASSWORD = "correct horse battery"
PEOPLE_BODIES: dict[str, dict[str, Any]] = {
    "/v1/accounts": {"name": "another", "role": "viewer"},
    "/v1/accounts/{account_id}": {"role": "booker"},
    "/v1/account/password": {"old": PASSWORD, "new": "quite another one"},
    "/v1/login": {"name": "boss", "password": PASSWORD},
    "/v1/login/renew": {"refresh_token": "ts_token_none"},
    "/v1/login/provider": {"id_token": "none", "nonce": "0123456789abcdef"},
}
"""A good body for each route that wants one."""


async def someone(market: Market) -> str:
    """An account of the maker's."""
    return (await market.clients["maker"].add_account(AccountRequest(name="someone", role=Role.VIEWER))).id


async def people_act(market: Market) -> None:
    """An administrator comes in, looks, tries to go too far, changes the password, and renews the session."""
    wanted = AccountRequest(name="boss", role=Role.ADMIN, password=PASSWORD)
    boss = (await market.clients["maker"].add_account(wanted)).id
    session = await market.clients["maker"].log_in(LoginRequest(name="boss", password=PASSWORD))
    client = market.client(session.access_token)
    await client._http.get("/v1/account")
    await client._http.patch(f"/v1/accounts/{boss}", json={"disabled": True})
    for old in ("wrong password", PASSWORD):
        await client._http.put("/v1/account/password", json={"old": old, "new": PASSWORD})
    await client._http.post("/v1/login/renew", json={"refresh_token": session.refresh_token})
    await client.close()
