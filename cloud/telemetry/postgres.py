"""The sample store in PostgreSQL: a partition a week, written by COPY; wide views are made of the rollups."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta

import asyncpg

from cloud.db import as_tenant, reaching
from cloud.telemetry.copied import COLUMNS, by_week
from cloud.telemetry.model import QUALITIES, Bucket, Sample, Series, Standing, moment
from cloud.telemetry.steps import floor
from gateway.span import Span

SERIES = """
WITH told AS (SELECT DISTINCT * FROM unnest($1::text[], $2::text[]) AS told (machine_id, signal)),
made AS (INSERT INTO series (machine_id, signal) SELECT * FROM told ORDER BY machine_id, signal
         ON CONFLICT DO NOTHING RETURNING id, machine_id, signal)
SELECT id, machine_id, signal FROM made
UNION ALL SELECT id, machine_id, signal FROM series JOIN told USING (machine_id, signal)
"""
PARTITION = "SELECT ts_sample_partition($1)"
DUE = "INSERT INTO sample_due (series_id, from_at, to_at) VALUES ($1, $2, $3)"
STAGE = """
CREATE TEMP TABLE IF NOT EXISTS staged (place bigint GENERATED ALWAYS AS IDENTITY, series_id int, at timestamptz,
                                        quality int2, value float8, text_value text) ON COMMIT DELETE ROWS
"""
# A signal's value at one moment is one row, so a batch that is written again changes nothing; the last value wins.
# In one order everywhere, so that two writers of the same rows wait for each other and never in a ring.
MERGE = """
INSERT INTO {} AS kept (series_id, at, quality, value, text_value)
SELECT DISTINCT ON (series_id, at) series_id, at, quality, value, text_value FROM staged
ORDER BY series_id, at, place DESC
ON CONFLICT (series_id, at) DO UPDATE
SET quality = excluded.quality, value = excluded.value, text_value = excluded.text_value
WHERE (kept.quality, kept.value, kept.text_value)
      IS DISTINCT FROM (excluded.quality, excluded.value, excluded.text_value)
"""
READ = """
SELECT at, value, text_value, quality FROM sample
WHERE series_id = (SELECT id FROM series WHERE machine_id = $1 AND signal = $2) AND at >= $3 AND at < $4
ORDER BY at
"""
OLDEST = """
SELECT min(first.at) FROM series JOIN LATERAL (
    SELECT at FROM sample WHERE series_id = series.id ORDER BY at LIMIT 1) AS first ON true
WHERE machine_id = ANY($1::text[])
"""
SIGNALS = "SELECT signal FROM series WHERE machine_id = $1 ORDER BY signal"
NUMBER = "SELECT id FROM series WHERE machine_id = $1 AND signal = $2"
# What is marked and not rolled up yet: there, and there alone, the samples themselves are counted.
FRESH = "SELECT start_at, end_at FROM ts_samples_fresh($1, $2, $3)"
BUCKETS = """
WITH parts AS (
  SELECT at, 1::int8 AS count, (number IS NOT NULL)::int AS numbers, number AS least, number AS most, number AS total,
         number AS last
  FROM (SELECT at, CASE WHEN value > '-Infinity' AND value < 'Infinity' THEN value END AS number
        FROM sample WHERE series_id = $1 AND at >= greatest($2::timestamptz, $5::timestamptz)
          AND at < least($3::timestamptz, $6::timestamptz)) AS raw
  UNION ALL
  SELECT start_at, count, numbers, least, most, total, last FROM sample_rollup
  WHERE series_id = $1 AND width = $7 AND start_at >= $2 AND start_at < $3 AND NOT (start_at >= $5 AND start_at < $6)
)
SELECT date_bin($4::interval, at, 'epoch'::timestamptz) AS start_at, sum(count)::int8 AS count, min(least) AS least,
       max(most) AS most, sum(total) / nullif(sum(numbers), 0) AS mean,
       (max(ARRAY[extract(epoch FROM at)::float8, last]) FILTER (WHERE last IS NOT NULL))[2] AS last
