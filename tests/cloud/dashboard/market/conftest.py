"""What a search may find, as small as a test needs it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloud.dashboard.market.form import usual
from cloud.dashboard.when import When, zone_named
from cloud.dashboard.words import Words
from cloud.market.model import Found, NearMiss

NOW = datetime(2026, 3, 2, 6, 20, tzinfo=UTC)
VIENNA = zone_named("Europe/Vienna")


class Made:
    """Results and misses around NOW, a Monday morning in Vienna."""

    now = NOW
    zone = VIENNA

    def when(self, language: str = "en") -> When:
        return When(NOW, VIENNA, Words(language))

    def at(self, hours: float) -> datetime:
        return datetime(2026, 3, 2, 6, tzinfo=UTC) + timedelta(hours=hours)

    def values(self, **typed: str) -> dict[str, str]:
        return {**usual(NOW, VIENNA), **typed}

    def found(self, start: float = 2, end: float = 6, amount: str = "240.00", **more: Any) -> Found:
        money = {"amount": amount, "currency": "EUR"}
        told = {"service_id": "svc_1", "service_name": "milling", "provider_id": "ent_1", "provider_name": "Works"}
        told |= {"machine_id": "mch_1", "start": self.at(start), "end": self.at(end), "quantity": 1, "confidence": 5}
        told |= {"chance": 0.97, "price": money, "rate": {"amount": "60", "currency": "EUR"}, "instant": True}
        return Found.model_validate({**told, "km": None, "why": (), **more})

    def miss(self, constraint: str, detail: str = "in other words", **more: Any) -> NearMiss:
        told = {"service_id": "svc_9", "service_name": "milling", "constraint": constraint, "detail": detail}
        return NearMiss.model_validate({**told, **more})


@pytest.fixture
def made() -> Made:
    return Made()
