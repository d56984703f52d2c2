"""When a machine's capacity is said again: bad news at once, good news when it lasted, all before the lease ends."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from edge.layers import join
from gateway.capacity import CapacitySpan, CapacityType, available, levels
from gateway.messages import Statement
from gateway.span import Span


@dataclass(frozen=True, slots=True)
class Terms:
    """In business time: how long a statement is good for, and how long better news must last before it is said."""

    lease: timedelta = timedelta(minutes=5)
    settle: timedelta = timedelta(seconds=2)

    @property
    def heartbeat(self) -> timedelta:
        """Two statements may get lost before the lease runs out."""
        return self.lease / 3


@dataclass(frozen=True, slots=True)
class Said:
    """The last statement. `changed_at`: since when something else is true that was not said yet."""

    version: int = 0
    ledger: tuple[CapacitySpan, ...] = ()
    within: Span | None = None
    changed_at: datetime | None = None


def consider(
    said: Said, ledger: Sequence[CapacitySpan], within: Span, now: datetime, terms: Terms
) -> tuple[Said, bool]:
    """Whether to say this ledger now, and what to remember of it.

    Less to sell is said at once. Any other change that a buyer would notice is said when it has lasted for
    `terms.settle`, so a machine that flaps moves nobody. And all is said again each heartbeat.
    """
    if said.within is None or now - said.within.start >= terms.heartbeat:
        return said, True
    common = said.within.intersection(within)
    if common is None:
        return said, True
    before, after = clip(said.ledger, common), clip(ledger, common)
    if before == after:
        return replace(said, changed_at=None), False
    since = said.changed_at or now
    return replace(said, changed_at=since), _less(before, after) or now - since >= terms.settle


def statement(machine: str, said: Said, now: datetime, terms: Terms) -> Statement:
    """The statement of what was said."""
    if said.within is None:
        msg = "nothing was said yet"
        raise ValueError(msg)
    return Statement(
        machine=machine,
        version=said.version,
        issued_at=now,
        valid_until=now + terms.lease,
        start=said.within.start,
        end=said.within.end,
        spans=Statement.pieces(said.ledger),
    )


def due(said: Said, terms: Terms) -> datetime | None:
    """When `consider` says yes, if nothing changes any more; None: at once."""
    if said.within is None:
        return None
    heartbeat = said.within.start + terms.heartbeat
    return min(heartbeat, said.changed_at + terms.settle) if said.changed_at else heartbeat


def bare(ledger: Iterable[CapacitySpan]) -> tuple[CapacitySpan, ...]:
    """The ledger without the numbers of orders, in as few spans as that allows."""
    return tuple(join(replace(part, detail=None) for part in ledger))


def clip(ledger: Iterable[CapacitySpan], within: Span) -> list[CapacitySpan]:
    """The part of a ledger that lies in `within`."""
    inside = ((part, part.span.intersection(within)) for part in ledger)
    return [replace(part, span=span) for part, span in inside if span]


def _less(before: Sequence[CapacitySpan], after: Sequence[CapacitySpan]) -> bool:
    """Whether there is an instant at which fewer units, or less certain ones, are Available than before."""
    lost = [
        *((step.span, step.quantity) for step in available(before)),
        *((step.span, -step.quantity) for step in available(after)),
    ]
    if any(step.quantity > 0 for step in levels(lost)):
        return True
    firm = [part for part in before if part.type is CapacityType.AVAILABLE]
    weak = [part for part in after if part.type is CapacityType.AVAILABLE]
    return any(one.confidence > other.confidence for one in firm for other in weak if one.span.overlaps(other.span))
