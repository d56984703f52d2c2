"""All the SQL by which a batch of messages becomes facts; every statement takes many rows at once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg

from cloud.ids import new_id
from cloud.ingest.model import UNANNOUNCED, Agent, Delivery, Machine, Named, Numbered, Parked
from gateway.messages import Announce, GapNotice, StateChange

ANNOUNCE = """
INSERT INTO machine (id, enterprise_id, site_id, agent_id, name, profile, manufacturer, model, serial, quantity,
                     created_at, last_receipt_at)
SELECT told.id, $1, $2, $3, told.name, told.profile, told.manufacturer, told.model, told.serial, told.quantity, $4, $4
FROM unnest($5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::int[])
     AS told (id, name, profile, manufacturer, model, serial, quantity)
ORDER BY told.name
ON CONFLICT (enterprise_id, name) DO UPDATE
SET profile = excluded.profile, manufacturer = excluded.manufacturer, model = excluded.model,
    serial = excluded.serial, quantity = excluded.quantity, last_receipt_at = excluded.last_receipt_at
WHERE machine.agent_id = excluded.agent_id
RETURNING machine.name
"""

DISCOVER = """
INSERT INTO machine (id, enterprise_id, site_id, agent_id, name, profile, created_at, last_receipt_at)
SELECT told.id, told.enterprise, told.site, told.agent, told.name, $1, $2, $2
FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) AS told (id, enterprise, site, agent, name)
ORDER BY told.enterprise, told.name
ON CONFLICT (enterprise_id, name) DO NOTHING
"""

MACHINES = """
SELECT m.enterprise_id, m.name, m.id, m.agent_id
FROM unnest($1::text[], $2::text[]) AS told (enterprise, name)
JOIN machine m ON m.enterprise_id = told.enterprise AND m.name = told.name
"""

# The agents' rows are had after the machines', whoever asks: the answer of `heard` is needed for theirs.
RECEIPT = """
WITH heard AS (UPDATE machine SET last_receipt_at = $3 WHERE id = ANY($2::text[]) RETURNING true)
UPDATE agent SET last_receipt_at = $3 WHERE id = ANY($1::text[]) AND (SELECT count(*) FROM heard) >= 0
"""

CHANGES = """
INSERT INTO state_history (machine_id, at, state, mode, origin, quality, stamped, epoch, seq, received_at)
SELECT told.*, $1
FROM unnest($2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::int8[], $10::int8[]) AS told
"""

# A late change is history, but does not make the machine older than it is known to be.
CURRENT = """
WITH told AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
             AS told (id, state, mode, origin, at)
), changed AS (
    UPDATE machine SET item_state = told.state, operation_mode = told.mode, state_origin = told.origin,
                       state_since = told.at
    FROM told WHERE machine.id = told.id AND (machine.state_since IS NULL OR machine.state_since <= told.at)
    RETURNING machine.id, machine.enterprise_id, machine.name, told.state, told.mode, told.origin, told.at
)
INSERT INTO event (at, enterprise_id, type, data)
SELECT $6, enterprise_id, 'machine.state',
       jsonb_build_object('machine_id', id, 'name', name, 'state', state, 'mode', mode, 'origin', origin, 'at', at)
