"""Reads the API for one key, a few requests at a time; failures are Away, Refused or KeyRefused."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

import httpx2
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from cloud.booking.wire import Booking
from cloud.client import ApiError, ApiUnreachable, Client, Event
from cloud.errors import CloudError
from cloud.registry.model import Capacity, Enterprise, Machine, Site, States

T = TypeVar("T")

AT_ONCE = 8
"""Requests of one key that may be under way at the same time."""

MOST_PARTS = 20
PIECES = 600
"""So many states of a machine at most are told each; of more, what lasted longest."""
ANSWER_WITHIN = 5.0


class Away(CloudError):
    """The API, or its database (`code` database.away), does not answer; the same call may be made again."""

    retryable = True

    def __init__(self, message: str, code: str = "api.away") -> None:
        super().__init__(message)
        self.code = code


class StreamEnded(Away):
    """The API ended the event stream in good order: it goes down, or the token ran out that it was opened with."""


class KeyRefused(CloudError):
    """The registry does not accept the key, or not for reading."""

    code = "auth.invalid"


class Refused(CloudError):
    """The registry understood the call and says no: `code` and `detail` are its own, `problem` is all that it said."""

    def __init__(self, code: str, detail: str, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.problem = problem


class Health(BaseModel):
    """Business time at the registry, which runs `speed` times as fast as the wall clock."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    now: AwareDatetime
    speed: float = Field(default=1.0, gt=0)


class Registry:
    """The API as one key sees it. Close it with `aclose`."""

    def __init__(self, url: str, key: str | httpx2.Auth, *, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._client = Client(url, key, timeout=ANSWER_WITHIN, transport=transport)
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def aclose(self) -> None:
        await self._client.close()

    async def ask(self, call: Callable[[Client], Awaitable[T]]) -> T:
        """Any call of the API: `await registry.ask(lambda api: api.services())`.

        Raises Refused where the registry says no (403 too: not with this user's rights), KeyRefused where it no longer
        knows the key, Away where it does not answer.
        """
        async with self._turn:
            with understood(asked=True):
                return await call(self._client)

    async def health(self) -> Health:
        async with self._asking():
            return Health.model_validate(await self._client.health())

    async def enterprise(self) -> Enterprise:
        async with self._asking():
            return await self._client.enterprise()

    async def sites(self) -> tuple[Site, ...]:
        async with self._asking():
            return tuple(await self._client.sites())

    async def machines(self) -> tuple[Machine, ...]:
        async with self._asking():
            return tuple(await self._client.machines())

    async def bookings(self) -> tuple[Booking, ...]:
        async with self._asking():
            return tuple(await self._client.bookings())

    async def booking(self, identity: str) -> Booking:
        async with self._asking():
            return await self._client.booking(identity)

    async def parked(self) -> int:
        """How many messages were refused."""
        async with self._asking():
            return len(await self._client.parked())

    async def states(self, machine_id: str, start: datetime, end: datetime) -> States:
        """What the machine did over a window, asked for again and again where it is too much for one answer."""
        found = States(items=(), gaps=(), next_start=start)
        for _ in range(MOST_PARTS):
            if found.next_start is None:
                break
            async with self._asking():
                more = await self._client.states(machine_id, found.next_start, end, PIECES)
            items, gaps = (*found.items, *more.items), (*found.gaps, *more.gaps)
            found = States(items=items, gaps=gaps, next_start=more.next_start)
        return found

    async def capacity(self, machine_id: str, start: datetime, end: datetime) -> Capacity:
        async with self._asking():
            return await self._client.capacity(machine_id, start, end)

    async def events(self, opened: asyncio.Event) -> AsyncIterator[Event]:
        """What happens from when `opened` is set on; raises when the stream ends, however it does."""
        with understood():
            async for event in self._client.events(reconnect=False, opened=opened):
                yield event
        msg = "the event stream ended"
        raise StreamEnded(msg)

    @contextlib.asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        async with self._turn:
            with understood():
                yield


@contextlib.contextmanager
def understood(*, asked: bool = False) -> Iterator[None]:
    """Failures in the words of this dashboard; what was `asked` by a user may be refused."""
    try:
        yield
    except ApiUnreachable as error:
        raise Away(str(error)) from error
    except ApiError as error:
        if asked and 400 <= error.status < 500 and error.status != 401:
            raise Refused(error.code, str(error.facts.get("detail", "")), error.facts) from error
        if error.status in {401, 403}:
            raise KeyRefused(str(error)) from error
        raise Away(str(error), error.code) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        msg = f"an answer is not what this dashboard understands: {error.title} {place}: {first['msg']}"
        raise Away(msg, "api.strange") from error
