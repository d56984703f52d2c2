"""The plant's disclosure policy: what of a message may cross the fence, and how coarse."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, assert_never

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from gateway.because import public
from gateway.capacity import CapacitySpan
from gateway.coarse import Detail, coarse
from gateway.messages import Announce, GapNotice, JobReport, OrderAnswer, Samples, StateChange, Statement, Telemetry, Up
from gateway.span import Span


def _detail(value: object) -> object:
    """`true` and `false` are short for all and nothing."""
    if isinstance(value, bool):
        return Detail.SPANS if value else Detail.NONE
    return value


class MachineDisclosure(BaseModel):
    """What one machine lets out. The defaults let out what booking needs and nothing else.

    `capacity`: how much of its hours (see Detail). `signals` names the raw signals that may cross; an order's number
    (`detail`) stays in unless `order_details`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    capacity: Annotated[Detail, BeforeValidator(_detail)] = Detail.SPANS
    states: bool = True
    order_details: bool = False
    signals: frozenset[Annotated[str, Field(min_length=1)]] = frozenset()

    def shown(self, ledger: Sequence[CapacitySpan], within: Span) -> list[CapacitySpan]:
        """As much of a ledger over `within` as may be seen outside."""
        grain = self.capacity.grain
        if grain is not None:
            return coarse(ledger, grain, within)
        if self.order_details:
            return list(ledger)
        return [piece if piece.detail is None else replace(piece, detail=None) for piece in ledger]


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
        case Telemetry():
            return message.only(policy.of(message.machine).signals)
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
    if rule.capacity is Detail.NONE:
        return None
    ledger = [piece.capacity() for piece in statement.spans]
    told = rule.shown(ledger, Span(statement.start, statement.end))
    if told == ledger:
        return statement
    return statement.model_copy(update={"spans": Statement.pieces(tuple(told))})