FROM changed
"""

GAPS = """
INSERT INTO gap (machine_id, start_at, end_at, reason, epoch, seq, received_at)
SELECT told.*, $1
FROM unnest($2::text[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::int8[], $7::int8[]) AS told
"""

PARK = """
WITH parked AS (
    INSERT INTO parked (at, enterprise_id, agent_id, stream, epoch, seq, code, reason, payload)
    SELECT $1, told.*
    FROM unnest($2::text[], $3::text[], $4::text[], $5::int8[], $6::int8[], $7::text[], $8::text[], $9::bytea[]) AS told
    RETURNING id, enterprise_id, agent_id, stream, epoch, seq, code, reason
)
INSERT INTO event (at, enterprise_id, type, data)
SELECT $1, enterprise_id, 'message.parked', to_jsonb(parked) - 'enterprise_id' FROM parked
"""


async def announce(connection: asyncpg.Connection, agent: Agent, told: Announce, now: datetime) -> frozenset[str]:
    """Upsert the agent's machines; the names that came through (the others are bound to another agent)."""
    machines = list({machine.name: machine for machine in told.machines}.values())
    columns = [[getattr(machine, name) for machine in machines] for name in _ANNOUNCED]
    ids = [new_id("mch") for _ in machines]
    rows = await connection.fetch(ANNOUNCE, agent.enterprise, agent.site, agent.id, now, ids, *columns)
    return frozenset(row["name"] for row in rows)


async def machines(
    connection: asyncpg.Connection, wanted: Mapping[Named, Agent], now: datetime
) -> dict[Named, Machine]:
    """These machines of their enterprises; one that nobody announced yet is made for the agent beside it."""
    known = await _machines(connection, wanted)
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        agents = [wanted[each] for each in unknown]
        rows = [
            (new_id("mch"), enterprise, agent.site, agent.id, name)
            for (enterprise, name), agent in zip(unknown, agents, strict=True)
        ]
        await connection.execute(DISCOVER, UNANNOUNCED, now, *_columns(rows))
        known = await _machines(connection, wanted)
    return known


async def changes(
    connection: asyncpg.Connection, told: Sequence[tuple[str, Numbered[StateChange]]], now: datetime
) -> None:
    """Append to the history, and bring each machine's current state and the owners' events up to date."""
    await connection.execute(CHANGES, now, *_columns(_change(machine, each) for machine, each in told))
    latest: dict[str, StateChange] = {}
    for machine, each in told:
        if machine not in latest or latest[machine].at <= each.message.at:
            latest[machine] = each.message
    current = ((machine, last.state, last.mode, last.origin, last.at) for machine, last in latest.items())
    await connection.execute(CURRENT, *_columns(current), now)


async def gaps(connection: asyncpg.Connection, told: Sequence[tuple[str, Numbered[GapNotice]]], now: datetime) -> None:
    """Append the times in which nobody could see the machines."""
    rows = (_gap(machine, each) for machine, each in told)
    await connection.execute(GAPS, now, *_columns(rows))


async def park(connection: asyncpg.Connection, parked: Sequence[Parked], now: datetime) -> None:
    """Keep each message with its code and reason, and tell the owner."""
    rows = (_parked(each, each.delivery) for each in parked)
    await connection.execute(PARK, now, *_columns(rows))


async def received(
    connection: asyncpg.Connection, agents: Collection[str], machines: Collection[str], now: datetime
) -> None:
    """Freshness counts from the cloud's own time of receipt."""
    await connection.execute(RECEIPT, sorted(agents), sorted(machines), now)


_ANNOUNCED = ("name", "profile", "manufacturer", "model", "serial", "quantity")


async def _machines(connection: asyncpg.Connection, wanted: Collection[Named]) -> dict[Named, Machine]:
    rows = await connection.fetch(MACHINES, *_columns(wanted))
    return {(row["enterprise_id"], row["name"]): Machine(row["id"], row["agent_id"]) for row in rows}


def _columns(rows: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _change(machine: str, each: Numbered[StateChange]) -> tuple[Any, ...]:
    told = each.message
    known = (machine, told.at, told.state, told.mode, told.origin, told.quality, told.stamped)
    return (*known, each.delivery.epoch, each.delivery.seq)


def _gap(machine: str, each: Numbered[GapNotice]) -> tuple[Any, ...]:
    told = each.message
    return machine, told.start, told.end, told.reason, each.delivery.epoch, each.delivery.seq


def _parked(each: Parked, told: Delivery) -> tuple[Any, ...]:
    whose = told.agent.enterprise, told.agent.id
    return *whose, told.stream, told.epoch, told.seq, each.code, _plain(each.reason), told.payload


def _plain(text: str) -> str:
    """PostgreSQL's text can't hold a NUL, which a refused message may well have in a name."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
