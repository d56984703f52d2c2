"""The way to a time series engine: written by `influxdb-client` with raw lines, read over plain HTTP."""

import asyncio
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import httpx2

from cloud.telemetry.model import StoreAway, StoreRefused
from cloud.telemetry.place import Place

if TYPE_CHECKING:
    from influxdb_client.client.influxdb_client import InfluxDBClient
    from influxdb_client.client.write_api import WriteApi

REFUSED = {400, 413, 422}
"""HTTP statuses by which an engine says that it will never take this body."""

PATIENCE = 10.0
"""Real seconds that a request may take."""


class Writer(Protocol):
    """Sends line protocol, times in µs; returns once the engine has answered. Raises StoreAway, StoreRefused."""

    async def write(self, body: bytes) -> None: ...

    async def close(self) -> None: ...


class ClientWriter:
    """Writes to /api/v2/write, synchronously: the batching of `influxdb-client` tells of failures by callbacks only."""

    def __init__(self, place: Place) -> None:
        self._place = place

    async def write(self, body: bytes) -> None:
        await asyncio.to_thread(self._write, body)

    async def close(self) -> None:
        if "_client" in self.__dict__:
            self._client.close()  # type: ignore[no-untyped-call]

    @cached_property
    def _client(self) -> "InfluxDBClient":
        from influxdb_client.client.influxdb_client import (  # noqa: PLC0415 - a second's import, for who uses it
            InfluxDBClient,
        )

        place = self._place
        return InfluxDBClient(
            place.url, place.token, org=place.org, timeout=round(PATIENCE * 1000), connection_pool_maxsize=8
        )

    @cached_property
    def _api(self) -> "WriteApi":
        from influxdb_client.client.write_api import SYNCHRONOUS  # noqa: PLC0415

        return self._client.write_api(SYNCHRONOUS)

    def _write(self, body: bytes) -> None:
        from influxdb_client.rest import ApiException  # noqa: PLC0415
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        try:
            self._api.write(self._place.bucket, self._place.org, body, write_precision="us")  # type: ignore[arg-type]
        except ApiException as error:
            raise answered(error.status or 0, str(error.body or error.reason)) from error
        except (HTTPError, OSError) as error:
            raise away(self._place, error) from error


class Reader:
    """GETs JSON of one engine."""

    def __init__(self, place: Place) -> None:
        self._place = place
        headers = {"Authorization": f"Token {place.token}"} if place.token else {}
        self._client = httpx2.AsyncClient(timeout=PATIENCE, headers=headers)

    async def get(self, path: str, **query: object) -> Any:
        """What it answers. Raises StoreAway, also where it answers with an error."""
        return (await self._get(path, query)).json()

    async def text(self, path: str) -> str:
        return str((await self._get(path, {})).text)

    async def version(self, path: str) -> str:
        """What every InfluxDB says of itself in a header of every answer; empty where it does not."""
        try:
            answer = await self._client.get(self._place.url + path)
        except httpx2.HTTPError as error:
            raise away(self._place, error) from error
        return str(answer.headers.get("x-influxdb-version", ""))

    async def close(self) -> None:
        await self._client.aclose()

    async def _get(self, path: str, query: Mapping[str, object]) -> httpx2.Response:
        try:
            answer = (
                await self._client.post(self._place.url + path, data=dict(query))
                if query
                else (await self._client.get(self._place.url + path))
            )
        except httpx2.HTTPError as error:
            raise away(self._place, error) from error
        if answer.status_code != 200:
            msg = f"the store of samples answers {answer.status_code}: {answer.text[:300]}"
            raise StoreAway(msg)
        return answer


def away(place: Place, error: Exception) -> StoreAway:
    """What to raise where nothing came back."""
    return StoreAway(f"the store of samples at {place.url} is away ({type(error).__name__}: {error})")


def answered(status: int, body: str) -> StoreAway | StoreRefused:
    """What to raise where an engine answered a write with an error."""
    detail = f"the store of samples answers {status}: {body[:300]}"
    return StoreRefused(detail) if status in REFUSED else StoreAway(detail)
