"""What an agent keeps of an accepted order, so that after a restart it is taken up where the machine has it."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from edge.orders.admission import OrderMode
from edge.orders.job import JobResponse, job_id
from gateway.because import Because
from gateway.messages import JobReport, Order

Event = Literal["stored", "started", "ended", "aborted", "no_show"]


class Phase(StrEnum):
    """How far the order has come, as far as we saw. `DONE` is final; the last report is out."""

    ACCEPTED = "accepted"
    STORED = "stored"
    RUNNING = "running"
    DONE = "done"


class OrderRecord(BaseModel):
    """One order on its way. `good_quantity`, `started`, `ended` are the machine's word, kept in case it forgets.

    `stores` counts how often the job was handed over, `refusal` is the machine's answer where it would not take it.
    `why` it ended so, for the plant. `cleared`: nothing of it is left on the machine.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    order: Order
    mode: OrderMode
    phase: Phase = Phase.ACCEPTED
    started: AwareDatetime | None = None
    ended: AwareDatetime | None = None
    good_quantity: Annotated[int, Field(ge=0)] = 0
    stores: Annotated[int, Field(ge=0)] = 0
    refusal: str | None = None
    cancelled: str | None = None
    outcome: Event | None = None
    why: str | None = None
    cleared: bool = False

    @property
    def job_id(self) -> str:
        return job_id(self.order)

    def seen(self, response: JobResponse) -> "OrderRecord":
        """With what the machine says of the job now; it never takes back a piece that it had counted."""
        return self.model_copy(
            update={
                "started": response.started or self.started,
                "ended": response.ended or self.ended,
                "good_quantity": max(self.good_quantity, response.good_quantity),
            }
        )

    def report(self, event: Event, at: AwareDatetime, executing: timedelta, reason: Because | None = None) -> JobReport:
        """The report of this event; the last ones carry the meter."""
        last = event in {"ended", "aborted", "no_show"}
        return JobReport(
            booking=self.order.booking,
            revision=self.order.revision,
            machine=self.order.machine,
            event=event,
            at=at,
            started=self.started,
            ended=self.ended if last else None,
            executing=executing if last else timedelta(),
            ordered_quantity=self.order.quantity,
            good_quantity=self.good_quantity,
            reason=reason,
        )


def load(document: bytes) -> OrderRecord:
    """A record as it was kept. Raises pydantic.ValidationError for one that another version wrote."""
    return OrderRecord.model_validate_json(document)


def dump(record: OrderRecord) -> bytes:
    return record.model_dump_json(exclude_none=True).encode()
