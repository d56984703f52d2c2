"""The SQL of the registry: each query names the tenant, and row-level security stands behind it as a second wall."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from cloud.api.paging import Ask
from cloud.registry.model import Agent, ServiceRequest, SiteRequest

Rows = list[asyncpg.Record]

_SITES = """SELECT id, name, zone, latitude, longitude, created_at FROM site
  WHERE enterprise_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4"""
_SITE = "SELECT id, name, zone, latitude, longitude, created_at FROM site WHERE enterprise_id = $1 AND id = $2"
_AGENTS = """SELECT id, name, site_id, key_id, created_at, last_receipt_at, clock_offset_s
  FROM agent WHERE enterprise_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4"""
_AGENT = """SELECT id, name, site_id, key_id, created_at, last_receipt_at, clock_offset_s
  FROM agent WHERE enterprise_id = $1 AND id = $2"""
_MACHINES = """SELECT id, name, site_id, agent_id, profile, manufacturer, model, serial, quantity,
  item_state AS state, operation_mode AS mode, state_origin AS origin, state_since, last_receipt_at, created_at,
  coalesce(last_receipt_at > $5, false) AS fresh
  FROM machine WHERE enterprise_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4"""
_MACHINE = """SELECT id, name, site_id, agent_id, profile, manufacturer, model, serial, quantity,
  item_state AS state, operation_mode AS mode, state_origin AS origin, state_since, last_receipt_at, created_at,
  coalesce(last_receipt_at > $3, false) AS fresh
  FROM machine WHERE enterprise_id = $1 AND id = $2"""
_SERVICES = """SELECT s.*, ARRAY(SELECT machine_id FROM service_machine m WHERE m.service_id = s.id
  ORDER BY position, machine_id) AS machine_ids
  FROM service s WHERE enterprise_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4"""
_SERVICE = """SELECT s.*, ARRAY(SELECT machine_id FROM service_machine m WHERE m.service_id = s.id
  ORDER BY position, machine_id) AS machine_ids
  FROM service s WHERE enterprise_id = $1 AND id = $2"""


async def enterprise_name(rows: asyncpg.Connection, tenant: str) -> str | None:
    name: str | None = await rows.fetchval("SELECT name FROM enterprise WHERE id = $1", tenant)
    return name


async def add_site(rows: asyncpg.Connection, tenant: str, identity: str, site: SiteRequest, now: datetime) -> None:
    """Raises asyncpg.UniqueViolationError where the name is taken."""
    await rows.execute(
        """INSERT INTO site (id, enterprise_id, name, zone, latitude, longitude, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7)""",
        *(identity, tenant, site.name, site.zone, site.latitude, site.longitude, now),
    )


async def sites(rows: asyncpg.Connection, tenant: str, ask: Ask) -> Rows:
    return await _page(rows, _SITES, tenant, ask)


async def site(rows: asyncpg.Connection, tenant: str, identity: str) -> asyncpg.Record | None:
    return await _one(rows, _SITE, tenant, identity)


async def add_agent(rows: asyncpg.Connection, tenant: str, agent: Agent, key: bytes) -> None:
    """Raises asyncpg.UniqueViolationError where the name is taken."""
    await rows.execute(
        "INSERT INTO agent (id, enterprise_id, site_id, name, key_id, key, created_at) VALUES ($1,$2,$3,$4,$5,$6,$7)",
        *(agent.id, tenant, agent.site_id, agent.name, agent.key_id, key, agent.created_at),
    )


async def agents(rows: asyncpg.Connection, tenant: str, ask: Ask) -> Rows:
    return await _page(rows, _AGENTS, tenant, ask)


async def agent(rows: asyncpg.Connection, tenant: str, identity: str) -> asyncpg.Record | None:
    return await _one(rows, _AGENT, tenant, identity)


async def machines(rows: asyncpg.Connection, tenant: str, ask: Ask, fresh_after: datetime) -> Rows:
    return await _page(rows, _MACHINES, tenant, ask, fresh_after)


async def machine(rows: asyncpg.Connection, tenant: str, identity: str, fresh_after: datetime) -> asyncpg.Record | None:
    return await _one(rows, _MACHINE, tenant, identity, fresh_after)


async def states(rows: asyncpg.Connection, machine_id: str, start: datetime, end: datetime, limit: int) -> Rows:
    """The changes in [start, end) and the one in force at `start`, each with the moment of the next."""
    # Asked first, as a moment of its own: within the query PostgreSQL cannot know that what follows it is little, and
    # would go through the whole history of all machines.
    in_force = await rows.fetchval(
        "SELECT max(at) FROM state_history WHERE machine_id = $1 AND at <= $2", machine_id, start
    )
    return await _all(
        rows,
        """SELECT at AS start, state, mode, origin, quality, coalesce(lead(at) OVER (ORDER BY at, epoch, seq),
             (SELECT min(at) FROM state_history WHERE machine_id = $1 AND at >= $3)) AS "end"
           FROM state_history WHERE machine_id = $1 AND at >= $2 AND at < $3
           ORDER BY at, epoch, seq LIMIT $4""",
        *(machine_id, in_force or start, end, limit),
    )


async def gaps(rows: asyncpg.Connection, machine_id: str, start: datetime, end: datetime) -> Rows:
    query = """SELECT start_at AS start, end_at AS "end", reason FROM gap
               WHERE machine_id = $1 AND end_at > $2 AND start_at < $3 ORDER BY start_at LIMIT 1000"""
    return await _all(rows, query, machine_id, start, end)


async def statement(rows: asyncpg.Connection, machine_id: str) -> asyncpg.Record | None:
    query = "SELECT version, issued_at, valid_until FROM statement WHERE machine_id = $1"
    return await _one(rows, query, machine_id)


async def offer(rows: asyncpg.Connection, machine_id: str, start: datetime, end: datetime) -> Rows:
    """The pieces in force that touch [start, end), gross."""
    query = """SELECT lower(span) AS start, upper(span) AS "end", type, quantity, reason, confidence, detail, chance,
                 fading, said_at
               FROM offer_span WHERE machine_id = $1 AND span && tstzrange($2, $3)
               ORDER BY lower(span), upper(span), type LIMIT 10000"""
    return await _all(rows, query, machine_id, start, end)


async def claims(rows: asyncpg.Connection, machine_id: str, start: datetime, end: datetime, now: datetime) -> Rows:
    """The claims that hold capacity in [start, end); a hold or request past its time holds none."""
    query = """SELECT id, lower(span) AS start, upper(span) AS "end", quantity, state
               FROM ts_taking($1, tstzrange($2, $3), $4)
               ORDER BY lower(span), id LIMIT 10000"""
    return await _all(rows, query, machine_id, start, end, now)


async def own_machines(rows: asyncpg.Connection, tenant: str, machine_ids: Sequence[str]) -> set[str]:
    """Those of the ids that are the tenant's."""
    query = "SELECT id FROM machine WHERE enterprise_id = $1 AND id = ANY($2)"
    return {row["id"] for row in await rows.fetch(query, tenant, list(machine_ids))}


