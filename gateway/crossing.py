"""The plant's disclosure policy: what of a message may cross the fence, and how coarse."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Annotated, assert_never
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from gateway.because import public, unseen
from gateway.capacity import CapacitySpan
from gateway.coarse import Detail, coarse
from gateway.messages import Announce, GapNotice, JobReport, OrderAnswer, Samples, StateChange, Statement, Telemetry, Up
from gateway.span import Span


def _detail(value: object) -> object:
    """`true` and `false` are short for all and nothing."""
    if isinstance(value, bool):
        return Detail.SPANS if value else Detail.NONE
    return value


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        msg = "is not a time zone of the IANA database; write for example `Europe/Berlin` or `UTC`"
        raise ValueError(msg) from error
    return name


Zone = Annotated[str, AfterValidator(_zone)]


class MachineDisclosure(BaseModel):
    """What one machine lets out. The defaults let out what booking needs and nothing else.

    `capacity`: how much of its hours (see Detail). `signals` names the raw signals that may cross; an order's number
    (`detail`) stays in unless `order_details`. `zone`: by whose clock hours and blocks are counted; None: the policy's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    capacity: Annotated[Detail, BeforeValidator(_detail)] = Detail.SPANS
    states: bool = True
    order_details: bool = False
    signals: frozenset[Annotated[str, Field(min_length=1)]] = frozenset()
    zone: Zone | None = None

    def shown(self, ledger: Sequence[CapacitySpan], within: Span) -> list[CapacitySpan]:
        """As much of a ledger over `within` as may be seen outside."""
        grain = self.capacity.grain
        if grain is not None:
            return coarse(ledger, grain, within, ZoneInfo(self.zone or "UTC"))
        if self.order_details:
            return list(ledger)
        return [piece if piece.detail is None else replace(piece, detail=None) for piece in ledger]


class Disclosure(BaseModel):
    """The plant's policy: a default, and what differs from it for some machines. `zone`: the plant's clock."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zone: Zone = "UTC"
    default: MachineDisclosure = MachineDisclosure()
    machines: dict[str, MachineDisclosure] = Field(default_factory=dict)

    def of(self, machine: str) -> MachineDisclosure:
        return self._clocked.get(machine) or self._clocked[""]

    def _differing(self, rule: MachineDisclosure) -> MachineDisclosure:
        return self.default.model_copy(update={key: getattr(rule, key) for key in rule.model_fields_set})

    @cached_property
    def _clocked(self) -> Mapping[str, MachineDisclosure]:
        """Each rule with its clock; the default has no name, and says what a machine's rule does not."""
        rules = {name: self._differing(rule) for name, rule in self.machines.items()} | {"": self.default}
        return {name: rule.model_copy(update={"zone": rule.zone or self.zone}) for name, rule in rules.items()}


def cross(policy: Disclosure, message: Up) -> Up | None:
    """The message as it may leave the plant, or None where it must stay in."""
    match message:
        case Samples():
            return message if message.signal in policy.of(message.machine).signals else None
        case Telemetry():
            return message.only(policy.of(message.machine).signals)
        case StateChange() | GapNotice():
            return _seen(message) if policy.of(message.machine).states else None
        case Statement():
            return _statement(policy.of(message.machine), message)
        case OrderAnswer() | JobReport():
            return message.model_copy(update={"reason": public(message.reason)})
        case Announce():
            return _announce(policy, message)
        case _:
            assert_never(message)


def _announce(policy: Disclosure, announce: Announce) -> Announce:
    """Of the units, those of signals that the plant named: what else a machine measures is nobody's business."""
    told = tuple(_named(policy.of(machine.name), machine) for machine in announce.machines)
    return announce if told == announce.machines else announce.model_copy(update={"machines": told})


def _named(rule: MachineDisclosure, machine: Announce.Machine) -> Announce.Machine:
    units = {signal: unit for signal, unit in (machine.units or {}).items() if signal in rule.signals}
    return machine if units == machine.units else machine.model_copy(update={"units": units or None})


def _seen(message: StateChange | GapNotice) -> StateChange | GapNotice:
    if isinstance(message, StateChange):
        return message
    return message.model_copy(update={"reason": unseen(message.reason)})


def _statement(rule: MachineDisclosure, statement: Statement) -> Statement | None:
    if rule.capacity is Detail.NONE:
        return None
    ledger = [piece.capacity() for piece in statement.spans]
    told = rule.shown(ledger, Span(statement.start, statement.end))
    if told == ledger:
        return statement
    return statement.model_copy(update={"spans": Statement.pieces(tuple(told))})
