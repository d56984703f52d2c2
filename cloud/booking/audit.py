"""The auditor: rebuilds offers and claims from the ledger alone, and holds the registry's rows against them."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg

from cloud.booking.model import LIVE
from cloud.booking.rules import Resource, Taking
from cloud.booking.verify import (
    Entry,
    Fault,
    Line,
    Sold,
    claims,
    misflagged,
    misread,
    misstated,
    offer,
    oversold,
    unaccounted,
    unfounded,
)
from gateway.capacity import CapacitySpan, CapacityType
from gateway.span import Span

FOREVER = datetime(9999, 1, 1, tzinfo=UTC)

_CLAIMS = """
SELECT id, machine_id, state, span, quantity, exclusive, at_risk, at_risk_reason, expires_at FROM claim ORDER BY seq
"""
_LEDGER = "SELECT at, machine_id, claim_id, kind, data FROM ledger ORDER BY seq"
_GUARDS = "SELECT machine_id, start_at, sold FROM statement"
_OFFERS = "SELECT machine_id, span, type, quantity, reason FROM offer_span"


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at, and what is wrong."""

    machines: int
    claims: int
    lines: int
    faults: list[Fault]


async def audit(connection: asyncpg.Connection | asyncpg.Pool) -> list[Fault]:
    """Everything that is wrong; needs a role that sees all rows."""
    return (await report(connection)).faults


async def report(place: asyncpg.Connection | asyncpg.Pool) -> Report:
    """One consistent look at all of it; the registry goes on meanwhile."""
    async with _looking(place) as connection:
        has = {row["id"]: row["quantity"] for row in await connection.fetch("SELECT id, quantity FROM machine")}
        guards = {row["machine_id"]: row async for row in connection.cursor(_GUARDS)}
        rows: dict[str, list[asyncpg.Record]] = defaultdict(list)
        async for row in connection.cursor(_CLAIMS):
            rows[row["machine_id"]].append(row)
        ledgers: dict[str, list[Line]] = defaultdict(list)
        async for row in connection.cursor(_LEDGER):
            ledgers[row["machine_id"]].append(Line(row["at"], row["claim_id"], row["kind"], row["data"]))
        offers: dict[str, list[CapacitySpan]] = defaultdict(list)
        async for row in connection.cursor(_OFFERS):
            kind = CapacityType(row["type"])
            offers[row["machine_id"]].append(CapacitySpan(_span(row["span"]), kind, row["quantity"], row["reason"]))
    faults: list[Fault] = []
    for machine, quantity in has.items():
        resource = Resource(machine, quantity, offers[machine], _takings(rows[machine]))
        faults += _machine(resource, rows[machine], ledgers[machine], guards.get(machine))
    return Report(len(has), sum(map(len, rows.values())), sum(map(len, ledgers.values())), faults)


def _machine(
    machine: Resource, rows: list[asyncpg.Record], lines: list[Line], guard: asyncpg.Record | None
) -> list[Fault]:
    sold = [Sold(claim.id, machine.machine_id, claim.span, claim.quantity) for claim in machine.claims]
    entries = {row["id"]: _entry(row) for row in rows}
    faults: list[Fault] = [*oversold(sold, {machine.machine_id: machine.quantity})]
    faults += unfounded(machine.machine_id, machine.quantity, lines)
    faults += unaccounted(entries, claims(lines))
    if guard:
        since = Span(guard["start_at"], FOREVER)
        faults += misstated(machine.machine_id, machine.ledger, offer(lines), since)
        faults += misread(machine.machine_id, list(map(_span, guard["sold"])), _booked(rows))
        faults += misflagged(machine, _flagged(rows, lines), lines[-1].at)
    return faults


def _takings(rows: list[asyncpg.Record]) -> list[Taking]:
    """Claims that hold their time, oldest first; a booking's expiry is none."""
    waiting = {"HELD", "REQUESTED"}
    return [
        Taking(row["id"], _span(row["span"]), row["quantity"], row["expires_at"] if row["state"] in waiting else None)
        for row in rows
        if row["state"] in LIVE
    ]


def _booked(rows: list[asyncpg.Record]) -> list[Span]:
    """What a machine's guard should say is sold: that of holds and requests is not."""
    return [_span(row["span"]) for row in rows if row["exclusive"] and row["state"] in LIVE - {"HELD", "REQUESTED"}]


def _flagged(rows: list[asyncpg.Record], lines: list[Line]) -> Mapping[str, datetime]:
    """Since when each claim is flagged for what was withdrawn; a machine's silence is no matter of its offer."""
    silent = {row["id"] for row in rows if row["at_risk_reason"] == "stale-data"}
    live = {row["id"] for row in rows if row["at_risk"] and row["state"] in LIVE} - silent
    marks = ((line.claim_id, line.at) for line in lines if line.kind == "at_risk" and line.claim_id)
    return {claim_id: at for claim_id, at in marks if claim_id in live}


def _entry(row: asyncpg.Record) -> Entry:
    return Entry(row["state"], _span(row["span"]), row["quantity"], row["at_risk"])


@asynccontextmanager
async def _looking(place: asyncpg.Connection | asyncpg.Pool) -> AsyncIterator[asyncpg.Connection]:
    if isinstance(place, asyncpg.Pool):
        async with place.acquire() as connection, _looking(connection) as looking:
            yield looking
        return
    async with place.transaction(isolation="repeatable_read", readonly=True):
        yield place


def _span(found: asyncpg.Range) -> Span:
    return Span(found.lower, found.upper)
