"""Bookings around NOW, as small as a test needs them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloud.booking.wire import Booking
from cloud.dashboard.bookings.choose import Names
from cloud.dashboard.when import When, zone_named
from cloud.dashboard.words import Words

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)


class Made:
    """One's own enterprise is ent_own, the other side ent_guest; NOW is 07:00 on a Monday in Vienna."""

    now = NOW
    zone = zone_named("Europe/Vienna")
    names = Names({"mch_1": "mill-1"}, "ent_own", Words("en"))

    def when(self, language: str = "en") -> When:
        return When(NOW, self.zone, Words(language))

    def at(self, hours: float) -> datetime:
        return NOW + timedelta(hours=hours)

    def booking(self, start: float = 2, end: float = 4, state: str = "CONFIRMED", **given: Any) -> Booking:
        told = {"id": "bkg_1", "machine_id": "mch_1", "start": self.at(start), "end": self.at(end), "state": state}
        told |= {"role": "provider", "service_id": "svc_1", "provider_id": "ent_own", "booker_id": "ent_guest"}
        told |= {"booker_name": "Guest", "provider_name": "Own", "quantity": 1, "at_risk": False, "revision": 1}
        told |= {"work": {"work_master": "bracket", "quantity": 10}, "price": {"amount": "120", "currency": "EUR"}}
        return Booking.model_validate({**told, "created_at": NOW, "updated_at": NOW, **given})

    def abroad(self, start: float = 2, end: float = 4, state: str = "CONFIRMED", **given: Any) -> Booking:
        """One that we made elsewhere."""
        theirs = {"role": "booker", "provider_id": "ent_guest", "booker_id": "ent_own", "machine_id": "mch_far"}
        return self.booking(start, end, state, **{**theirs, "provider_name": "Guest", "booker_name": "Own", **given})


@pytest.fixture
def made() -> Made:
    return Made()
