"""When a machine's capacity is said again, and how much of it: bad news at once, good news when it lasted, each as the
stretch of time that it concerns; a sign of life before the lease ends; and now and then all of it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from edge.layers import join
from gateway.capacity import CapacitySpan, CapacityType, Confidence, levels
from gateway.messages import Statement
from gateway.span import Span

SIGN = timedelta(hours=1)
"""What a statement that only renews the lease repeats: the coming hour."""

WHOLE_EVERY = 12
"""Heartbeats between two whole statements, which mend whatever the registry may have lost."""


@dataclass(frozen=True, slots=True)
class Terms:
    """In business time: how long a statement is good for, and how long better news must last before it is said."""

    lease: timedelta = timedelta(minutes=5)
    settle: timedelta = timedelta(seconds=2)

    @property
    def heartbeat(self) -> timedelta:
        """Two statements may get lost before the lease runs out."""
        return self.lease / 3

    @property
    def whole(self) -> timedelta:
        """How often everything is said again."""
        return self.heartbeat * WHOLE_EVERY


@dataclass(frozen=True, slots=True)
class Said:
    """What the registry was told: the last version, and the ledger over `within`, which starts when it was last told.

    `whole_at`: when all of it was told. `changed_at`: since when something else is true that was not told yet.
    """

    version: int = 0
    ledger: tuple[CapacitySpan, ...] = ()
    within: Span | None = None
    changed_at: datetime | None = None
    whole_at: datetime | None = None


def consider(
    said: Said, ledger: Sequence[CapacitySpan], within: Span, now: datetime, terms: Terms
) -> tuple[Said, Span | None]:
    """Over which stretch of time to say this ledger now, if at all, and what to remember of it.

    Less to sell is said at once. Any other change that a buyer would notice is said when it has lasted for
    `terms.settle`, so a machine that flaps moves nobody. Each heartbeat renews the lease. Where nobody can be sure what
    the registry knows (a first start, a resync, a clock that was set back), all is said.
    """
    common = said.within.intersection(within) if said.within else None
    if said.within is None or common is None or said.whole_at is None:
        return said, within
    if now < said.within.start - terms.heartbeat:
        return said, within
    if now - said.whole_at >= terms.whole:
        return said, within
    before, after = clip(said.ledger, common), clip(ledger, common)
    news = difference(before, after)
    if now - said.within.start >= terms.heartbeat:
        return said, news or Span.between(said.within.end, within.end) or within.intersection(Span(now, now + SIGN))
    if news is None:
        return replace(said, changed_at=None), None
    since = said.changed_at or now
    ripe = _less(before, after) or now - since >= terms.settle
    return replace(said, changed_at=since), news if ripe else None


def told(said: Said, ledger: Sequence[CapacitySpan], within: Span, part: Span) -> Said:
    """What the registry knows once it is told `part` of the ledger."""
    if part == within or said.within is None:
        return Said(said.version + 1, tuple(ledger), within, whole_at=within.start)
    known = Span(within.start, max(said.within.end, part.end))
    before, after = Span.between(known.start, part.start), Span.between(part.end, known.end)
    rest = [clip(said.ledger, span) for span in (before, after) if span]
    pieces = join([*(piece for pieces in rest for piece in pieces), *clip(ledger, part)])
    return Said(said.version + 1, tuple(pieces), known, whole_at=said.whole_at)


def statement(machine: str, said: Said, part: Span, now: datetime, terms: Terms) -> Statement:
    """The statement of what was said of `part`."""
    if said.within is None:
        msg = "nothing was said yet"
        raise ValueError(msg)
    return Statement(
        machine=machine,
        version=said.version,
        issued_at=now,
        valid_until=now + terms.lease,
        start=part.start,
        end=part.end,
        spans=Statement.pieces(tuple(clip(said.ledger, part))),
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
    found: list[CapacitySpan] = []
    for part in ledger:
        if within.covers(part.span):
            found.append(part)
        elif span := part.span.intersection(within):
            found.append(replace(part, span=span))
    return found


def difference(before: Iterable[CapacitySpan], after: Iterable[CapacitySpan]) -> Span | None:
    """From the first to the last instant at which the two ledgers differ; None where they never do."""
    steps: dict[datetime, list[tuple[object, int]]] = defaultdict(list)
    for pieces, sign in ((before, 1), (after, -1)):
        for piece in pieces:
            kind = (piece.type, piece.reason, piece.quantity, piece.confidence, piece.detail)
            steps[piece.span.start].append((kind, sign))
            steps[piece.span.end].append((kind, -sign))
    excess: dict[object, int] = defaultdict(int)
    unlike: list[datetime] = []
    for moment, following in pairwise(sorted(steps)):
        for turned, by in steps[moment]:
            excess[turned] += by
            if not excess[turned]:
                del excess[turned]
        if excess:
            unlike += [moment, following]
    return Span(unlike[0], unlike[-1]) if unlike else None


def _less(before: Sequence[CapacitySpan], after: Sequence[CapacitySpan]) -> bool:
    """Whether there is an instant at which fewer units, or less certain ones, are Available than before."""
    return any(
        step.quantity > 0
        for band in {piece.confidence for piece in before}
        for step in levels([*_sure(before, band, 1), *_sure(after, band, -1)])
    )


def _sure(pieces: Iterable[CapacitySpan], band: Confidence, sign: int) -> list[tuple[Span, int]]:
    return [
        (piece.span, sign * piece.quantity)
        for piece in pieces
        if piece.type is CapacityType.AVAILABLE and piece.confidence >= band
    ]
