"""One agent's way down: its rows numbered, sent, acknowledged, and said again when it lost some."""

import asyncio
import secrets
from datetime import datetime, timedelta
from random import SystemRandom

import asyncpg
import structlog

from cloud.db import reaching
from cloud.dispatch import store
from cloud.dispatch.journal import OutgoingJournal
from gateway.link import Acked, Lane, PeerClock, Resync, Sender, resync_note
from gateway.messages import Stream

log = structlog.get_logger(__name__)

MOVED = timedelta(seconds=1)
"""Real time by which an agent's clock must have moved against ours to be written down again."""


class Line:
    """The facts of an agent's way down between the database and the link's sender.

    The sender's calls are synchronous; what they leave to be written is done by `settle`. After any failure the line
    is to be thrown away and opened again: the database then says what was committed.
    """

    def __init__(self, connections: asyncpg.Pool, lane: Lane, journal: OutgoingJournal, bell: asyncio.Event) -> None:
        self.lane = lane
        self.journal = journal
        self.sender = Sender(journal, lane, SystemRandom(), streams=[Stream.CONTROL])
        self.bell = bell
        self.offset: timedelta | None = None
        """How far the agent's clock is ahead of ours for certain (real time), as last heard."""
        self._written: timedelta | None = None
        self._connections = connections
        self._again: str | None = None

    @classmethod
    async def open(cls, connections: asyncpg.Pool, lane: Lane, bell: asyncio.Event) -> "Line":
        """Read what the database has for the agent. Raises DatabaseAway."""
        async with reaching(), connections.acquire() as connection:
            journal = await store.load(connection, lane.agent, secrets.randbits(32))
        return cls(connections, lane, journal, bell)

    def on_effect(self, effect: Acked | Resync | PeerClock) -> None:
        """What the sender tells; only notes it, as this runs between two packets."""
        if isinstance(effect, Resync):
            self._again = effect.token
        self.bell.set()

    async def settle(self, now: datetime) -> bool:
        """Write acknowledgements and the agent's clock, queue again what was lost, number what is new; whether there is
        something new to send.

        Raises DatabaseAway.
        """
        acked, token, self._again = self.journal.settled(), self._again, None
        async with reaching(), self._connections.acquire() as connection, connection.transaction():
            if acked:
                await store.acknowledge(connection, acked, now)
            await self._note_clock(connection)
            if token:
                log.warning("an agent lost orders, they are sent again", agent=self.lane.agent)
                await store.say_again(connection, self.lane.agent, {resync_note("down", Stream.CONTROL): token}, now)
            rows = await store.number(connection, self.lane.agent, self.journal)
        if token:
            self.sender.resynced(Stream.CONTROL, token)
        self.journal.extend(rows)
        return bool(rows)

    async def _note_clock(self, connection: asyncpg.Connection) -> None:
        heard, known = self.offset, self._written
        if heard is not None and (known is None or abs(heard - known) >= MOVED):
            await store.note_clock(connection, self.lane.agent, heard)
            self._written = heard
