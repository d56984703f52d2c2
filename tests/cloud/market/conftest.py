"""Services, needs and hours as short as tests want them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cloud.market.candidate import Candidate, Need, Skill, Step, Task
from gateway.capacity import Confidence
from gateway.money import Money
from gateway.odds import Odds
from gateway.span import Span

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Shop:
    """Makes what the tests speak of; times in hours after `now`, money in EUR."""

    now = NOW

    def at(self, hours: float) -> datetime:
        return NOW + hours * HOUR

    def span(self, start: float, end: float) -> Span:
        return Span(self.at(start), self.at(end))

    def step(self, start: float, end: float, quantity: int = 1, confidence: int = 5) -> Step:
        left = tuple(quantity if band <= confidence else 0 for band in Confidence)
        return Step(self.span(start, end), left, Odds(max(Confidence(confidence).floor, 0.01)))  # type: ignore[arg-type]

    def euros(self, amount: str | Decimal) -> Money:
        return Money(amount=Decimal(amount), currency="EUR")

    def candidate(self, *steps: Step, skill: Skill | None = None, rate: str = "60", **terms: Any) -> Candidate:
        names = {"service_name": "milling", "provider_id": "ent_1", "provider_name": "plant", "machine_id": "mch_1"}
        money = {"rate": self.euros(rate), "setup_fee": self.euros("0")}
        times = {"notice": timedelta(0), "min_duration": timedelta(0), "max_duration": None, "valid_until": self.at(5)}
        rest = {"service_id": "svc_1", "instant": True, "min_confidence": Confidence.VERY_LOW, "last_receipt_at": NOW}
        given = {**names, **money, **times, **rest, "km": None}
        return Candidate(**{**given, **terms}, skill=skill or Skill(), steps=steps)

    def need(self, start: float = 0, end: float = 24, hours: float = 2, **more: Any) -> Need:
        given = {"quantity": 1, "min_confidence": Confidence.VERY_LOW, "max_price": None, "task": Task()}
        fresh_after = NOW - timedelta(minutes=5)
        return Need(self.span(start, end), hours * HOUR, **{**given, **more}, now=NOW, fresh_after=fresh_after)


@pytest.fixture(scope="session")
def shop() -> Shop:
    return Shop()
