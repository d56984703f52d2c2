"""The one LISTEN connection of a process: wakes whoever waits for an enterprise's events, and outlives its database."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterator

import asyncpg
import structlog

from cloud.db import AWAY

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
CHECK = 5.0
"""Seconds (real) between questions whether the connection still lives: a cut network tells nobody."""

log = structlog.get_logger()


class Hub:
    """Hears `ts_event` (an enterprise has news) and `ts_key` (keys were revoked).

    After a loss nobody knows what was missed, so everybody is woken and `forget` is called once it is back.
    `connected` is False while the database is away.
    """

    def __init__(self, dsn: str, forget: Callable[[], None]) -> None:
        self._dsn = dsn
        self._forget = forget
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._closing = asyncio.Event()
        self.connected = False

    @property
    def closing(self) -> bool:
        """The process is about to end: streams should finish."""
        return self._closing.is_set()

    def close(self) -> None:
        """Let every stream finish; safe to call from a signal handler by `call_soon_threadsafe`."""
        self._closing.set()
        self._wake_all()

    @contextlib.contextmanager
    def waiting(self, enterprise_id: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever the enterprise may have news; its holder clears it."""
        news = asyncio.Event()
        self._waiting[enterprise_id].add(news)
        try:
            yield news
        finally:
            self._waiting[enterprise_id].discard(news)
            if not self._waiting[enterprise_id]:
                del self._waiting[enterprise_id]

    async def run(self) -> None:
        """Listen until cancelled; a lost database is said once, and once when it is back."""
        pause = FIRST_PAUSE
        said = False
        while True:
            try:
                await self._listen(recovered=said)
            except AWAY as error:
                pause = FIRST_PAUSE if self.connected else min(pause * 2, LONGEST_PAUSE)
                if self.connected or not said:
                    log.warning("the database is away", error=f"{type(error).__name__}: {error}")
                self.connected, said = False, True
            await asyncio.sleep(pause)

    async def _listen(self, *, recovered: bool) -> None:
        connection: asyncpg.Connection = await asyncpg.connect(self._dsn, timeout=CHECK)
        try:
            await connection.add_listener("ts_event", self._heard_event)
            await connection.add_listener("ts_key", self._heard_key)
            self.connected = True
            self._forget()
            self._wake_all()
            if recovered:
                log.info("the database is back")
            while True:
                await connection.fetchval("SELECT 1", timeout=CHECK)
                await self._lost_within(connection, CHECK)
        finally:
            connection.terminate()

    @staticmethod
    async def _lost_within(connection: asyncpg.Connection, seconds: float) -> None:
        lost = asyncio.Event()
        told: Callable[[object], None] = lambda _: lost.set()  # noqa: E731 - the listener is removed by identity
        connection.add_termination_listener(told)
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(lost.wait(), seconds)
        finally:
            connection.remove_termination_listener(told)

    def _heard_event(self, _: object, __: int, ___: str, enterprise_id: object) -> None:
        for news in self._waiting.get(str(enterprise_id), ()):
            news.set()

    def _heard_key(self, *_: object) -> None:
        self._forget()

    def _wake_all(self) -> None:
        for waiting in self._waiting.values():
            for news in waiting:
                news.set()
