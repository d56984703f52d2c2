"""Holds, bookings and bundles, by either side."""

from decimal import Decimal
from typing import Literal

from cloud.api.page import Page
from cloud.booking.bundle import Bundle, BundleRequest, SeriesRequest
from cloud.booking.wire import Amendment, Booking, BookingRequest, CancelRequest, Hold, HoldRequest
from cloud.client.calls import Calls
from cloud.settlement.wire import DisputeRequest, SettleRequest


class BookingCalls(Calls):
    """What the key's enterprise booked, and what was booked of it."""

    async def hold(self, request: HoldRequest, *, key: str | None = None) -> Hold:
        return await self._post(Hold, "/v1/holds", request, key)

    async def read_hold(self, hold_id: str) -> Hold:
        return await self._get(Hold, f"/v1/holds/{hold_id}")

    async def release(self, hold_id: str) -> None:
        await self._call("DELETE", f"/v1/holds/{hold_id}")

    async def book(self, request: BookingRequest, *, key: str | None = None) -> Booking:
        return await self._post(Booking, "/v1/bookings", request, key)

    async def cancel(self, booking_id: str, reason: str | None = None, *, key: str | None = None) -> Booking:
        return await self._post(Booking, f"/v1/bookings/{booking_id}/cancel", CancelRequest(reason=reason), key)

    async def confirm(self, booking_id: str, *, key: str | None = None) -> Booking:
        return await self._post(Booking, f"/v1/bookings/{booking_id}/confirm", CancelRequest(), key)

    async def decline(self, booking_id: str, reason: str | None = None, *, key: str | None = None) -> Booking:
        return await self._post(Booking, f"/v1/bookings/{booking_id}/decline", CancelRequest(reason=reason), key)

    async def extend(self, hold_id: str, *, key: str | None = None) -> Hold:
        return await self._post(Hold, f"/v1/holds/{hold_id}/extend", CancelRequest(), key)

    async def amend(self, booking_id: str, change: Amendment, *, key: str | None = None) -> Booking:
        return await self._post(Booking, f"/v1/bookings/{booking_id}", change, key, method="PATCH")

    async def accept(self, booking_id: str, *, key: str | None = None) -> Booking:
        return await self._post(Booking, f"/v1/bookings/{booking_id}/accept", CancelRequest(), key)

    async def settle(self, booking_id: str, due: Decimal | None = None, *, key: str | None = None) -> Booking:
        return await self._post(Booking, f"/v1/bookings/{booking_id}/settle", SettleRequest(due=due), key)

    async def dispute(self, booking_id: str, request: DisputeRequest, *, key: str | None = None) -> Booking:
        return await self._post(Booking, f"/v1/bookings/{booking_id}/dispute", request, key)

    async def book_bundle(self, request: BundleRequest, *, key: str | None = None) -> Bundle:
        return await self._post(Bundle, "/v1/bundles", request, key)

    async def book_series(self, request: SeriesRequest, *, key: str | None = None) -> Bundle:
        return await self._post(Bundle, "/v1/series", request, key)

    async def bundle(self, bundle_id: str) -> Bundle:
        return await self._get(Bundle, f"/v1/bundles/{bundle_id}")

    async def cancel_bundle(self, bundle_id: str, reason: str | None = None, *, key: str | None = None) -> Bundle:
        return await self._post(Bundle, f"/v1/bundles/{bundle_id}/cancel", CancelRequest(reason=reason), key)

    async def booking(self, booking_id: str) -> Booking:
        return await self._get(Booking, f"/v1/bookings/{booking_id}")

    async def bookings(
        self, *, state: str | None = None, machine_id: str | None = None, **only: object
    ) -> list[Booking]:
        """`only`: start and end (those that touch the time between them), role, at_risk."""
        return await self._all(Page[Booking], "/v1/bookings", state=state, machine_id=machine_id, **only)

    async def export(
        self, table: Literal["bookings", "ledger"], form: Literal["csv", "parquet"], **window: object
    ) -> bytes:
        """The whole file. `window`: start and end, either of which may be left out."""
        return await self._call("GET", f"/v1/exports/{table}.{form}", query=window)
