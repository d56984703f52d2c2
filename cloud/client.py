"""A thin typed client of the API: what a partner's program, the dashboard and the tests call it with."""

import asyncio
import functools
import secrets
import ssl
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2
import orjson
from pydantic import BaseModel

from cloud.api.page import Page
from cloud.booking.bundle import Bundle, BundleRequest, SeriesRequest
from cloud.booking.wire import Amendment, Booking, BookingRequest, CancelRequest, Hold, HoldRequest
from cloud.events.stream import Event, read
from cloud.failure import ApiError, ApiUnreachable, problem
from cloud.market.model import SearchAnswer, SearchRequest
from cloud.partners.model import KeyAnswer, KeyRequest, NewKey
from cloud.registry.model import (
    Agent,
    AgentRequest,
    Capacity,
    Enterprise,
    Machine,
    NewAgent,
    Parked,
    Service,
    ServiceRequest,
    Site,
    SiteRequest,
    States,
)
from cloud.telemetry.wire import Rollups, Samples, Signals, Width
from cloud.waiting.model import Waiting, WaitingRequest

__all__ = ["ApiError", "ApiUnreachable", "Client", "Event"]

Model = TypeVar("Model", bound=BaseModel)

IDLE = 2.0
"""Seconds (real) that an unused connection is kept; less than servers do (uvicorn: 5), lest both ends part at once."""

RECONNECT = 1.0
"""Seconds (real) before a broken event stream is opened again."""


