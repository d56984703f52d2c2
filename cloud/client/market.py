"""Looking for hours, and waiting for them."""

from cloud.api.page import Page
from cloud.booking.bundle import BundleRequest
from cloud.booking.wire import BookingRequest, Work
from cloud.client.calls import Calls
from cloud.market.match import shares
from cloud.market.model import Found, SearchAnswer, SearchRequest
from cloud.market.slots import Slots, SlotsRequest
from cloud.registry.processes import Processes
from cloud.waiting.model import Waiting, WaitingRequest
from gateway.span import Span


def bundle_of(found: Found, work: Work) -> BundleRequest:
    """How a match is booked: a leg for each of its pieces, all or none, and the work shared by their lengths."""
    made = shares(work.quantity, [Span(piece.start, piece.end) for piece in found.pieces])
    same = {"service_id": found.service_id, "machine_id": found.machine_id, "quantity": found.quantity}
    legs = tuple(
        BookingRequest(
            start=piece.start, end=piece.end, work=work.model_copy(update={"quantity": max(units, 1)}), **same
        )
        for piece, units in zip(found.pieces, made, strict=True)
    )
    return BundleRequest(legs=legs)


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