FROM parts GROUP BY 1 ORDER BY 1
"""
WIDTHS = {"day": timedelta(days=1), "hour": timedelta(hours=1), "minute": timedelta(minutes=1)}

Open = Callable[[], AbstractAsyncContextManager[asyncpg.Connection]]


class PostgresReader:
    """Reads on the connections that `rows` opens, and what their role and tenant may see."""

    def __init__(self, rows: Open) -> None:
        self._rows = rows

    async def read(self, machine: str, signal: str, span: Span) -> Sequence[Sample]:
        async with self._rows() as connection:
            rows = await connection.fetch(READ, machine, signal, span.start, span.end)
        return [
            Sample(machine, signal, row["at"], _either(row["value"], row["text_value"]), QUALITIES[row["quality"]])
            for row in rows
        ]

    async def buckets(self, machine: str, signal: str, span: Span, step: timedelta) -> Sequence[Bucket]:
        start, end = floor(span.start, step), floor(span.end - timedelta.resolution, step) + step
        async with self._rows() as connection:
            number = await connection.fetchval(NUMBER, machine, signal)
            if number is None:
                return []
            width = next((name for name, width in WIDTHS.items() if not step % width), None)
            raw = (start, end) if width is None else await _fresh(connection, number, (start, end), WIDTHS[width])
            rows = await connection.fetch(BUCKETS, number, start, end, step, *raw, width)
        return [Bucket(*row) for row in rows]

    async def signals(self, machine: str) -> Sequence[str]:
        async with self._rows() as connection:
            return [row["signal"] for row in await connection.fetch(SIGNALS, machine)]

    async def standing(self) -> Standing:
        async with self._rows() as connection:
            return Standing(str(await connection.fetchval("SHOW server_version")), None)

    async def oldest(self, machines: Sequence[str]) -> datetime | None:
        async with self._rows() as connection:
            found: datetime | None = await connection.fetchval(OLDEST, list(machines))
        return found


class PostgresSamples(PostgresReader):
    """Samples on the registry's own PostgreSQL, through a pool of its own."""

    name = "PostgreSQL"
    trails = 0.0

    def __init__(self, connections: asyncpg.Pool) -> None:
        super().__init__(self._anybody)
        self._connections = connections
        self._partitions: dict[int, str] = {}
        self._numbers: dict[tuple[str, str], int] = {}

    async def write(self, series: Sequence[Series]) -> None:
        """Commit the samples. Raises DatabaseAway."""
        told = [each for each in series if each.at]
        if not told:
            return
        async with self._anybody() as connection:
            weeks = by_week(told, await self._known(connection, told))
            names = {week: await self._partition(connection, week) for week in weeks}
            numbers = sorted({self._numbers[each.machine, each.signal] for each in told})
            edges = moment(min(min(each.at) for each in told)), moment(max(max(each.at) for each in told))
            try:
                await _copy(connection, {names[week]: data for week, data in weeks.items()}, numbers, edges)
            except asyncpg.UniqueViolationError:
                await _merge(connection, {names[week]: data for week, data in weeks.items()}, numbers, edges)
            except asyncpg.UndefinedTableError:
                # Retention dropped the partition; the sender tries again, and a new one is made.
                self._partitions.clear()
                raise

    async def close(self) -> None:
        pass

    async def boot(self) -> str:
        return ""

    @asynccontextmanager
    async def _anybody(self) -> AsyncIterator[asyncpg.Connection]:
        async with reaching(), self._connections.acquire() as connection:
            yield connection

    async def _known(self, connection: asyncpg.Connection, told: Sequence[Series]) -> Mapping[tuple[str, str], int]:
        unknown = {each[:2] for each in told} - self._numbers.keys()
        while unknown:
            rows = await connection.fetch(SERIES, *(list(column) for column in zip(*unknown, strict=True)))
            self._numbers.update({(row["machine_id"], row["signal"]): row["id"] for row in rows})
            # One that another process made at this moment shows in the next round.
            unknown -= self._numbers.keys()
        return self._numbers

    async def _partition(self, connection: asyncpg.Connection, week: int) -> str:
        if week not in self._partitions:
            self._partitions[week] = await connection.fetchval(PARTITION, moment(week))
        return self._partitions[week]


def tenants(connections: asyncpg.Pool, tenant: str) -> PostgresReader:
    """A reader that sees the samples of one enterprise, and no others."""
    return PostgresReader(lambda: as_tenant(connections, tenant))


async def _copy(
    connection: asyncpg.Connection,
    parts: Mapping[str, bytes],
    numbers: Sequence[int],
    edges: tuple[datetime, datetime],
) -> None:
    async with connection.transaction():
        for name, data in parts.items():
            await connection.copy_to_table(name, source=_pieces(data), columns=COLUMNS, format="binary")
        await connection.execute(DUE, numbers, *edges)


async def _merge(
    connection: asyncpg.Connection,
    parts: Mapping[str, bytes],
    numbers: Sequence[int],
    edges: tuple[datetime, datetime],
) -> None:
    async with connection.transaction():
        await connection.execute(STAGE)
        for name, data in sorted(parts.items()):
            await connection.copy_to_table("staged", source=_pieces(data), columns=COLUMNS, format="binary")
            await connection.execute(MERGE.format(name))
            await connection.execute("DELETE FROM staged")
        await connection.execute(DUE, numbers, *edges)


async def _pieces(data: bytes, size: int = 1 << 19) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def _fresh(
    connection: asyncpg.Connection, number: int, window: tuple[datetime, datetime], width: timedelta
) -> tuple[datetime, datetime]:
    """Where the rollups do not tell everything yet; an empty span where they do."""
    row = await connection.fetchrow(FRESH, number, *window)
    if row is None or row["start_at"] is None:
        return window[0], window[0]
    return floor(row["start_at"], width), floor(row["end_at"], width) + width


def _either(number: float | None, text: str | None) -> float | str | None:
    return text if number is None else number
