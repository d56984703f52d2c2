"""Orders that wait for a person of the plant to accept or refuse them, and are refused when nobody does in time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import structlog
from pydantic import ValidationError

from edge.archive import Archive, name_of
from edge.judge import Verdict
from edge.orders.asked import Asked
from edge.post import Letter
from gateway.because import Because
from gateway.messages import Order
from gateway.outbox import Outbox

log = structlog.get_logger(__name__)

ASKED = "asked"
"""The kind of document that keeps an order until a person has answered it."""

Answer = Literal["accept", "refuse"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of a person's answer: `ok` if the order is answered as they wished, else `text` says why not."""

    ok: bool
    text: str
    retryable: bool = False


@dataclass
class Approvals:
    """The orders that wait, by the name of their documents. Memory follows the outbox, never the other way round."""

    outbox: Outbox
    pending: dict[str, Asked] = field(default_factory=dict)

    def open(self) -> None:
        """What waited before the restart. Raises OutboxUnavailable."""
        for name, body in self.outbox.documents(ASKED).items():
            try:
                self.pending[name] = Asked.model_validate_json(body)
            except ValidationError:
                log.warning("another version's waiting order is kept and not asked for", order=name)

    def letter(self, asked: Asked) -> Letter:
        """The order is kept until it is answered; it takes the place of a lower revision."""
        body = asked.model_dump_json(exclude_none=True).encode()
        return Letter(documents={(ASKED, name_of(asked.order)): body}, removed=self.of(asked.order.booking))

    def of(self, booking: str) -> tuple[tuple[str, str], ...]:
        """The documents of a booking's orders that wait."""
        return tuple((ASKED, name) for name, asked in self.pending.items() if asked.order.booking == booking)

    def kept(self, asked: Asked) -> None:
        """The letter is in the outbox."""
        self.forget(asked.order.booking)
        self.pending[name_of(asked.order)] = asked

    def forget(self, booking: str) -> None:
        """The documents of this booking are removed from the outbox."""
        self.pending = {name: asked for name, asked in self.pending.items() if asked.order.booking != booking}

    def find(self, wanted: str) -> Asked | None:
        """By the booking, or by booking and revision as in `bkg_1-2`."""
        return next((each for name, each in self.pending.items() if wanted in {name, each.order.booking}), None)

    def overdue(self, now: datetime) -> list[Asked]:
        return [asked for asked in self.pending.values() if asked.until <= now]

    @property
    def deadline(self) -> datetime | None:
        """When the next of them is too late."""
        return min((asked.until for asked in self.pending.values()), default=None)

    def status(self) -> list[Mapping[str, Any]]:
        """What a person needs to know to answer, the most urgent first."""
        return [shown(asked) for asked in sorted(self.pending.values(), key=lambda each: each.until)]


def ask(order: Order, within: timedelta, now: datetime, *, there: bool) -> Asked:
    """The order waits for so long (business time), or until it could not be started any more."""
    return Asked(order=order, at=now, until=min(now + within, order.not_after, order.end), there=there)


def verdict_of(answer: Answer, reason: str) -> Verdict:
    """A person's own word as the answer; the reason that they give stays in the plant."""
    return Verdict("accepted", detail=reason) if answer == "accept" else Verdict("refused", Because.DECLINED, reason)


def too_late(asked: Asked) -> Verdict:
    return Verdict("refused", Because.NOT_ANSWERED, f"nobody answered it until {asked.until.isoformat()}")


def unknown(archive: Archive, wanted: str, answer: Answer, pending: Mapping[str, Asked]) -> Decision:
    """Why there is nothing to answer; the same answer given twice is no fault."""
    given = archive.answer_of(wanted)
    if given is not None:
        same = given.answer == ("accepted" if answer == "accept" else "refused")
        return Decision(same, f"{wanted} was {given.answer} already, at {given.at.isoformat()}; an answer is final")
    waiting = ", ".join(pending) or "none"
    return Decision(False, f"no order {wanted} waits for an answer; waiting: {waiting}")


def shown(asked: Asked) -> Mapping[str, Any]:
    order = asked.order
    return {
        "booking": order.booking,
        "revision": order.revision,
        "machine": order.machine,
        "start": order.start.isoformat(),
        "end": order.end.isoformat(),
        "work_master": order.work_master,
        "quantity": order.quantity,
        "material": order.material,
        "parameters": dict(order.parameters),
        "asked": asked.at.isoformat(),
        "answer_until": asked.until.isoformat(),
    }