class Client:
    """The calls of one key. Times in answers are UTC; every call raises ApiError or ApiUnreachable.

    Writes take an idempotency key; without one each call is a new intention.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout: float = 30.0,
        connections: int = 20,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = httpx2.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"},
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

    # Who am I, and what is mine.

    async def health(self) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = orjson.loads(await self._call("GET", "/v1/health"))
        return answer

    async def enterprise(self) -> Enterprise:
        return await self._get(Enterprise, "/v1/enterprise")

    async def add_site(self, request: SiteRequest, *, key: str | None = None) -> Site:
        return await self._post(Site, "/v1/sites", request, key)

    async def sites(self) -> list[Site]:
        return await self._all(Page[Site], "/v1/sites")

    async def add_agent(self, request: AgentRequest, *, key: str | None = None) -> NewAgent:
        return await self._post(NewAgent, "/v1/agents", request, key)

    async def agents(self) -> list[Agent]:
        return await self._all(Page[Agent], "/v1/agents")

    async def add_service(self, request: ServiceRequest, *, key: str | None = None) -> Service:
        return await self._post(Service, "/v1/services", request, key)

    async def services(self) -> list[Service]:
        return await self._all(Page[Service], "/v1/services")

    async def withdraw_service(self, service_id: str) -> None:
        await self._call("DELETE", f"/v1/services/{service_id}")

    async def add_partner(self, enterprise_id: str) -> None:
        await self._call("PUT", f"/v1/partners/{enterprise_id}")

    async def remove_partner(self, enterprise_id: str) -> None:
        await self._call("DELETE", f"/v1/partners/{enterprise_id}")

    async def add_key(self, request: KeyRequest, *, key: str | None = None) -> NewKey:
        return await self._post(NewKey, "/v1/keys", request, key)

    async def keys(self) -> list[KeyAnswer]:
        return await self._all(Page[KeyAnswer], "/v1/keys")

    async def revoke_key(self, key_id: str) -> None:
        await self._call("DELETE", f"/v1/keys/{key_id}")

    async def parked(self) -> list[Parked]:
        return await self._all(Page[Parked], "/v1/parked")

    # Machines.

    async def machines(self) -> list[Machine]:
        return await self._all(Page[Machine], "/v1/machines")

    async def machine(self, machine_id: str) -> Machine:
        return await self._get(Machine, f"/v1/machines/{machine_id}")

    async def states(self, machine_id: str, start: datetime | None = None, end: datetime | None = None) -> States:
        return await self._get(States, f"/v1/machines/{machine_id}/states", start=start, end=end)

    async def capacity(self, machine_id: str, start: datetime | None = None, end: datetime | None = None) -> Capacity:
        return await self._get(Capacity, f"/v1/machines/{machine_id}/capacity", start=start, end=end)

    async def signals(self, machine_id: str) -> Signals:
        return await self._get(Signals, f"/v1/machines/{machine_id}/signals")

    async def samples(self, machine_id: str, signal: str, **window: object) -> Samples:
        return await self._get(Samples, f"/v1/machines/{machine_id}/samples", signal=signal, **window)

    async def rollups(self, machine_id: str, width: Width, **window: object) -> Rollups:
        return await self._get(Rollups, f"/v1/machines/{machine_id}/rollups", width=width, **window)

    # The market.

    async def search(self, request: SearchRequest) -> SearchAnswer:
        return await self._post(SearchAnswer, "/v1/search", request)

    async def hold(self, request: HoldRequest, *, key: str | None = None) -> Hold:
        return await self._post(Hold, "/v1/holds", request, key)

    async def read_hold(self, hold_id: str) -> Hold:
        return await self._get(Hold, f"/v1/holds/{hold_id}")

    async def release(self, hold_id: str) -> None:
        await self._call("DELETE", f"/v1/holds/{hold_id}")

    async def book(self, request: BookingRequest, *, key: str | None = None) -> Booking:
        return await self._post(Booking, "/v1/bookings", request, key)

    async def cancel(self, booking_id: str, reason: str | None = None, *, key: str | None = None) -> Booking:
        return await self._post(Booking, f"/v1/bookings/{booking_id}/cancel", CancelRequest(reason=reason), key)

    async def confirm(self, booking_id: str, *, key: str | None = None) -> Booking:
        return await self._post(Booking, f"/v1/bookings/{booking_id}/confirm", CancelRequest(), key)

    async def decline(self, booking_id: str, reason: str | None = None, *, key: str | None = None) -> Booking:
        return await self._post(Booking, f"/v1/bookings/{booking_id}/decline", CancelRequest(reason=reason), key)

    async def extend(self, hold_id: str, *, key: str | None = None) -> Hold:
        return await self._post(Hold, f"/v1/holds/{hold_id}/extend", CancelRequest(), key)

    async def amend(self, booking_id: str, change: Amendment, *, key: str | None = None) -> Booking:
        return await self._post(Booking, f"/v1/bookings/{booking_id}", change, key, method="PATCH")

    async def accept(self, booking_id: str, *, key: str | None = None) -> Booking:
        return await self._post(Booking, f"/v1/bookings/{booking_id}/accept", CancelRequest(), key)

    async def book_bundle(self, request: BundleRequest, *, key: str | None = None) -> Bundle:
        return await self._post(Bundle, "/v1/bundles", request, key)

    async def book_series(self, request: SeriesRequest, *, key: str | None = None) -> Bundle:
        return await self._post(Bundle, "/v1/series", request, key)

    async def bundle(self, bundle_id: str) -> Bundle:
        return await self._get(Bundle, f"/v1/bundles/{bundle_id}")

    async def cancel_bundle(self, bundle_id: str, reason: str | None = None, *, key: str | None = None) -> Bundle:
        return await self._post(Bundle, f"/v1/bundles/{bundle_id}/cancel", CancelRequest(reason=reason), key)

    async def wait(self, request: WaitingRequest, *, key: str | None = None) -> Waiting:
        return await self._post(Waiting, "/v1/waiting", request, key)

    async def waiting(self) -> list[Waiting]:
        return await self._all(Page[Waiting], "/v1/waiting")

    async def leave(self, waiting_id: str) -> None:
        await self._call("DELETE", f"/v1/waiting/{waiting_id}")

    async def booking(self, booking_id: str) -> Booking:
        return await self._get(Booking, f"/v1/bookings/{booking_id}")

    async def bookings(self, *, state: str | None = None, machine_id: str | None = None) -> list[Booking]:
        return await self._all(Page[Booking], "/v1/bookings", state=state, machine_id=machine_id)

    async def events(
        self, after: str | None = None, *, reconnect: bool = True, opened: asyncio.Event | None = None
    ) -> AsyncIterator[Event]:
        """The enterprise's events, after a cursor ("" from the first, None from now on), for as long as one listens.

        A broken stream is opened again where it broke off. A refusal (a revoked key, say) raises ApiError.
        `opened` is set once the stream is open: what is read after that misses nothing that it does not tell.
        """
        while True:
            headers = {} if after is None else {"Last-Event-ID": after}
            try:
                async with self._http.stream("GET", "/v1/events", headers=headers, timeout=60) as response:
                    if response.status_code != 200:
                        await response.aread()
                        raise problem(response)
                    async for cursor, event in read(response.aiter_lines(), opened):
                        after = cursor
                        if event:
                            yield event
            except httpx2.TransportError as error:
                if not reconnect:
                    msg = f"the event stream broke off ({type(error).__name__}); open it again after {after!r}"
                    raise ApiUnreachable(msg) from error
            except ApiError as error:
                if not (reconnect and error.retryable):
                    raise
            if not reconnect:
                return
            await asyncio.sleep(RECONNECT)

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
