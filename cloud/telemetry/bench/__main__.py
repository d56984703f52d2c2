"""`make bench-stores`: what one ingest worker stores, and what a chart of a year costs; bench-results/stores.json."""

import asyncio
import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import asyncpg
from rich.console import Console

from cloud import db
from cloud.bench.ground import cluster
from cloud.ingest.intake import Intake
from cloud.ingest.trailing import TrailingIntake
from cloud.telemetry import rollups
from cloud.telemetry.bench.load import PER_SECOND, START, Sender, columns
from cloud.telemetry.copied import COLUMNS, by_week
from cloud.telemetry.engine import ClientWriter, Reader
from cloud.telemetry.lines import numbers, requests
from cloud.telemetry.model import SampleStore, Series, moment
from cloud.telemetry.place import Place
from cloud.telemetry.postgres import PostgresSamples
from cloud.telemetry.victoria import VictoriaSamples
from gateway.bench import Row, show, told
from gateway.ports import free_port
from gateway.span import Span

SECONDS, TOGETHER, AGENTS, SIDE_BY_SIDE, ROUNDS = 100, 4, 5, 3, 3
"""Each figure is the best of some rounds, its ceiling measured in turn with it: others may use the machine too."""
YEAR, YEAR_STEP = timedelta(days=365), 3
"""A year of one signal every three seconds: 10.5 million samples."""
BOOT = b"boot-of-the-bench"
BARE = """CREATE TABLE bare (series_id int NOT NULL, quality int2 NOT NULL, at timestamptz NOT NULL, value float8,
  text_value text); CREATE UNIQUE INDEX ON bare (series_id, at)"""

say = Console(stderr=True).print


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    """Seconds that it took."""
    begun = time.perf_counter()
    await work()
    return time.perf_counter() - begun


@contextlib.asynccontextmanager
async def postgres() -> AsyncIterator[tuple[asyncpg.Pool, asyncpg.Pool]]:
    """A database of our own, as its owner and as ingest; nothing is left of it afterwards."""
    async with cluster() as new:
        passwords = new.embedded.passwords
        await db.migrate(new.dsn, passwords)
        owner = await db.lazy_pool(new.dsn, size=2, timeout=600)
        ingest = await db.lazy_pool(db.as_role(new.dsn, "ts_ingest", passwords["ts_ingest"]), size=8, timeout=600)
        yield owner, ingest
        owner.terminate()
        ingest.terminate()


