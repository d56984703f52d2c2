"""Agreements as they cross the API's border: what is proposed, what holds, and how much of its quota is used."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from cloud.booking.wire import Text
from cloud.cooperation.states import AgreementState
from cloud.registry.model import Duration, Id, Label, Moment, Wire, Zone
from gateway.money import Money
from gateway.span import Span

LONGEST = timedelta(days=3660)
MOST_SERVICES = 50

Period = Literal["week", "month"]
Side = Literal["provider", "booker"]


class AgreementRequest(Wire):
    """A proposal to `partner_id`; `role` is the proposer's own side. The other side accepts or declines it.

    `rate` is per hour and unit of quantity, in place of the services' price and price bands; set-up fees, prices per
    unit made and cancellation terms stay theirs. `quota_hours` are hours times quantity that may be called off in a
    calendar week or month of `zone`; what is left of it is not carried over.
    """

    name: Label
    role: Side
    partner_id: Id
    service_ids: Annotated[tuple[Id, ...], Field(min_length=1, max_length=MOST_SERVICES)]
    rate: Money
    quota_hours: Annotated[float, Field(ge=0.25, le=1_000_000, allow_inf_nan=False)]
    period: Period
    zone: Zone = "UTC"
    notice: Annotated[Duration | None, Field(description="in place of the services' own; without it, theirs")] = None
    priority: Annotated[int, Field(ge=0, le=9, description="the higher is served first on the waiting list")] = 0
    start: Moment
    end: Moment
    note: Text | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if Span(self.start, self.end).duration > LONGEST:
            msg = f"an agreement holds for at most {LONGEST.days} days"
            raise ValueError(msg)
        if len(set(self.service_ids)) < len(self.service_ids):
            msg = "service_ids names a service twice"
            raise ValueError(msg)
        if self.rate.amount < 0:
            msg = "the rate may not be negative"
            raise ValueError(msg)
        return self

    def terms(self) -> dict[str, Any]:
        """As the registry's function takes them."""
        value = self.model_dump(mode="json", exclude={"notice"})
        return {**value, "notice_s": self.notice.total_seconds() if self.notice is not None else None}


class Usage(Wire):
    """What was called off of the quota in one period: hours times quantity of the bookings that begin in it."""

    start: datetime
    end: datetime
    quota_hours: float
    used_hours: float
    left_hours: float


class Usages(Wire):
    """The periods that were asked for, the oldest first; of a long time, no more than `limit` of the API."""

    items: tuple[Usage, ...]


class AgreedService(Wire):
    """A service that may be called off by an agreement, as long as it is `active`."""

    id: str
    name: str
    active: bool


class Agreement(Wire):
    """An agreement, as either of its sides sees it; nobody else does. `role` is the caller's own side."""

    id: str
    name: str
    state: AgreementState
    role: Side
    proposed_by: str
    provider_id: str
    provider_name: str
    booker_id: str
    booker_name: str
    services: tuple[AgreedService, ...]
    rate: Money
    quota_hours: float
    period: Period
    zone: str
    notice: timedelta | None
    priority: int
    start: datetime
    end: datetime
    note: str | None
    reason: Annotated[str | None, Field(description="why it was declined or ended")] = None
    current: Annotated[Usage | None, Field(description="of the period now; when read, while it holds")] = None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, told: Mapping[str, Any], tenant: str, current: Usage | None = None) -> "Agreement":
        """The agreement that the JSON of ts_agreement_json describes."""
        value = dict(told)
        seconds = value.pop("notice_s")
        return cls.model_validate(
            {
                **value,
                "role": "provider" if told["provider_id"] == tenant else "booker",
                "notice": timedelta(seconds=seconds) if seconds is not None else None,
                "current": current,
            }
        )


class ReasonRequest(Wire):
    """Why, in words that both sides will read."""

    reason: Text | None = None


def usage(quota_hours: float, start: datetime, end: datetime, used: float) -> Usage:
    """What is left of a period's quota; nothing where more was used than is agreed, never less."""
    left = max(quota_hours - used, 0.0)
    return Usage(start=start, end=end, quota_hours=quota_hours, used_hours=round(used, 3), left_hours=round(left, 3))
