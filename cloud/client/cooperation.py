"""Agreements, inquiries with their quotes, alliances, and trust figures."""

import secrets
from datetime import datetime

from cloud.api.page import Page
from cloud.booking.wire import Booking
from cloud.client.calls import Calls
from cloud.cooperation.alliance import Alliance, AllianceRequest, JoinRequest, Pool, Revenue, Shows
from cloud.cooperation.inquiry import Inquiry, InquiryRequest, Quote, QuoteRequest
from cloud.cooperation.model import Agreement, AgreementRequest, ReasonRequest, Usages
from cloud.cooperation.trust import TrustAnswer


class CooperationCalls(Calls):
    """What the key's enterprise agreed on, asks, quotes, and how dealings with its partners went."""

    async def propose(self, request: AgreementRequest, *, key: str | None = None) -> Agreement:
        return await self._post(Agreement, "/v1/agreements", request, key)

    async def agreements(self, *, state: str | None = None) -> list[Agreement]:
        return await self._all(Page[Agreement], "/v1/agreements", state=state)

    async def agreement(self, agreement_id: str) -> Agreement:
        return await self._get(Agreement, f"/v1/agreements/{agreement_id}")

    async def usage(self, agreement_id: str, start: datetime | None = None, end: datetime | None = None) -> Usages:
        return await self._get(Usages, f"/v1/agreements/{agreement_id}/usage", start=start, end=end)

    async def accept_agreement(self, agreement_id: str, *, key: str | None = None) -> Agreement:
        return await self._post(Agreement, f"/v1/agreements/{agreement_id}/accept", ReasonRequest(), key)

    async def decline_agreement(
        self, agreement_id: str, reason: str | None = None, *, key: str | None = None
    ) -> Agreement:
        return await self._post(Agreement, f"/v1/agreements/{agreement_id}/decline", ReasonRequest(reason=reason), key)

    async def end_agreement(self, agreement_id: str, reason: str | None = None, *, key: str | None = None) -> Agreement:
        return await self._post(Agreement, f"/v1/agreements/{agreement_id}/end", ReasonRequest(reason=reason), key)

    async def inquire(self, request: InquiryRequest, *, key: str | None = None) -> Inquiry:
        return await self._post(Inquiry, "/v1/inquiries", request, key)

    async def inquiries(self, *, state: str | None = None) -> list[Inquiry]:
        return await self._all(Page[Inquiry], "/v1/inquiries", state=state)

    async def inquiry(self, inquiry_id: str) -> Inquiry:
        return await self._get(Inquiry, f"/v1/inquiries/{inquiry_id}")

    async def withdraw_inquiry(self, inquiry_id: str, *, key: str | None = None) -> Inquiry:
        return await self._post(Inquiry, f"/v1/inquiries/{inquiry_id}/withdraw", ReasonRequest(), key)

    async def quote(self, inquiry_id: str, request: QuoteRequest, *, key: str | None = None) -> Quote:
        return await self._post(Quote, f"/v1/inquiries/{inquiry_id}/quotes", request, key)

    async def withdraw_quote(self, quote_id: str, *, key: str | None = None) -> Quote:
        return await self._post(Quote, f"/v1/quotes/{quote_id}/withdraw", ReasonRequest(), key)

    async def take_quote(self, quote_id: str, *, key: str | None = None) -> Booking:
        return await self._post(Booking, f"/v1/quotes/{quote_id}/take", ReasonRequest(), key)

    async def trust(self, *, days: int | None = None) -> TrustAnswer:
        return await self._get(TrustAnswer, "/v1/trust", days=days)

    async def found_alliance(self, request: AllianceRequest, *, key: str | None = None) -> Alliance:
        return await self._post(Alliance, "/v1/alliances", request, key)

    async def alliances(self) -> list[Alliance]:
        return await self._all(Page[Alliance], "/v1/alliances")

    async def alliance(self, alliance_id: str) -> Alliance:
        return await self._get(Alliance, f"/v1/alliances/{alliance_id}")

    async def join_alliance(self, alliance_id: str, shows: Shows = "services", *, key: str | None = None) -> Alliance:
        return await self._post(Alliance, f"/v1/alliances/{alliance_id}/join", JoinRequest(shows=shows), key)

    async def decline_alliance(self, alliance_id: str, reason: str | None = None) -> None:
        body = ReasonRequest(reason=reason).model_dump_json().encode()
        headers = {"Idempotency-Key": secrets.token_hex(16), "Content-Type": "application/json"}
        await self._call("POST", f"/v1/alliances/{alliance_id}/decline", body=body, headers=headers)

    async def leave_alliance(self, alliance_id: str, reason: str | None = None, *, key: str | None = None) -> Alliance:
        return await self._post(Alliance, f"/v1/alliances/{alliance_id}/leave", ReasonRequest(reason=reason), key)

    async def pool_service(self, alliance_id: str, service_id: str) -> None:
        await self._call("PUT", f"/v1/alliances/{alliance_id}/services/{service_id}")

    async def unpool_service(self, alliance_id: str, service_id: str) -> None:
        await self._call("DELETE", f"/v1/alliances/{alliance_id}/services/{service_id}")

    async def pool(self, alliance_id: str) -> Pool:
        return await self._get(Pool, f"/v1/alliances/{alliance_id}/services")

    async def revenue(self, alliance_id: str, *, days: int | None = None) -> Revenue:
        return await self._get(Revenue, f"/v1/alliances/{alliance_id}/revenue", days=days)
