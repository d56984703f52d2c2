"""Looking for hours, and waiting for them."""

from cloud.api.page import Page
from cloud.client.calls import Calls
from cloud.market.model import SearchAnswer, SearchRequest
from cloud.market.slots import Slots, SlotsRequest
from cloud.registry.processes import Processes
from cloud.waiting.model import Waiting, WaitingRequest


class MarketCalls(Calls):
    """What others sell."""

    async def processes(self) -> Processes:
        return await self._get(Processes, "/v1/processes")

    async def search(self, request: SearchRequest) -> SearchAnswer:
        return await self._post(SearchAnswer, "/v1/search", request)

    async def slots(self, request: SlotsRequest) -> Slots:
        return await self._post(Slots, "/v1/search/slots", request)

    async def wait(self, request: WaitingRequest, *, key: str | None = None) -> Waiting:
        return await self._post(Waiting, "/v1/waiting", request, key)

    async def waiting(self) -> list[Waiting]:
        return await self._all(Page[Waiting], "/v1/waiting")

    async def leave(self, waiting_id: str) -> None:
        await self._call("DELETE", f"/v1/waiting/{waiting_id}")
