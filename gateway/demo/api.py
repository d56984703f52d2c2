"""The demo's own view of the cloud's API: a plain HTTP client, as any partner would write it."""

import uuid
from types import TracebackType
from typing import Any, Self

import httpx2

from gateway.errors import GatewayError


class ApiRefused(GatewayError):
    """The API answered with a problem; the message is its own."""

    code = "demo.api_refused"


class Api:
    """One enterprise's access to the registry at `url`."""

    def __init__(self, url: str, key: str) -> None:
        self._http = httpx2.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=15)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def get(self, path: str, **parameters: str) -> Any:
        return _answer(await self._http.get(f"/v1/{path}", params=parameters))

    async def post(self, path: str, body: dict[str, object]) -> Any:
        """Each call is a new wish, so each has a new idempotency key."""
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        return _answer(await self._http.post(f"/v1/{path}", json=body, headers=headers))


def _answer(response: httpx2.Response) -> Any:
    if response.is_success:
        return response.json() if response.content else None
    request = f"{response.request.method} {response.request.url.path}"
    msg = f"{request} was answered {response.status_code}: {response.text[:600]}"
    raise ApiRefused(msg)
