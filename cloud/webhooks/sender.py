"""Sends what is due: signed, to public addresses only, without following anybody elsewhere."""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
import httpx2
import orjson
import structlog

from cloud.webhooks import store
from cloud.webhooks.guard import Forbidden, allowed
from cloud.webhooks.model import DeliveryState, Due, next_try
from cloud.webhooks.sign import headers
from gateway.clock import Clock

PATIENCE = 10.0
"""Real seconds that a receiver has for its answer."""

WHILE = 1.0
"""Real seconds that a round waits for what it sends; what takes longer goes on beside the next rounds."""

LEASE = timedelta(seconds=60)
"""Real time after which a delivery whose sender died is tried by another."""

LONGEST_ERROR = 300

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Result:
    """What the receiver answered, or why there was no answer."""

    status: int | None
    error: str | None = None

    @property
    def ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Sender:
    """Queues and sends, a round at a time. `private` lets it send into private networks, and without TLS.

    A receiver that does not answer keeps its own webhook waiting and no other: a round waits a `while_` (real seconds)
    for what is on its way, and nothing more is sent there until that is over.
    """

    def __init__(
        self, connections: asyncpg.Pool, clock: Clock, *, private: bool = False, while_: float = WHILE
    ) -> None:
        self._connections = connections
        self._clock = clock
        self._private = private
        self._while = while_
        self._going: dict[asyncio.Task[None], str] = {}
        limits = httpx2.Limits(max_keepalive_connections=0)  # no connection outlives its delivery
        self._client = httpx2.AsyncClient(timeout=PATIENCE, follow_redirects=False, trust_env=False, limits=limits)

    async def round(self) -> int:
        """How many deliveries were begun. Raises DatabaseAway."""
        await store.queue(self._connections, self._clock.now())
        lease = self._clock.business(LEASE)
        found = await store.due(self._connections, self._clock.now(), lease, set(self._going.values()))
        for each in found:
            self._going[asyncio.create_task(self._deliver(each))] = each.webhook
        if self._going:
            over, _ = await asyncio.wait(self._going, timeout=self._while)
            for task in over:
                del self._going[task]
            await asyncio.gather(*over)
        return len(found)

    async def stop(self) -> None:
        """What is on its way is left to its lease; a round after that begins anew."""
        for task in self._going:
            task.cancel()
        await asyncio.gather(*self._going, return_exceptions=True)
        self._going.clear()

    async def _deliver(self, delivery: Due) -> None:
        result, now = await self._post(delivery), self._clock.now()
        if result.ok:
            await store.done(self._connections, delivery.id, DeliveryState.DELIVERED, None, result.status, None, now)
            return
        wait = next_try(delivery.attempts)
        state = DeliveryState.DUE if wait else DeliveryState.FAILED
        again = now + self._clock.business(wait) if wait else None
        await store.done(self._connections, delivery.id, state, again, result.status, result.error, now)
        if state is DeliveryState.FAILED:
            log.warning("webhook delivery given up", delivery=delivery.id, url=delivery.url, reason=result.error)

    async def _post(self, delivery: Due) -> Result:
        body = orjson.dumps(delivery.body, option=orjson.OPT_UTC_Z)
        signed = headers(delivery.secret, delivery.id, int(time.time()), body)
        try:
            address, port, host = await allowed(delivery.url, private=self._private)
            url = httpx2.URL(delivery.url)
            request = self._client.build_request(
                "POST",
                url.copy_with(host=address, port=port),
                content=body,
                headers={**signed, "Content-Type": "application/json", "Host": url.netloc.decode()},
                extensions={"sni_hostname": host},
            )
            async with asyncio.timeout(PATIENCE):
                response = await self._client.send(request, stream=True)
                await response.aclose()
        except (Forbidden, TimeoutError, httpx2.HTTPError, httpx2.InvalidURL, ValueError, OSError) as error:
            return Result(None, (str(error) or type(error).__name__)[:LONGEST_ERROR])
        return Result(response.status_code, None if response.is_success else f"answered {response.status_code}")