async def add_service(
    rows: asyncpg.Connection, tenant: str, identity: str, service: ServiceRequest, now: datetime
) -> None:
    await rows.execute(
        """INSERT INTO service (id, enterprise_id, name, kind, process, materials, instant, visibility, price_amount,
             price_currency, setup_fee_amount, notice, min_duration, max_duration, min_confidence, work_masters,
             created_at, price_bands, free_cancellation, cancellation_share, certificates, envelope, tolerance,
             unit_price, partner_id)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
             $23, $24, $25)""",
        *(identity, tenant, service.name, service.kind, service.process, list(service.materials), service.instant),
        *(service.visibility, service.price.amount, service.price.currency),
        *(service.setup_fee.amount if service.setup_fee else 0, service.notice, service.min_duration),
        *(service.max_duration, service.min_confidence, list(service.work_masters), now),
        [band.kept() for band in service.price_bands],
        *(service.free_cancellation, service.cancellation_share),
        [each.model_dump(mode="json") for each in service.certificates],
        *(each.model_dump(mode="json") if each else None for each in (service.envelope, service.tolerance)),
        *(service.unit_price.amount if service.unit_price else 0, service.partner_id),
    )
    members = [(identity, machine_id, position) for position, machine_id in enumerate(service.machine_ids)]
    await rows.executemany("INSERT INTO service_machine VALUES ($1, $2, $3)", members)


async def is_partner(rows: asyncpg.Connection, tenant: str, partner_id: str) -> bool:
    """Whether it is one of the tenant's partners."""
    query = "SELECT EXISTS (SELECT FROM partner WHERE provider_id = $1 AND partner_id = $2)"
    return bool(await rows.fetchval(query, tenant, partner_id))


async def services(rows: asyncpg.Connection, tenant: str, ask: Ask) -> Rows:
    return await _page(rows, _SERVICES, tenant, ask)


async def service(rows: asyncpg.Connection, tenant: str, identity: str) -> asyncpg.Record | None:
    return await _one(rows, _SERVICE, tenant, identity)


async def withdraw_service(rows: asyncpg.Connection, tenant: str, identity: str) -> bool:
    """No longer found or booked; what is booked stays. False where there is no such service."""
    done = await rows.execute(
        "UPDATE service SET active = false WHERE enterprise_id = $1 AND id = $2", tenant, identity
    )
    return str(done) == "UPDATE 1"


async def parked(rows: asyncpg.Connection, tenant: str, ask: Ask) -> Rows:
    query = """SELECT id, at, agent_id, stream, epoch, seq, code, reason, payload FROM parked
               WHERE enterprise_id = $1 AND (at, id) > ($2, $3) ORDER BY at, id LIMIT $4"""
    return await _all(rows, query, tenant, ask.moment, int(ask.id or 0), ask.limit + 1)


async def _page(rows: asyncpg.Connection, query: str, tenant: str, ask: Ask, *more: object) -> Rows:
    return await _all(rows, query, tenant, ask.moment, ask.id, ask.limit + 1, *more)


async def _all(rows: asyncpg.Connection, query: str, *given: object) -> Rows:
    found: Rows = await rows.fetch(query, *given)
    return found


async def _one(rows: asyncpg.Connection, query: str, *given: object) -> asyncpg.Record | None:
    return await rows.fetchrow(query, *given)
