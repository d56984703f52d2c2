"""The plant's disclosure policy: what of a message may cross the fence, and how coarse."""

from typing import Annotated, assert_never

from pydantic import BaseModel, ConfigDict, Field

from gateway.because import public
from gateway.messages import Announce, GapNotice, JobReport, OrderAnswer, Samples, StateChange, Statement, Up


class MachineDisclosure(BaseModel):
    """What one machine lets out. The defaults let out what booking needs and nothing else.

    `signals` names the raw signals that may cross; an order's number (`detail`) stays in unless `order_details`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    capacity: bool = True
    states: bool = True
    order_details: bool = False
    signals: frozenset[Annotated[str, Field(min_length=1)]] = frozenset()


class Disclosure(BaseModel):
    """The plant's policy: a default, and machines for which it differs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    default: MachineDisclosure = MachineDisclosure()
    machines: dict[str, MachineDisclosure] = Field(default_factory=dict)

    def of(self, machine: str) -> MachineDisclosure:
        return self.machines.get(machine, self.default)


def cross(policy: Disclosure, message: Up) -> Up | None:
    """The message as it may leave the plant, or None where it must stay in."""
    match message:
        case Samples():
            return message if message.signal in policy.of(message.machine).signals else None
        case StateChange() | GapNotice():
            return message if policy.of(message.machine).states else None
        case Statement():
            return _statement(policy.of(message.machine), message)
        case OrderAnswer() | JobReport():
            return message.model_copy(update={"reason": public(message.reason)})
        case Announce():
            return message
        case _:
            assert_never(message)


def _statement(rule: MachineDisclosure, statement: Statement) -> Statement | None:
    if not rule.capacity:
        return None
    if rule.order_details:
        return statement
    bare = tuple(piece.model_copy(update={"detail": None}) for piece in statement.spans)
    return statement.model_copy(update={"spans": bare})
