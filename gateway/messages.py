"""The wire contract: every payload that crosses the fence, versioned, and refusing what it does not know."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from gateway.announce import Announce
from gateway.capacity import CapacitySpan, CapacityType, Confidence, Reason
from gateway.errors import MessageRefused
from gateway.machine import PLANT, ItemState, OperationMode, Quality
from gateway.odds import Odds
from gateway.span import Span
from gateway.telemetry import Telemetry
from gateway.wire import Message, Name, Stream, Text, Unit

__all__ = [
    "STREAM",
    "Announce",
    "Booking",
    "CancelOrder",
    "Down",
    "GapNotice",
    "JobReport",
    "Message",
    "Name",
    "Order",
    "OrderAnswer",
    "Origin",
    "Samples",
    "StateChange",
    "Statement",
    "Stream",
    "Telemetry",
    "Text",
    "Unit",
    "Up",
    "decode_down",
    "decode_up",
    "encode",
]

Kind = TypeVar("Kind")

Origin = Annotated[str, Field(pattern=r"^(plant|bkg_[A-Za-z0-9]+)$")]
Booking = Annotated[str, Field(pattern=r"^bkg_[A-Za-z0-9]+$")]


class Statement(Message):
    """Control, up: a machine's capacity, gross (plant origin only), replacing all that was said in [start, end).

    `version` grows by at least one with every statement of the machine. `valid_until` is a lease: past it nothing is
    sold on this statement without asking the plant.
    """

    class Piece(BaseModel):
        """One coalesced span of the ledger. `chance` and `fading`: gateway.odds, where a forecast gave them."""

        model_config = ConfigDict(extra="forbid", frozen=True)

        start: AwareDatetime
        end: AwareDatetime
        type: CapacityType
        quantity: Annotated[int, Field(ge=0, le=1_000_000)]
        reason: Reason
        confidence: Confidence = Confidence.FIRM
        detail: Text | None = None
        chance: Annotated[float | None, Field(ge=0.01, le=1)] = None
        fading: Annotated[float | None, Field(ge=0, le=100)] = None

        @model_validator(mode="after")
        def _ends_after_start(self) -> "Statement.Piece":
            Span(self.start, self.end)
            return self

        def capacity(self) -> CapacitySpan:
            span = Span(self.start, self.end)
            odds = Odds(self.chance, self.fading or 0.0) if self.chance is not None else None
            return CapacitySpan(span, self.type, self.quantity, self.reason, self.confidence, self.detail, odds)

    kind: Literal["statement"] = "statement"
    machine: Name
    version: Annotated[int, Field(ge=1)]
    issued_at: AwareDatetime
    valid_until: AwareDatetime
    start: AwareDatetime
    end: AwareDatetime
    spans: Annotated[tuple[Piece, ...], Field(max_length=5000)]

    @model_validator(mode="after")
    def _inside(self) -> "Statement":
        whole = Span(self.start, self.end)
        if any(not whole.covers(Span(piece.start, piece.end)) for piece in self.spans):
            msg = "a piece lies outside the statement's own [start, end)"
            raise ValueError(msg)
        return self

    @staticmethod
    def pieces(ledger: tuple[CapacitySpan, ...]) -> "tuple[Statement.Piece, ...]":
        """The ledger as pieces, which need no second look: whatever can be a CapacitySpan is one."""
        return tuple(
            Statement.Piece.model_construct(
                start=part.span.start,
                end=part.span.end,
                type=part.type,
                quantity=part.quantity,
                reason=part.reason,
                confidence=part.confidence,
                detail=part.detail,
                chance=part.odds.chance if part.odds else None,
                fading=part.odds.fading if part.odds else None,
            )
            for part in ledger
        )


class StateChange(Message):
    """State, up: from `at` on the machine is in this state and mode.

    `origin` is `plant`, or the booking that it serves. `stamped` says whose clock `at` is: the source's, or the
    agent's where the source's stamp was missing or impossible.
    """

    kind: Literal["state"] = "state"
    machine: Name
    at: AwareDatetime
    state: ItemState
    mode: OperationMode = OperationMode.NONE
    origin: Origin = PLANT
    quality: Quality = Quality.GOOD
    stamped: Literal["source", "agent"] = "source"


class GapNotice(Message):
    """State, up: between `start` and `end` changes may have happened that nobody could see."""

    kind: Literal["gap"] = "gap"
    machine: Name
    start: AwareDatetime
    end: AwareDatetime
    reason: Text


class Samples(Message):
    """Telemetry or backfill, up: values of one signal that the plant named, as two columns of equal length.

    What agents said before there was `Telemetry`: it is still understood, as an outbox may hold it for weeks.
    """

    kind: Literal["samples"] = "samples"
    machine: Name
    signal: Name
    at: Annotated[tuple[float, ...], Field(max_length=10_000)]
    values: Annotated[tuple[float | int | bool | str | None, ...], Field(max_length=10_000)]

    @model_validator(mode="after")
    def _equal(self) -> "Samples":
        if len(self.at) != len(self.values):
            msg = f"{len(self.at)} times but {len(self.values)} values"
            raise ValueError(msg)
        return self


class Order(Message):
    """Control, down: a booking to be run, as an ISA-95 job order. A higher `revision` replaces a lower one.

    Past `not_after` it may no longer be started.
    """

    kind: Literal["order"] = "order"
    booking: Booking
    revision: Annotated[int, Field(ge=1)]
    machine: Name
    start: AwareDatetime
    end: AwareDatetime
    not_after: AwareDatetime
    work_master: Name
    quantity: Annotated[int, Field(ge=1)]
    capacity: Annotated[int, Field(ge=1)] = 1
    material: Text | None = None
    parameters: Mapping[Name, float | int | str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _ends_after_start(self) -> "Order":
        Span(self.start, self.end)
        return self

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


class CancelOrder(Message):
    """Control, down: the booking is off. What already runs is aborted; what has ended stays as it was."""

    kind: Literal["cancel_order"] = "cancel_order"
    booking: Booking
    revision: Annotated[int, Field(ge=1)]
    machine: Name
    reason: Text


class OrderAnswer(Message):
    """Control, up: the edge's final word on an order; `conflict` means that the plant itself needs the time."""

    kind: Literal["order_answer"] = "order_answer"
    booking: Booking
    revision: int
    machine: Name
    answer: Literal["accepted", "conflict", "refused", "cancelled"]
    reason: Text | None = None
    at: AwareDatetime


