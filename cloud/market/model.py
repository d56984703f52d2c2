"""A search and its answer as they cross the API's border."""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field, model_validator

from cloud.registry.model import Id, Latitude, Longitude, Moment, Process, Wire
from gateway.capacity import CapacityKind, Confidence
from gateway.money import Money
from gateway.span import Span

LONGEST_WINDOW = timedelta(days=92)


class Near(Wire):
    """Within `km` kilometres of a point, as the crow flies."""

    latitude: Latitude
    longitude: Longitude
    km: Annotated[float, Field(gt=0, le=20_100)]


class SearchRequest(Wire):
    """`duration` of capacity somewhere in [start, end); without it, the whole of it. `max_price` is for all of it."""

    kind: CapacityKind | None = None
    process: Process | None = None
    start: Moment
    end: Moment
    duration: Annotated[timedelta | None, Field(gt=timedelta(0), le=LONGEST_WINDOW)] = None
    quantity: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    min_confidence: Confidence = Confidence.VERY_LOW
    max_price: Money | None = None
    service_id: Id | None = None
    near: Near | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20

    @model_validator(mode="after")
    def _window(self) -> "SearchRequest":
        span = Span(self.start, self.end)
        if span.duration > LONGEST_WINDOW:
            msg = f"the window is longer than {LONGEST_WINDOW.days} days"
            raise ValueError(msg)
        if self.duration and self.duration > span.duration:
            msg = "the duration does not fit between start and end"
            raise ValueError(msg)
        return self

    @property
    def window(self) -> Span:
        return Span(self.start, self.end)


class Found(Wire):
    """One way to get what was asked for. `price` is for the whole span, `rate` per hour and unit where no price band
    holds; `chance`: that all of the span is idle; `why` explains. `zone`, `latitude` and `longitude` are the plant's,
    to 0.01 degrees.
    """

    service_id: str
    service_name: str
    provider_id: str
    provider_name: str
    machine_id: str
    start: datetime
    end: datetime
    quantity: int
    confidence: Confidence
    chance: float
    price: Money
    rate: Money
    instant: bool
    km: float | None
    zone: str = "UTC"
    latitude: float | None = None
    longitude: float | None = None
    why: tuple[str, ...]


class WouldDo(Wire):
    """A span that the service could give."""

    start: datetime
    end: datetime


class NearMiss(Wire):
    """A service that would have done but for one constraint: which, by how much, and what would do."""

    service_id: str
    service_name: str
    constraint: str
    detail: str
    would_do: WouldDo | None = None


class SearchAnswer(Wire):
    """What was found, best first, and what nearly was.

    The cheapest services are looked at first, until enough was found. Where `complete` is false there are more, dearer
    ones; if nothing was found, narrow the search.
    """

    items: tuple[Found, ...]
    near_misses: tuple[NearMiss, ...]
    complete: bool = True
