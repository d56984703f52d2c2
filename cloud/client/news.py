"""The enterprise's events, as they come."""

import asyncio
from collections.abc import AsyncIterator

import httpx2

from cloud.client.calls import Calls
from cloud.events.stream import Event, read
from cloud.failure import ApiError, ApiUnreachable, problem

RECONNECT = 1.0
"""Seconds (real) before a broken event stream is opened again."""


class NewsCalls(Calls):
    """What happens meanwhile."""

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
