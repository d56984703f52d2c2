"""What an auditor looks for: hours sold twice, admissions beyond the offer, rows that the ledger doesn't bear out."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from cloud.booking.model import LIVE, State
from cloud.booking.rules import Resource, Taking, at_risk, stairs
from gateway.capacity import CapacitySpan, CapacityType, levels
from gateway.messages import Statement
from gateway.span import Span, difference


@dataclass(frozen=True, slots=True)
class Sold:
    """A claim as anybody may know it: from the table, or from the answers of the API."""

    id: str
    machine_id: str
    span: Span
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Oversold:
    """Over this span more was sold than the machine has."""

    machine_id: str
    span: Span
    sold: int
    has: int
    claims: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unfounded:
    """An admission that the offer in force, less the claims alive then, did not cover."""

    machine_id: str
    claim_id: str
    span: Span
    free: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Unaccounted:
    """What a claim's row says is not what its ledger says; None where the one or the other has no such claim."""

    claim_id: str
    column: str
    row: object
    ledger: object


@dataclass(frozen=True, slots=True)
class Misstated:
    """Over this span the offer in force is not what the plant's statements add up to."""

    machine_id: str
    span: Span
    offered: int
    ledger: int


@dataclass(frozen=True, slots=True)
class Misflagged:
    """A claim is flagged at risk and fits, or does not fit and is not flagged."""

    claim_id: str
    flagged: bool


@dataclass(frozen=True, slots=True)
class Misread:
    """Over this span the guard says sold, by which search passes a machine by, and no booking does; or the reverse."""

    machine_id: str
    span: Span
    sold: bool


Fault = Oversold | Unfounded | Unaccounted | Misstated | Misflagged | Misread


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a machine's ledger; `data` as the ledger has it."""

    at: datetime
    claim_id: str | None
    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """A claim as its row, or its ledger, has it."""

    state: str
    span: Span
    quantity: int
    at_risk: bool = False


def oversold(sold: Iterable[Sold], has: Mapping[str, int]) -> list[Oversold]:
    """By sweep, machine by machine: every stretch on which the claims add up to more than the machine has.

    Give it claims that hold their time at one and the same moment. A machine not in `has` counts as having 1.
    """
    machines: dict[str, list[Sold]] = defaultdict(list)
    for claim in sold:
        machines[claim.machine_id].append(claim)
    found = []
    for machine_id, claims in machines.items():
        limit = has.get(machine_id, 1)
        for level in levels((claim.span, claim.quantity) for claim in claims):
            if level.quantity > limit:
                names = tuple(sorted(claim.id for claim in claims if claim.span.overlaps(level.span)))
                found.append(Oversold(machine_id, level.span, level.quantity, limit, names))
    return found


def misread(machine_id: str, sold: Sequence[Span], booked: Sequence[Span]) -> list[Misread]:
    """Where what the guard says is sold is not what confirmed bookings take of a machine of one unit."""
    more = [Misread(machine_id, span, sold=True) for span in difference(sold, booked)]
    return more + [Misread(machine_id, span, sold=False) for span in difference(booked, sold)]


def unfounded(machine_id: str, has: int, lines: Sequence[Line]) -> list[Unfounded]:
    """Go through a machine's ledger again, and check each admission against what was offered and taken by then."""
    offered: list[CapacitySpan] = []
    taken: dict[str, Taking] = {}
    found = []
    for line in lines:
        if line.kind == "statement":
            offered = _restated(offered, line.data)
        elif line.claim_id and line.kind.upper() in LIVE:
            asked = _taking(line.claim_id, line.data)
            more, resource = _more(asked, taken.pop(asked.id, None)), Resource(machine_id, has, offered, ())
            free = min((stair.free for span in more for stair in stairs(resource, taken.values(), span)), default=has)
            if free < asked.quantity:
                found.append(Unfounded(machine_id, asked.id, asked.span, free, asked.quantity))
            taken[asked.id] = asked
        elif line.claim_id and line.kind.upper() in set(State) - LIVE:
            taken.pop(line.claim_id, None)
    return found


