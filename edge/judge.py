"""The edge's final word on an order: may it come in, can the machine take it, does the plant need the time itself."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from edge.orders.admission import OrderPolicy, Refused, admit
from gateway.because import Because
from gateway.capacity import peak
from gateway.messages import CancelOrder, Order, OrderAnswer
from gateway.span import Span


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is answered, and why: `reason` for everybody, `detail` for the plant."""

    answer: Literal["accepted", "conflict", "refused", "cancelled"]
    reason: Because | None = None
    detail: str = ""

    def to(self, order: Order | CancelOrder, now: datetime) -> OrderAnswer:
        return OrderAnswer(
            booking=order.booking,
            revision=order.revision,
            machine=order.machine,
            answer=self.answer,
            reason=self.reason,
            at=now,
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """How the machine stands to one order: its rules, and what else wants the time.

    `policy` is None for a machine that this agent does not have; `receiver`: whether it has a list of job orders.
    """

    policy: OrderPolicy | None
    receiver: bool
    quantity: int
    needed: Sequence[Span] = ()
    others: Iterable[Order] = ()


def judge(order: Order, standing: Standing, now: datetime) -> Verdict:
    """The answer to a new order."""
    if standing.policy is None:
        return Verdict("refused", Because.MACHINE_UNKNOWN, f"this agent has no machine {order.machine}")
    admitted = admit(order, standing.policy, now)
    if isinstance(admitted, Refused):
        return Verdict("refused", admitted.code, admitted.reason)
    if not standing.receiver:
        return Verdict("refused", Because.NO_JOB_LIST, f"{order.machine} has no list of job orders")
    if standing.needed:
        return Verdict("conflict", Because.PLANT_NEEDS, f"the plant needs {standing.needed[0]} itself")
    claims = [(other.span, other.capacity) for other in standing.others if other.booking != order.booking]
    if peak([*claims, (order.span, order.capacity)], within=order.span) > standing.quantity:
        return Verdict("refused", Because.NO_ROOM)
    return Verdict("accepted")
