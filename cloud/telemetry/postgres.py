"""The sample store in PostgreSQL: a partitioned table, written a batch at a time."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any

import asyncpg

from cloud.db import reaching
from cloud.telemetry.model import Sample
from gateway.machine import Quality
from gateway.span import Span

# A signal's value at one moment is one row, so a batch that is written again after a crash changes nothing.
WRITE = """
INSERT INTO sample (machine_id, signal, at, value, text_value, quality)
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::float8[], $5::text[], $6::int2[])
ON CONFLICT (machine_id, signal, at)
DO UPDATE SET value = excluded.value, text_value = excluded.text_value, quality = excluded.quality
WHERE (sample.value, sample.text_value, sample.quality)
      IS DISTINCT FROM (excluded.value, excluded.text_value, excluded.quality)
"""
READ = """
SELECT at, value, text_value, quality FROM sample
WHERE machine_id = $1 AND signal = $2 AND at >= $3 AND at < $4 ORDER BY at
"""
_QUALITIES = tuple(Quality)
_NUMBER_OF = {quality: number for number, quality in enumerate(_QUALITIES)}
_place = itemgetter(0, 1, 2)

PARTITION = "SELECT ts_sample_partition($1)"


class PostgresSamples:
    """Samples on the registry's own PostgreSQL, through a pool of its own."""

    def __init__(self, connections: asyncpg.Pool) -> None:
        self._connections = connections
        self._weeks: set[datetime] = set()

    async def write(self, samples: Sequence[Sample]) -> None:
        """Commit the samples. Raises DatabaseAway."""
        rows = list({sample[:3]: sample for sample in samples}.values())
        # In one order everywhere, so that two writers of the same rows wait for each other and never in a ring.
        rows.sort(key=_place)
        if not rows:
            return
        async with reaching(), self._connections.acquire() as connection:
            await self._partitions(connection, rows)
            await connection.execute(WRITE, *_columns(rows))

    async def read(self, machine: str, signal: str, span: Span) -> Sequence[Sample]:
        async with reaching(), self._connections.acquire() as connection:
            rows = await connection.fetch(READ, machine, signal, span.start, span.end)
        return [
            Sample(machine, signal, row["at"], _either(row["value"], row["text_value"]), _QUALITIES[row["quality"]])
            for row in rows
        ]

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
        [_NUMBER_OF[row.quality] for row in rows],
    )


def _either(number: float | None, text: str | None) -> float | str | None:
    return text if number is None else number
