"""How the house runs."""

from cloud.api.page import Page
from cloud.client.calls import Calls
from cloud.operations.model import AgentLink, Hook, Hooks, Ingest, ParkedLine, ParkedLines, Stores


class OperationCalls(Calls):
    """Agents and their links, what comes in, stores, deliveries."""

    async def links(self) -> list[AgentLink]:
        return await self._all(Page[AgentLink], "/v1/operations/agents")

    async def latest_parked(self, limit: int = 50) -> tuple[ParkedLine, ...]:
        return (await self._get(ParkedLines, "/v1/operations/parked", limit=limit)).items

    async def ingest(self, minutes: int = 60) -> Ingest:
        return await self._get(Ingest, "/v1/operations/ingest", minutes=minutes)

    async def stores(self) -> Stores:
        return await self._get(Stores, "/v1/operations/stores")

    async def hooks(self) -> tuple[Hook, ...]:
        return (await self._get(Hooks, "/v1/operations/webhooks")).items
