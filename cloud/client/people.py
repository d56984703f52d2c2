"""The calls of people: logging in, one's own account, and the accounts that an administrator looks after."""

import secrets

import orjson
from pydantic import BaseModel, SecretStr

from cloud.accounts.model import (
    Account,
    AccountChange,
    AccountRequest,
    LoggedIn,
    LoginRequest,
    Me,
    PasswordChange,
    ProviderLogin,
    Renewal,
)
from cloud.api.page import Page
from cloud.client.calls import Calls


class PeopleCalls(Calls):
    """Requests that hold secrets are written here in full; elsewhere these models show stars."""

    async def log_in(self, request: LoginRequest) -> LoggedIn:
        """Needs no key; ApiError with code login.refused where nobody may log in with that."""
        return await self._logged_in("/v1/login", request)

    async def log_in_by_provider(self, request: ProviderLogin) -> LoggedIn:
        return await self._logged_in("/v1/login/provider", request)

    async def renew_login(self, request: Renewal) -> LoggedIn:
        return await self._logged_in("/v1/login/renew", request)

    async def log_out(self) -> None:
        await self._call("POST", "/v1/logout")

    async def me(self) -> Me:
        return await self._get(Me, "/v1/account")

    async def change_password(self, request: PasswordChange) -> None:
        await self._call("PUT", "/v1/account/password", body=_revealed(request), headers=_JSON)

    async def accounts(self) -> list[Account]:
        return await self._all(Page[Account], "/v1/accounts")

    async def add_account(self, request: AccountRequest, *, key: str | None = None) -> Account:
        headers = {**_JSON, "Idempotency-Key": key or secrets.token_hex(16)}
        answer = await self._call("POST", "/v1/accounts", body=_revealed(request), headers=headers)
        return Account.model_validate_json(answer, extra="ignore")

    async def change_account(self, account_id: str, request: AccountChange) -> Account:
        answer = await self._call("PATCH", f"/v1/accounts/{account_id}", body=_revealed(request), headers=_JSON)
        return Account.model_validate_json(answer, extra="ignore")

    async def _logged_in(self, path: str, request: BaseModel) -> LoggedIn:
        answer = await self._call("POST", path, body=_revealed(request), headers=_JSON)
        return LoggedIn.model_validate_json(answer, extra="ignore")


_JSON = {"Content-Type": "application/json"}


def _revealed(request: BaseModel) -> bytes:
    values = request.model_dump(exclude_unset=True)
    return orjson.dumps({name: v.get_secret_value() if isinstance(v, SecretStr) else v for name, v in values.items()})
