"""What the order book keeps in the outbox: what arrived, what was accepted and answered, and what was set aside."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from edge.orders.record import OrderRecord, Phase, load
from edge.post import Letter
from gateway.messages import CancelOrder, Order, OrderAnswer
from gateway.outbox import Outbox

log = structlog.get_logger(__name__)

ARRIVED, ACCEPTED, ANSWERED, PARKED, WITHDRAWN = "arrived", "order", "answer", "parked", "withdrawn"
"""Kinds of documents: payloads not judged yet, records of accepted orders, answers given, payloads that could not be
judged, and cancellations of which there is no record and the machine still has to be asked."""

KEPT = timedelta(days=7)
"""Business time for which what is over is remembered."""

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Parked(BaseModel):
    """A payload that could not be judged, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: AwareDatetime
    why: str
    payload: str


@dataclass
class Archive:
    """Reads it all; `unreadable` names the records that another version wrote, which are kept and not run."""

    outbox: Outbox
    unreadable: dict[str, str] = field(default_factory=dict)

    def arrived(self) -> list[tuple[str, bytes]]:
        """Payloads in the order of their arrival."""
        return sorted(self.outbox.documents(ARRIVED).items())

    def records(self) -> list[OrderRecord]:
        """Accepted orders, ended ones too."""
        found = (self._record(name, body) for name, body in self.outbox.documents(ACCEPTED).items())
        return [record for record in found if record is not None]

    def answered(self, name: str) -> OrderAnswer | None:
        """What was answered to an order before."""
        body = self.outbox.get(ANSWERED, name)
        return None if body is None else OrderAnswer.model_validate_json(body)

    def answer_of(self, wanted: str) -> OrderAnswer | None:
        """The last answer to a booking, or to one revision of it as in `bkg_1-2`."""
        found = [OrderAnswer.model_validate_json(body) for body in self.outbox.documents(ANSWERED).values()]
        mine = [each for each in found if wanted in {each.booking, f"{each.booking}-{each.revision}"}]
        return max(mine, key=lambda each: each.revision, default=None)

    def parked(self) -> dict[str, Parked]:
        return {name: _parked(body) for name, body in self.outbox.documents(PARKED).items()}

    def withdrawn(self) -> list[CancelOrder]:
        return [CancelOrder.model_validate_json(body) for body in self.outbox.documents(WITHDRAWN).values()]

    def old(self, now: datetime) -> Letter:
        """The removal of all that was over long ago."""
        records = {record.job_id: record for record in self.records()}
        done = [name for name, record in records.items() if record.phase is Phase.DONE]
        old = [(ACCEPTED, name) for name in done if records[name].order.end + KEPT < now]
        live = self.outbox.documents(ACCEPTED).keys() - {name for _, name in old}
        for name, body in self.outbox.documents(ANSWERED).items():
            if name not in live and OrderAnswer.model_validate_json(body).at + KEPT < now:
                old.append((ANSWERED, name))
        old += [(PARKED, name) for name, parked in self.parked().items() if parked.at + KEPT < now]
        return Letter(removed=tuple(old))

    def _record(self, name: str, body: bytes) -> OrderRecord | None:
        try:
            return load(body)
        except ValidationError as error:
            if name not in self.unreadable:
                log.exception("record of an order is unreadable, it is kept and not run", order=name)
            self.unreadable[name] = f"{error.error_count()} faults, the first: {error.errors()[0]['msg']}"
            return None


def name_of(order: Order) -> str:
    """The name of an order's documents."""
    return f"{order.booking}-{order.revision}"


def _parked(body: bytes) -> Parked:
    try:
        return Parked.model_validate_json(body)
    except ValidationError:
        return Parked(at=LONG_AGO, why="another version parked it", payload=body.decode(errors="replace"))
