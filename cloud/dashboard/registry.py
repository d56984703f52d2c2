"""Reads the API for one key: every list to its end, and the stream of events; failures as Away or KeyRefused."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

import httpx2
from pydantic import ValidationError

from cloud.dashboard.model import (
    Booking,
    Capacity,
    Enterprise,
    Health,
    Machine,
    Read,
    Service,
    Site,
    States,
)
from cloud.errors import CloudError

Answer = TypeVar("Answer", bound=Read)

AT_ONCE = 8
"""Requests of one key that may be under way at the same time."""

MOST_PAGES = 20
PAGE = 200
ANSWER_WITHIN = 5.0
SILENCE = 60.0
"""Seconds (real) without even a heartbeat after which the event stream counts as broken."""


class Away(CloudError):
    """The API, or its database (`code` database.away), does not answer; the same call may be made again."""

    retryable = True

    def __init__(self, message: str, code: str = "api.away") -> None:
        super().__init__(message)
        self.code = code


class KeyRefused(CloudError):
    """The registry does not accept the key, or not for reading."""

    code = "auth.invalid"


class Registry:
    """The API as one key sees it. Close it with `aclose`."""

    def __init__(self, url: str, key: str, *, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._http = httpx2.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"},
            timeout=ANSWER_WITHIN,
            transport=transport,
            trust_env=False,
        )
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def health(self) -> Health:
        return await self._read("/v1/health", Health)

    async def enterprise(self) -> Enterprise:
        return await self._read("/v1/enterprise", Enterprise)

    async def machines(self) -> tuple[Machine, ...]:
        return await self._list("/v1/machines", Machine)

    async def sites(self) -> tuple[Site, ...]:
        return await self._list("/v1/sites", Site)

    async def services(self) -> tuple[Service, ...]:
        return await self._list("/v1/services", Service)

    async def bookings(self) -> tuple[Booking, ...]:
        return await self._list("/v1/bookings", Booking)

    async def booking(self, identity: str) -> Booking:
        return await self._read(f"/v1/bookings/{identity}", Booking)

    async def parked(self) -> int:
        """How many messages were refused; no more than one page is counted."""
        return len((await self._get("/v1/parked", limit=str(PAGE)))["items"])

    async def states(self, machine_id: str, start: datetime, end: datetime) -> States:
        """What the machine did over a window, asked for again and again where it is too much for one answer."""
        found = States(next_start=start)
        for _ in range(MOST_PAGES):
            if found.next_start is None:
                break
            more = await self._read(f"/v1/machines/{machine_id}/states", States, **_window(found.next_start, end))
            found = States(
                items=(*found.items, *more.items), gaps=(*found.gaps, *more.gaps), next_start=more.next_start
            )
        return found

    async def capacity(self, machine_id: str, start: datetime, end: datetime) -> Capacity:
        return await self._read(f"/v1/machines/{machine_id}/capacity", Capacity, **_window(start, end))

    @contextlib.asynccontextmanager
    async def events(self) -> AsyncIterator[AsyncIterator[tuple[str, Mapping[str, object]]]]:
        """The stream of (type, data) of what happens from now on; entered once it is open."""
        timeout = httpx2.Timeout(ANSWER_WITHIN, read=SILENCE)
        with _reaching():
            async with self._http.stream("GET", "/v1/events", timeout=timeout) as response:
                if response.is_error:
                    await response.aread()
                    _check(response)
                yield _told(response)

    async def _read(self, path: str, model: type[Answer], **query: str) -> Answer:
        return _understood(model, await self._get(path, **query), path)

    async def _list(self, path: str, model: type[Answer]) -> tuple[Answer, ...]:
        found: list[Answer] = []
        query = {"limit": str(PAGE)}
        for _ in range(MOST_PAGES):
            page = await self._get(path, **query)
            found += [_understood(model, item, path) for item in page["items"]]
            if not page.get("next_cursor"):
                break
            query["cursor"] = page["next_cursor"]
        return tuple(found)

    async def _get(self, path: str, **query: str) -> dict[str, Any]:
        async with self._turn:
            with _reaching():
                response = await self._http.get(path, params=query)
        _check(response)
        answer: dict[str, Any] = response.json()
        return answer


def _window(start: datetime, end: datetime) -> dict[str, str]:
    return {"start": start.isoformat(), "end": end.isoformat()}


async def _told(response: httpx2.Response) -> AsyncIterator[tuple[str, Mapping[str, object]]]:
    async for event in httpx2.EventSource(response):
        body = event.json()
        data = body.get("data", body) if isinstance(body, dict) else {}
        yield event.event, data if isinstance(data, dict) else {}


@contextlib.contextmanager
def _reaching() -> Iterator[None]:
    try:
        yield
    except (httpx2.TransportError, httpx2.StreamError) as error:
        msg = f"the API does not answer ({type(error).__name__})"
        raise Away(msg) from error


def _check(response: httpx2.Response) -> None:
    if response.status_code in {401, 403}:
        msg = f"the registry refuses the key ({response.status_code})"
        raise KeyRefused(msg)
    if response.is_error:
        msg = f"the API answers {response.status_code} to {response.request.url.path}"
        raise Away(msg, _code(response))


def _code(response: httpx2.Response) -> str:
    try:
        return str(response.json().get("code", "api.away"))
    except (ValueError, AttributeError):
        return "api.away"


def _understood(model: type[Answer], answer: object, path: str) -> Answer:
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        msg = f"the answer of {path} is not what this dashboard understands: {error}"
        raise Away(msg, "api.strange") from error
