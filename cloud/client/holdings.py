"""What an enterprise has and lets in: sites, agents, services, partners, keys."""

from cloud.api.page import Page
from cloud.client.calls import Calls
from cloud.exports.model import Feed, NewFeed
from cloud.partners.model import KeyAnswer, KeyRequest, NewKey
from cloud.registry.model import (
    Agent,
    AgentRequest,
    Enterprise,
    NewAgent,
    Parked,
    Service,
    ServiceRequest,
    Site,
    SiteRequest,
    Wire,
)


class HoldingCalls(Calls):
    """Who am I, and what is mine."""

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

    async def add_feed(self, *, key: str | None = None) -> NewFeed:
        """An address for calendars; shown this once."""
        return await self._post(NewFeed, "/v1/feeds", Wire(), key)

    async def feeds(self) -> list[Feed]:
        return await self._all(Page[Feed], "/v1/feeds")

    async def remove_feed(self, feed_id: str) -> None:
        await self._call("DELETE", f"/v1/feeds/{feed_id}")
