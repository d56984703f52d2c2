"""The sample store in PostgreSQL: a partitioned table, written a batch at a time."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from cloud.db import reaching
from cloud.telemetry.model import Sample
from gateway.span import Span

# A signal's value at one moment is one row, so a batch that is written again after a crash changes nothing.
WRITE = """
INSERT INTO sample (machine_id, signal, at, value, text_value)
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::float8[], $5::text[])
ON CONFLICT (machine_id, signal, at) DO UPDATE SET value = excluded.value, text_value = excluded.text_value
WHERE (sample.value, sample.text_value) IS DISTINCT FROM (excluded.value, excluded.text_value)
"""
READ = """
SELECT at, value, text_value FROM sample WHERE machine_id = $1 AND signal = $2 AND at >= $3 AND at < $4 ORDER BY at
"""
PARTITION = "SELECT ts_sample_partition($1)"


class PostgresSamples:
    """Samples on the registry's own PostgreSQL, through a pool of its own."""

    def __init__(self, connections: asyncpg.Pool) -> None:
        self._connections = connections
        self._weeks: set[datetime] = set()

    async def write(self, samples: Sequence[Sample]) -> None:
        """Commit the samples. Raises DatabaseAway."""
        last = {(sample.machine, sample.signal, sample.at): sample for sample in samples}
        rows = [last[key] for key in sorted(last)]
        if not rows:
            return
        async with reaching(), self._connections.acquire() as connection:
            await self._partitions(connection, rows)
            await connection.execute(WRITE, *_columns(rows))

    async def read(self, machine: str, signal: str, span: Span) -> Sequence[Sample]:
        async with reaching(), self._connections.acquire() as connection:
            rows = await connection.fetch(READ, machine, signal, span.start, span.end)
        return [Sample(machine, signal, row["at"], _either(row["value"], row["text_value"])) for row in rows]

    async def _partitions(self, connection: asyncpg.Connection, rows: Sequence[Sample]) -> None:
        for week in {_week(row.at) for row in rows} - self._weeks:
            await connection.execute(PARTITION, week)
            self._weeks.add(week)


def _week(at: datetime) -> datetime:
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())


def _columns(rows: Sequence[Sample]) -> tuple[list[Any], ...]:
    return (
        [row.machine for row in rows],
        [row.signal for row in rows],
        [row.at for row in rows],
        [row.value if isinstance(row.value, float | int) else None for row in rows],
        [row.value if isinstance(row.value, str) else None for row in rows],
    )


def _either(number: float | None, text: str | None) -> float | str | None:
    return text if number is None else number
