"""Keeps what an announcement says of units: of each machine in it the latest word, and nothing of before."""

from collections.abc import Collection

import asyncpg

from gateway.messages import Announce

# The machines themselves were written before, so their rows are locked: nobody else says anything of their units now.
TELL = """
WITH machines AS (
    SELECT id, name FROM machine WHERE enterprise_id = $1 AND name = ANY($2::text[])
), told AS (
    SELECT machines.id, each.signal, each.unit
    FROM unnest($3::text[], $4::text[], $5::text[]) AS each (machine, signal, unit)
    JOIN machines ON machines.name = each.machine
), forgotten AS (
    DELETE FROM signal_unit AS old USING machines
    WHERE old.machine_id = machines.id
      AND NOT EXISTS (SELECT FROM told WHERE told.id = old.machine_id AND told.signal = old.signal)
)
INSERT INTO signal_unit AS old (machine_id, signal, unit) SELECT id, signal, unit FROM told
ON CONFLICT (machine_id, signal) DO UPDATE SET unit = excluded.unit WHERE old.unit <> excluded.unit
"""


async def tell(connection: asyncpg.Connection, enterprise: str, told: Announce, bound: Collection[str]) -> None:
    """Of the machines in `bound`, those that this agent speaks for: the units that it announced."""
    machines = {machine.name: machine.units or {} for machine in told.machines if machine.name in bound}
    rows = [(name, signal, unit) for name, units in machines.items() for signal, unit in units.items()]
    columns = [[row[place] for row in rows] for place in range(3)]
    await connection.execute(TELL, enterprise, sorted(machines), *columns)