@contextlib.asynccontextmanager
async def victoria() -> AsyncIterator[Place | None]:
    """A VictoriaMetrics of our own; None where it is not installed."""
    binary = shutil.which("victoria-metrics")
    if binary is None:
        yield None
        return
    folder, port = await asyncio.to_thread(tempfile.mkdtemp, prefix="thirdshift-bench-"), free_port()
    flags = [f"-httpListenAddr=127.0.0.1:{port}", f"-storageDataPath={folder}/data", "-retentionPeriod=100y"]
    flags += ["-dedup.minScrapeInterval=1ms", "-search.latencyOffset=1ms", "-loggerLevel=ERROR"]
    process = await asyncio.create_subprocess_exec(binary, *flags)
    place = Place(f"http://127.0.0.1:{port}")
    store = VictoriaSamples(ClientWriter(place), Reader(place))
    try:
        for _ in range(100):
            with contextlib.suppress(Exception):
                await store.boot()
                break
            await asyncio.sleep(0.2)
        yield place
    finally:
        await store.close()
        process.terminate()
        await process.wait()
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def senders(owner: asyncpg.Pool, kind: str) -> list[Sender]:
    """Agents of an enterprise of their own, which the registry knows."""
    now = datetime.now(UTC)
    enterprise, site = f"ent_{kind}", f"site_{kind}"
    await owner.execute("INSERT INTO enterprise VALUES ($1, $1, $2)", enterprise, now)
    site_row = "INSERT INTO site (id, enterprise_id, name, zone, created_at) VALUES ($1, $2, 'h', 'UTC', $3)"
    await owner.execute(site_row, site, enterprise, now)
    made = [Sender(enterprise, site, 50 // AGENTS) for _ in range(AGENTS)]
    for number, each in enumerate(made):
        await owner.execute(
            "INSERT INTO agent (id, enterprise_id, site_id, name, key_id, key, created_at)"
            " VALUES ($1, $2, $3, $1, 'k1', $4, $5)",
            *(each.id, enterprise, site, each.key, now),
        )
        for machine in range(each.machines):
            each.names.append(f"M{number}-{machine}")
    return made


async def best(*measures: Callable[[int], Awaitable[float]]) -> list[float]:
    """The most that each comes to, in turn with the others."""
    rounds = [[await measure(number) for measure in measures] for number in range(ROUNDS)]
    return [max(column) for column in zip(*rounds, strict=True)]


async def worker(intake: Intake, agents: Sequence[Sender], spent: list[float]) -> float:
    """Samples a second from sealed packets to what may be acknowledged or kept, in one process.

    Adds to `spent` the seconds of CPU that this process needed for a million.
    """
    waiting = {agent.id: list(agent.packets(range(SECONDS))) for agent in agents}
    slots = asyncio.Semaphore(SIDE_BY_SIDE)

    async def serve(agent: str, packets: list[bytes]) -> None:
        for start in range(0, SECONDS, TOGETHER):
            async with slots:
                replies = await intake.take(agent, packets[start : start + TOGETHER])
            assert replies  # noqa: S101 - a bench of packets that nobody takes would look fast

    begun = time.process_time()
    seconds = await timed(lambda: asyncio.gather(*(serve(*each) for each in waiting.items())))
    spent.append((time.process_time() - begun) * 1_000_000 / (SECONDS * PER_SECOND))
    return SECONDS * PER_SECOND / seconds


async def of_store(store: SampleStore, turn: int) -> float:
    """Samples a second from columns, which are others each turn."""
    first = 1000 * (turn + 1)
    batches = [_joined(second) for second in range(first, first + SECONDS, TOGETHER)]

    async def write() -> None:
        for batch in batches:
            await store.write(batch)

    return SECONDS * PER_SECOND / await timed(write)


def _joined(first: int) -> list[Series]:
    return [series for second in range(first, first + TOGETHER) for series in columns(second)]


async def bare_copy(owner: asyncpg.Pool) -> float:
    """The same rows by COPY into a table with the same index, made ready beforehand."""
    await owner.execute(f"DROP TABLE IF EXISTS bare; {BARE}")
    names = {series[:2]: number for number, series in enumerate(columns(0))}
    ready = [by_week(_joined(second), names) for second in range(0, SECONDS, TOGETHER)]

    async def write() -> None:
        async with owner.acquire() as connection:
            for weeks in ready:
                for data in weeks.values():
                    await connection.copy_to_table("bare", source=_once(data), columns=COLUMNS, format="binary")

    return SECONDS * PER_SECOND / await timed(write)


async def bare_write(place: Place, turn: int) -> float:
    """The same lines through the same client, made ready beforehand."""
    start = 100_000 + 1000 * turn
    writer = ClientWriter(place)
    ready = [
        body
        for second in range(start, start + SECONDS, TOGETHER)
        for body in requests(numbers(series)[0] for series in _joined(second))
    ]

    async def write() -> None:
        for body in ready:
            await writer.write(body)

    try:
        return SECONDS * PER_SECOND / await timed(write)
    finally:
        await writer.close()


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def year(ingest: asyncpg.Pool, store: PostgresSamples) -> AsyncIterator[Row]:
    """A year of one signal: written, rolled up, and looked at as a chart does."""
    count = int(YEAR.total_seconds()) // YEAR_STEP
    for start in range(0, count, 200_000):
        ticks = range(start, min(start + 200_000, count))
        at = [START + tick * YEAR_STEP * 1_000_000 for tick in ticks]
        await store.write([Series("mch_year", "power", at, [float(tick % 1013) for tick in ticks])])
    now = moment(START) + YEAR
    rolled = await timed(lambda: rollups.roll(ingest, now, timedelta(days=800)))
    yield told(f"a year of one signal, {count:,} samples, is rolled up in", rolled, "s")
    for name, window, step in (
        ("year", YEAR, timedelta(hours=12)),
        ("month", timedelta(days=30), timedelta(hours=1)),
        ("day", timedelta(days=1), timedelta(minutes=2)),
    ):
        span = Span(now - window, now)
        seconds = min([await timed(lambda: store.buckets("mch_year", "power", span, step)) for _ in range(3)])  # noqa: B023
        yield Row(f"  a chart of its last {name}", round(1000 * seconds, 1), "ms", reach=300, ok=seconds <= 0.3)


def least(name: str, value: float, reach: float, reference: float | None = None) -> Row:
    """A figure that should be at least `reach`, beside what is possible."""
    ratio = round(value / reference, 2) if reference else None
    say(f"  {name}: {value:,.0f}/s")
    return Row(name, round(value), "samples/s", round(reference) if reference else None, ratio, reach, value >= reach)


async def measure() -> list[Row]:
    """Every figure, one after another."""
    async with postgres() as (owner, ingest):
        rows = await of_postgres(owner, ingest)
        async with victoria() as place:
            if place is None:
                say("VictoriaMetrics is left out: it is not installed (`make peers`)")
                return rows
            return [*rows, *await of_victoria(owner, ingest, place)]


async def of_postgres(owner: asyncpg.Pool, ingest: asyncpg.Pool) -> list[Row]:
    say("PostgreSQL")
    store, spent = PostgresSamples(ingest), list[float]()

    async def packets(turn: int) -> float:
        return await worker(Intake(ingest, store, _now, BOOT), await senders(owner, f"pg{turn}"), spent)

    bare, columned, sealed = await best(lambda _: bare_copy(owner), lambda turn: of_store(store, turn), packets)
    rows = [
        least("PostgreSQL: columns to commit, against a bare COPY", columned, 100_000, bare),
        least("PostgreSQL: sealed packets to commit, one ingest worker", sealed, 100_000, bare),
        told("  CPU of the worker", min(spent), "s per million"),
    ]
    rows += [row async for row in year(ingest, store)]
    size = await owner.fetchrow(
        "SELECT sum(pg_total_relation_size(inhrelid))::float8, (SELECT count(*) FROM sample)"
        " FROM pg_inherits WHERE inhparent = 'sample'::regclass"
    )
    return [*rows, told("PostgreSQL: on disk, index and all", size[0] / size[1], "bytes/sample")]


async def of_victoria(owner: asyncpg.Pool, ingest: asyncpg.Pool, place: Place) -> list[Row]:
    say("VictoriaMetrics")
    samples, spent = VictoriaSamples(ClientWriter(place), Reader(place)), list[float]()

    async def packets(turn: int) -> float:
        intake = TrailingIntake(ingest, samples, _now, BOOT)
        return await worker(intake, await senders(owner, f"vm{turn}"), spent)

    bare, columned, sealed = await best(
        lambda turn: bare_write(place, turn), lambda turn: of_store(samples, turn), packets
    )
    await samples.close()
    return [
        least("VictoriaMetrics: columns to its answer, against a bare write", columned, 200_000, bare),
        least("VictoriaMetrics: sealed packets to its answer, one ingest worker", sealed, 200_000, bare),
        told("  CPU of the worker", min(spent), "s per million"),
    ]


def _now() -> datetime:
    """The clock that an intake wants."""
    return datetime.now(UTC)


def main() -> None:
    """Measure, show, and end with 1 where a figure falls short."""
    rows = asyncio.run(measure())
    show(rows, "stores", "Samples stored and looked up")
    sys.exit(0 if all(row.ok is not False for row in rows) else 1)


if __name__ == "__main__":
    main()
