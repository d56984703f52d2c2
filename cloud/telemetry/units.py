"""Reads in which units a machine's signals are measured, as its plant announced them."""

from collections.abc import Mapping

import asyncpg

_UNITS = """SELECT coalesce(jsonb_object_agg(u.signal, u.unit) FILTER (WHERE u.signal IS NOT NULL), '{}') AS units
  FROM machine m LEFT JOIN signal_unit u ON u.machine_id = m.id
  WHERE m.enterprise_id = $1 AND m.id = $2 GROUP BY m.id"""


async def units(rows: asyncpg.Connection, tenant: str, machine_id: str) -> Mapping[str, str] | None:
    """By signal, of those whose unit the plant said; None for a machine that is not the tenant's."""
    found: Mapping[str, str] | None = await rows.fetchval(_UNITS, tenant, machine_id)
    return found