class JobReport(Message):
    """Control, up: what the machine did with the job. The last one (`ended`, `aborted`, `no_show`) carries the meter.

    `executing` is the measured time in ItemState Executing while the job ran.
    """

    kind: Literal["job_report"] = "job_report"
    booking: Booking
    revision: int
    machine: Name
    event: Literal["stored", "started", "ended", "aborted", "no_show"]
    at: AwareDatetime
    started: AwareDatetime | None = None
    ended: AwareDatetime | None = None
    executing: timedelta = timedelta()
    ordered_quantity: Annotated[int, Field(ge=0)] = 0
    good_quantity: Annotated[int, Field(ge=0)] = 0
    reason: Text | None = None


Up = Announce | Statement | StateChange | GapNotice | Samples | Telemetry | OrderAnswer | JobReport
Down = Order | CancelOrder

STREAM: dict[type[Message], Stream] = {
    Announce: Stream.CONTROL,
    Statement: Stream.CONTROL,
    OrderAnswer: Stream.CONTROL,
    JobReport: Stream.CONTROL,
    Order: Stream.CONTROL,
    CancelOrder: Stream.CONTROL,
    StateChange: Stream.STATE,
    GapNotice: Stream.STATE,
    Samples: Stream.TELEMETRY,
    Telemetry: Stream.TELEMETRY,
}
"""The stream that each message travels on; telemetry that an outage left behind goes on `backfill` instead."""

_UP: TypeAdapter[Up] = TypeAdapter(Annotated[Up, Field(discriminator="kind")])
_DOWN: TypeAdapter[Down] = TypeAdapter(Annotated[Down, Field(discriminator="kind")])


def encode(message: Message) -> bytes:
    """The message as the JSON bytes that the link carries."""
    return message.payload()


def decode_up(payload: bytes) -> Up:
    """A payload from an edge. Raises MessageRefused, naming each field that the contract does not admit."""
    return _decode(_UP, payload)


def decode_down(payload: bytes) -> Down:
    """A payload from the cloud. Raises MessageRefused likewise."""
    return _decode(_DOWN, payload)


def _decode(adapter: TypeAdapter[Kind], payload: bytes) -> Kind:
    try:
        return adapter.validate_json(payload)
    except ValidationError as error:
        faults = "; ".join(f"{_place(fault['loc'])}: {fault['msg']}" for fault in error.errors(include_url=False)[:5])
        raise MessageRefused(faults) from error


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location)) or "message"
