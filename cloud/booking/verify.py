"""The auditor of what was sold: finds hours that were sold twice, and admissions beyond what the plant offered."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from cloud.booking.model import LIVE, State
from cloud.booking.rules import Resource, Taking, stairs
from gateway.capacity import CapacitySpan, levels
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
    """A claim whose state is not the last one in the ledger."""

    claim_id: str
    state: str
    ledger: str | None


Fault = Oversold | Unfounded | Unaccounted


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a machine's ledger; `data` as the ledger has it."""

    claim_id: str | None
    kind: str
    data: Mapping[str, Any]


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


def unfounded(machine_id: str, has: int, lines: Sequence[Line]) -> list[Unfounded]:
    """Go through a machine's ledger again, and check each admission against what was offered and taken by then."""
    offer: list[CapacitySpan] = []
    taken: dict[str, Taking] = {}
    found = []
    for line in lines:
        if line.kind == "statement":
            offer = _restated(offer, line.data)
        elif line.claim_id and line.kind.upper() in LIVE:
            asked = _taking(line.claim_id, line.data)
            more, resource = _more(asked, taken.pop(asked.id, None)), Resource(machine_id, has, offer, ())
            free = min((stair.free for span in more for stair in stairs(resource, taken.values(), span)), default=has)
            if free < asked.quantity:
                found.append(Unfounded(machine_id, asked.id, asked.span, free, asked.quantity))
            taken[asked.id] = asked
        elif line.claim_id and line.kind.upper() in set(State) - LIVE:
            taken.pop(line.claim_id, None)
    return found


async def audit(connection: asyncpg.Connection | asyncpg.Pool) -> list[Fault]:
    """Everything that is wrong with the claims in the database; needs a role that sees all of them."""
    rows = await connection.fetch("SELECT id, machine_id, span, quantity FROM claim WHERE live ORDER BY id")
    sold = [Sold(row["id"], row["machine_id"], _span(row["span"]), row["quantity"]) for row in rows]
    has = {row["id"]: row["quantity"] for row in await connection.fetch("SELECT id, quantity FROM machine")}
    ledgers: dict[str, list[Line]] = defaultdict(list)
    for row in await connection.fetch("SELECT machine_id, claim_id, kind, data FROM ledger ORDER BY seq"):
        ledgers[row["machine_id"]].append(Line(row["claim_id"], row["kind"], row["data"]))
    broken = [fault for machine, lines in ledgers.items() for fault in unfounded(machine, has[machine], lines)]
    return [*oversold(sold, has), *broken, *await _unaccounted(connection)]


async def _unaccounted(connection: asyncpg.Connection | asyncpg.Pool) -> list[Unaccounted]:
    rows = await connection.fetch(
        """
        SELECT c.id, c.state, l.kind FROM claim c LEFT JOIN LATERAL (
            SELECT kind FROM ledger WHERE claim_id = c.id AND machine_id = c.machine_id
              AND kind NOT IN ('at_risk', 'fits_again', 'cancel_asked') ORDER BY seq DESC LIMIT 1) l ON true
        WHERE l.kind IS DISTINCT FROM lower(c.state)
        """
    )
    return [Unaccounted(*row) for row in rows]


def _restated(offer: Sequence[CapacitySpan], said: Mapping[str, Any]) -> list[CapacitySpan]:
    """The offer after a statement: what it said before stays outside the statement's own window."""
    told = Statement.model_validate(said)
    window = Span(told.start, told.end)
    left = [
        CapacitySpan(rest, part.type, part.quantity, part.reason, part.confidence, part.detail)
        for part in offer
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


def _span(found: asyncpg.Range) -> Span:
    return Span(found.lower, found.upper)
