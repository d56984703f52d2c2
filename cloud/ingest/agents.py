"""Who the agents are and which key each signs with, as the registry knows them; asked rarely, even under a flood."""

import time

import asyncpg

from cloud.db import reaching
from cloud.ingest.model import Agent

ONE = "SELECT id, enterprise_id, site_id, key_id, key FROM agent WHERE id = $1"

FRESH = 30.0
"""Real seconds for which an answer is good."""

PATIENCE = 2.0
"""Real seconds before an agent that is unknown, or whose key is another, is asked for again."""

MOST = 10_000
"""Names remembered; anybody on the broker can make up more."""


class Agents:
    """A cache in front of the table `agent`, also of who is not in it."""

    def __init__(self, connections: asyncpg.Pool) -> None:
        self._connections = connections
        self._known: dict[str, tuple[float, Agent | None]] = {}

    async def find(self, agent_id: str, *, doubtful: bool = False) -> Agent | None:
        """The agent, or None for one that the registry does not know. `doubtful`: its key did not fit."""
        asked, agent = self._known.get(agent_id, (float("-inf"), None))
        good_for = FRESH if agent and not doubtful else PATIENCE
        if time.monotonic() - asked < good_for:
            return agent
        async with reaching(), self._connections.acquire() as connection:
            row = await connection.fetchrow(ONE, agent_id)
        found = Agent(row["id"], row["enterprise_id"], row["site_id"], row["key_id"], row["key"]) if row else None
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[agent_id] = (time.monotonic(), found)
        return found
