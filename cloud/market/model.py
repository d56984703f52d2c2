"""A search and its answer as they cross the API's border."""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field, model_validator

from cloud.registry.capability import Tolerance, Workpiece
from cloud.registry.model import Id, Label, Latitude, Longitude, Material, Moment, Wire
from cloud.registry.processes import ProcessCode
from gateway.capacity import CapacityKind, Confidence
from gateway.money import Money
from gateway.span import Span

LONGEST_WINDOW = timedelta(days=92)


class Near(Wire):
    """Within `km` kilometres of a point, as the crow flies."""

    latitude: Latitude
    longitude: Longitude
    km: Annotated[float, Field(gt=0, le=20_100)]


class Split(Wire):
    """The job may be done in up to `pieces` stretches of one machine, none shorter than `least`."""

    pieces: Annotated[int, Field(ge=2, le=20)]
    least: Annotated[timedelta, Field(gt=timedelta(0), le=LONGEST_WINDOW)]


class SearchRequest(Wire):
    """`duration` of capacity somewhere in [start, end); without it, the whole of it. `max_price` is for all of it.

    A `process` that is a group takes any process of it. Each of the `materials` is to be worked, the workpiece to find
    room, the tolerance to be kept, and each certificate held until the job's end. `work_quantity`: how many units the
    work makes, where there is a price per unit.
    """

    kind: CapacityKind | None = None
    process: ProcessCode | None = None
    materials: Annotated[tuple[Material, ...], Field(max_length=20)] = ()
    workpiece: Workpiece | None = None
    tolerance: Tolerance | None = None
    certificates: Annotated[tuple[Label, ...], Field(max_length=20)] = ()
    start: Moment
    end: Moment
    duration: Annotated[timedelta | None, Field(gt=timedelta(0), le=LONGEST_WINDOW)] = None
    quantity: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    min_confidence: Confidence = Confidence.VERY_LOW
    max_price: Money | None = None
    work_quantity: Annotated[int | None, Field(ge=1, le=1_000_000)] = None
    split: Split | None = None
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
        if self.split and self.split.least > (self.duration or span.duration):
            msg = "a piece may not be longer than the duration"
            raise ValueError(msg)
        if self.split and self.split.pieces > (self.work_quantity or self.split.pieces):
            msg = "there are more pieces than units to be made"
            raise ValueError(msg)
        return self

    @property
    def window(self) -> Span:
        return Span(self.start, self.end)


class Piece(Wire):
    """One booking: when, at what price; `work_quantity`: how many of the units it makes, where they were named."""

    start: datetime
    end: datetime
    price: Money
    work_quantity: int | None = None


class Found(Wire):
    """One way to get what was asked for. `price` is for all of it, `rate` per hour and unit where no price band holds,
    `unit_price` for each unit made; `chance`: that all of it is idle; `why` explains, and `compared` says why it ranks
    where it does, beside the first. Several `pieces` are booked as the legs of one bundle (`POST /v1/bundles`). `zone`,
    `latitude` and `longitude` are the plant's, to 0.01 degrees.
    """

    service_id: str
    service_name: str
    provider_id: str
    provider_name: str
    machine_id: str
    process: str | None = None
    start: datetime
    end: datetime
    quantity: int
    confidence: Confidence
    chance: float
    price: Money
    rate: Money
    unit_price: Money | None = None
    instant: bool
    km: float | None
    zone: str = "UTC"
    latitude: float | None = None
    longitude: float | None = None
    why: tuple[str, ...]
    rank: int = 1
    compared: str = ""
    pieces: tuple[Piece, ...] = ()


class WouldDo(Wire):
    """A span that the service could give."""

    start: datetime
    end: datetime


class NearMiss(Wire):
    """A service that would have done but for one constraint: which, by how much, and what would do.

    `asked` and `offered` in words with their units; `remedy`: how to ask instead ("2 h earlier", "6061 instead of
    7075"); `would_do`: the span that would do then.
    """

    service_id: str
    service_name: str
    constraint: str
    detail: str
    asked: str | None = None
    offered: str | None = None
    remedy: str | None = None
    would_do: WouldDo | None = None


class SearchAnswer(Wire):
    """What was found, best first; where that is fewer than five, also what nearly was.

    The cheapest services are looked at first, until enough was found. Where `complete` is false there are more, dearer
    ones; if nothing was found, narrow the search.
    """

    items: tuple[Found, ...]
    near_misses: tuple[NearMiss, ...]
    complete: bool = True