def offer(lines: Iterable[Line]) -> list[CapacitySpan]:
    """The offer in force, from the statements of a machine's ledger alone."""
    found: list[CapacitySpan] = []
    for line in lines:
        if line.kind == "statement":
            found = _restated(found, line.data)
    return found


def claims(lines: Iterable[Line]) -> dict[str, Entry]:
    """The claims of a machine, by id, from its ledger alone."""
    found: dict[str, Entry] = {}
    for line in lines:
        state = line.kind.upper()
        if line.claim_id and state in set(State):
            taking = _taking(line.claim_id, line.data)
            had = found.get(line.claim_id)
            risk = bool(had and had.at_risk and state in LIVE)
            found[line.claim_id] = Entry(state, taking.span, taking.quantity, risk)
        elif line.claim_id and line.kind in {"at_risk", "fits_again"} and line.claim_id in found:
            found[line.claim_id] = replace(found[line.claim_id], at_risk=line.kind == "at_risk")
    return found


def unaccounted(rows: Mapping[str, Entry], ledger: Mapping[str, Entry]) -> list[Unaccounted]:
    """Where rows and ledger differ; a claim that only one of them has is told by its state."""
    found = []
    for claim_id in sorted({*rows, *ledger}):
        row, told = rows.get(claim_id), ledger.get(claim_id)
        if row is None or told is None:
            found.append(Unaccounted(claim_id, "state", row and row.state, told and told.state))
            continue
        differing = [name for name in Entry.__dataclass_fields__ if getattr(row, name) != getattr(told, name)]
        found += [Unaccounted(claim_id, name, getattr(row, name), getattr(told, name)) for name in differing]
    return found


def misstated(
    machine_id: str, has: Sequence[CapacitySpan], told: Sequence[CapacitySpan], within: Span
) -> list[Misstated]:
    """Where the Available pieces of the two add up to different quantities."""
    moments = {within.start, within.end}
    for part in (*has, *told):
        inside = part.span.intersection(within)
        moments |= {inside.start, inside.end} if inside else set()
    found = []
    for start, end in pairwise(sorted(moments)):
        span = Span(start, end)
        sums = [sum(part.quantity for part in side if _available(part, span)) for side in (has, told)]
        if sums[0] != sums[1]:
            found.append(Misstated(machine_id, span, *sums))
    return found


def misflagged(machine: Resource, flagged: Mapping[str, datetime], now: datetime) -> list[Misflagged]:
    """Whose flag is wrong; `flagged` has when each was. A flag stays while time alone takes the trouble away, and on a
    claim whose time is over: what the plant says late of hours that are past changes nothing for anybody.
    """
    risky = at_risk(machine, now)
    missing = [Misflagged(claim_id, flagged=False) for claim_id in sorted(risky - flagged.keys())]
    coming = {claim.id for claim in machine.claims if claim.span.end > now}
    doubtful = {name: since for name, since in flagged.items() if name in coming and name not in risky}
    idle = [name for name, since in doubtful.items() if name not in at_risk(machine, since)]
    return [*missing, *(Misflagged(name, flagged=True) for name in sorted(idle))]


def _available(part: CapacitySpan, span: Span) -> bool:
    return part.type is CapacityType.AVAILABLE and part.span.covers(span)


def _restated(before: Sequence[CapacitySpan], said: Mapping[str, Any]) -> list[CapacitySpan]:
    """The offer after a statement: what it said before stays outside the statement's own window."""
    told = Statement.model_validate(said)
    window = Span(told.start, told.end)
    left = [
        CapacitySpan(rest, part.type, part.quantity, part.reason, part.confidence, part.detail)
        for part in before
        for rest in difference([part.span], [window])
    ]
    return [*left, *(piece.capacity() for piece in told.spans)]


def _more(asked: Taking, had: Taking | None) -> list[Span]:
    """Where a claim takes more than it had: all of it when it is new, nothing when only its state moved."""
    if had is None or asked.quantity > had.quantity:
        return [asked.span]
    return difference([asked.span], [had.span])


def _taking(claim_id: str, data: Mapping[str, Any]) -> Taking:
    start, end = (datetime.fromisoformat(data[name]) for name in ("start", "end"))
    return Taking(claim_id, Span(start, end), data["quantity"])
