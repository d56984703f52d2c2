"""What people do is told in the audit trail with their name: log-ins, refused ones, changed accounts, and bookings."""

from typing import Any

from api_market import Market, booking, until

from cloud.accounts.model import AccountChange, AccountRequest, LoginRequest
from cloud.accounts.roles import Role
from cloud.client import ApiError

GOOD = "correct horse battery"


async def acts(market: Market, of: str, **filters: Any) -> dict[str, str | None]:
    """Actions by whom, of an enterprise."""
    return {act.action: act.account_id or act.by for act in (await market.clients[of].audit(**filters)).items}


async def test_what_a_person_did_is_told_with_the_account(market: Market) -> None:
    buyer = market.clients["buyer"]
    made = await buyer.add_account(AccountRequest(name="ada", role=Role.BOOKER, password=GOOD))
    opened = await buyer.log_in(LoginRequest(name="ada", password=GOOD))
    service_id, _ = await market.offer()
    client = market.client(opened.access_token)
    booked = await client.book(booking(service_id, 3, 4))
    await client.close()
    found = await acts(market, "buyer")
    assert found["account.added"] == "key"
    assert found["login.added"] == made.id
    assert (await acts(market, "buyer", object_id=booked.id))["booking.confirmed"] == made.id
    await buyer.change_account(made.id, AccountChange(role=Role.VIEWER))
    assert (await acts(market, "buyer", object_id=made.id))["account.changed"] == "key"
    assert (await acts(market, "rival")).get("login.added") is None


async def test_a_log_in_that_was_refused_is_told_to_the_enterprise_whose_account_it_is(market: Market) -> None:
    buyer = market.clients["buyer"]
    made = await buyer.add_account(AccountRequest(name="ada", role=Role.BOOKER, password=GOOD))
    for name in ("ada", "nobody"):
        try:
            await buyer.log_in(LoginRequest(name=name, password="wrong password"))
        except ApiError as refused:
            code = refused.code

    async def told() -> bool:
        return (await acts(market, "buyer", actor=made.id)).get("POST /v1/login") == made.id

    await until(told, 20)
    assert code == "login.refused"
    (act,) = [each for each in (await buyer.audit(actor=made.id)).items if each.action == "POST /v1/login"]
    assert (act.code, act.times) == ("login.refused", 1)
