"""The one listening connection of a process: wakes whoever waits for events, and outlives its database."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterator

import asyncpg
import structlog

from cloud.db import AWAY

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
LOOK = 0.25
"""Seconds (real) between looks for news. A notification hastens the next one, but not every event has one."""
IDLE = 1.0
"""The same while nobody waits, when a look only asks whether the database is there."""
REST = 0.02
"""Seconds (real) between looks at the most."""
SLOW = 5.0
"""Seconds (real) after which an unanswered look counts as a lost database: a cut network tells nobody."""

_START = "SELECT split_part(ts_events_end(), '-', 1)"
_NEWS = "SELECT horizon, enterprise_ids FROM ts_news($1)"

log = structlog.get_logger()


class Hub:
    """Knows which enterprises have news, and by `ts_key` that keys were revoked.

    After a loss nobody knows what was missed, so everybody is woken and `forget` is called once it is back.
    `connected` is False while the database is away.
    """

    def __init__(self, dsn: str, forget: Callable[[], None]) -> None:
        self._dsn = dsn
        self._forget = forget
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._rung = asyncio.Event()
        self._closing = False
        self._horizon: str | None = None
        self.connected = False

    @property
    def closing(self) -> bool:
        """The process is about to end: streams should finish."""
        return self._closing

    def close(self) -> None:
        """Let every stream finish; from a signal handler by `call_soon_threadsafe`."""
        self._closing = True
        self._wake_all()

    @contextlib.contextmanager
    def waiting(self, enterprise_id: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever the enterprise has news; its holder clears it."""
        news = asyncio.Event()
        self._waiting[enterprise_id].add(news)
        self._rung.set()
        try:
            yield news
        finally:
            self._waiting[enterprise_id].discard(news)
            if not self._waiting[enterprise_id]:
                del self._waiting[enterprise_id]

    async def run(self) -> None:
        """Listen until cancelled; a lost database is said once, and once when it is back."""
        pause, said = FIRST_PAUSE, False
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
        connection: asyncpg.Connection = await asyncpg.connect(self._dsn, timeout=SLOW, command_timeout=SLOW)
        try:
            await connection.add_listener("ts_event", self._heard_event)
            await connection.add_listener("ts_key", self._heard_key)
            self._horizon = self._horizon or await connection.fetchval(_START)
            self.connected = True
            self._forget()
            self._wake_all()
            if recovered:
                log.info("the database is back")
            while True:
                await self._look(connection)
        finally:
            connection.terminate()

    async def _look(self, connection: asyncpg.Connection) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._rung.wait(), LOOK if self._waiting else IDLE)
        self._rung.clear()
        row = await connection.fetchrow(_NEWS, self._horizon)
        self._horizon = row["horizon"]
        for enterprise_id in row["enterprise_ids"]:
            self._wake(self._waiting.get(enterprise_id, ()))
        await asyncio.sleep(REST)

    def _heard_event(self, *_: object) -> None:
        if self._waiting:
            self._rung.set()

    def _heard_key(self, *_: object) -> None:
        self._forget()

    def _wake_all(self) -> None:
        for waiting in self._waiting.values():
            self._wake(waiting)

    @staticmethod
    def _wake(waiting: "set[asyncio.Event] | tuple[()]") -> None:
        for news in waiting:
            news.set()
