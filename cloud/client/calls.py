"""One call of the API: what is sent, what a refusal or silence becomes, and lists read to their end."""

import functools
import secrets
import ssl
from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2
import orjson
from pydantic import BaseModel

from cloud.api.page import Page
from cloud.failure import ApiUnreachable, problem

Model = TypeVar("Model", bound=BaseModel)

IDLE = 2.0
"""Seconds (real) that an unused connection is kept; less than servers do (uvicorn: 5), lest both ends part at once."""


class Calls:
    """A key's connection to the API, which the calls of every domain share."""

    def __init__(
        self,
        url: str,
        key: str | httpx2.Auth,
        *,
        timeout: float = 30.0,
        connections: int = 20,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = httpx2.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"} if isinstance(key, str) else None,
            auth=None if isinstance(key, str) else key,
            timeout=timeout,
            limits=httpx2.Limits(max_connections=connections, keepalive_expiry=IDLE),
            transport=transport,
            verify=_tls(),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def health(self) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = orjson.loads(await self._call("GET", "/v1/health"))
        return answer

    async def _get(self, model: type[Model], path: str, **query: object) -> Model:
        return model.model_validate_json(await self._call("GET", path, query=query), extra="ignore")

    async def _post(
        self, model: type[Model], path: str, request: BaseModel, key: str | None = None, *, method: str = "POST"
    ) -> Model:
        headers = {"Idempotency-Key": key or secrets.token_hex(16), "Content-Type": "application/json"}
        body = request.model_dump_json(exclude_unset=True).encode()
        answer = await self._call(method, path, body=body, headers=headers)
        return model.model_validate_json(answer, extra="ignore")

    async def _all(self, model: type[Page[Model]], path: str, **query: object) -> list[Model]:
        items: list[Model] = []
        cursor: str | None = None
        while True:
            page = await self._get(model, path, **query, cursor=cursor, limit=200)
            items += page.items
            if (cursor := page.next_cursor) is None:
                return items

    async def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        asked = {name: _written(value) for name, value in (query or {}).items() if value is not None}
        try:
            response = await self._http.request(method, path, params=asked, content=body, headers=headers)
        except httpx2.TransportError as error:
            msg = f"{method} {path}: nobody answered ({type(error).__name__}); send it again with the same key"
            raise ApiUnreachable(msg) from error
        if response.is_success:
            return response.content
        raise problem(response)


@functools.cache
def _tls() -> ssl.SSLContext:
    """Read once: the authorities' certificates take longer to load than most calls."""
    return httpx2.create_ssl_context()


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
