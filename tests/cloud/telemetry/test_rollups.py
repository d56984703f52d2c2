"""Rollups say what their sources say: in any order of arrival, twice or late, and while they lag behind."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import asyncpg
import pytest

from cloud.telemetry import rollups
from cloud.telemetry.memory import MemorySamples
from cloud.telemetry.model import Bucket, Sample, gathered
from cloud.telemetry.postgres import PostgresSamples
from gateway.span import Span

NOW = datetime(2026, 3, 29, 12, 30, 30, tzinfo=UTC)
"""The day on which clocks in Berlin are set forward: it has 23 hours."""
KEPT = timedelta(days=400)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
async def machine(pool_owner: asyncpg.Pool) -> str:
    for statement in (
        "INSERT INTO enterprise VALUES ('ent_1', 'Plant', $1)",
        "INSERT INTO site (id, enterprise_id, name, zone, created_at)"
        " VALUES ('site_1', 'ent_1', 'H', 'Europe/Berlin', $1)",
        "INSERT INTO agent (id, enterprise_id, site_id, name, key_id, key, created_at)"
        " VALUES ('agt_1', 'ent_1', 'site_1', 'a', 'k', 'k', $1)",
        "INSERT INTO machine (id, enterprise_id, site_id, agent_id, name, profile, created_at)"
        " VALUES ('mch_1', 'ent_1', 'site_1', 'agt_1', 'M1', 'p', $1)",
    ):
        await pool_owner.execute(statement, NOW)
    return "mch_1"


async def change(pool: asyncpg.Pool, seq: int, at: datetime, state: str, origin: str = "plant") -> None:
    await pool.execute(
        "INSERT INTO state_history VALUES ('mch_1', $1, $2, 'Processing', $3, 'good', NULL, 1, $4, $1)",
        *(at, state, origin, seq),
    )


async def seconds(pool: asyncpg.Pool, width: str) -> dict[tuple[datetime, str, bool], tuple[float, int]]:
    rows = await rollups.states(pool, "mch_1", width, NOW - KEPT, NOW + KEPT)  # type: ignore[arg-type]
    return {(row["start_at"], row["state"], row["booked"]): (row["seconds"], row["entered"]) for row in rows}


async def test_states_are_rolled_up_by_minute_hour_and_day_of_the_plant(
    pool_ingest: asyncpg.Pool, machine: str
) -> None:
    start = datetime(2026, 3, 28, 22, 59, 30, tzinfo=UTC)
    await change(pool_ingest, 1, start, "Executing")
    await change(pool_ingest, 2, start + HOUR, "NotExecuting")
    await change(pool_ingest, 3, start + 2 * HOUR, "Executing", "bkg_1")
    await rollups.roll(pool_ingest, NOW, KEPT)
    minutes, hours, days = [await seconds(pool_ingest, width) for width in ("minute", "hour", "day")]
    assert minutes[start - timedelta(seconds=30), "Executing", False] == (30.0, 1)
    assert minutes[start + HOUR - timedelta(seconds=30), "NotExecuting", False] == (30.0, 1)
    assert hours[start + timedelta(seconds=30), "Executing", False] == (3570.0, 0)
    midnight = datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert {key: value for key, value in days.items() if key[0] == midnight} == {
        (midnight, "Executing", False): (3570.0, 0),
        (midnight, "NotExecuting", False): (3600.0, 1),
        (midnight, "Executing", True): ((NOW - timedelta(seconds=30) - start - 2 * HOUR).total_seconds(), 1),
    }
    whole = (NOW - timedelta(seconds=30) - start).total_seconds()
    for found in (minutes, hours, days):
        assert sum(length for length, _ in found.values()) == whole


async def test_whatever_the_order_and_however_often_states_come_out_alike(
    pool_ingest: asyncpg.Pool, machine: str
) -> None:
    dice = Random(7)
    told = [(n, NOW - 3 * DAY + dice.random() * 2 * DAY, dice.choice(("Executing", "NotExecuting"))) for n in range(60)]
    late = dice.sample(told, len(told))
    for number, (seq, at, state) in enumerate(late):
        await change(pool_ingest, seq, at, state)
        if number % 7 == 0:
            await rollups.roll(pool_ingest, NOW - DAY + number * MINUTE, KEPT)
    await rollups.roll(pool_ingest, NOW, KEPT)
    piecemeal = [await seconds(pool_ingest, width) for width in ("minute", "hour", "day")]
    await pool_ingest.execute("DELETE FROM state_rollup")
    await pool_ingest.execute(
        "INSERT INTO machine_due (machine_id, kind, span) VALUES ('mch_1', 'state', '[2026-01-01,)')"
    )
    await rollups.roll(pool_ingest, NOW, KEPT)
    assert piecemeal == [await seconds(pool_ingest, width) for width in ("minute", "hour", "day")]
    assert await rollups.roll(pool_ingest, NOW, KEPT) == 0


async def test_offers_and_claims_are_rolled_up_as_their_hours_pass(
    pool_owner: asyncpg.Pool, pool_ingest: asyncpg.Pool, machine: str
) -> None:
    start = datetime(2026, 3, 29, 12, tzinfo=UTC)
    offer = "INSERT INTO offer_span VALUES ('mch_1', tstzrange($1, $2), $3, 2, 'r', 3, NULL, 1, NULL, NULL, $1)"
    await pool_owner.execute(offer, start, start + HOUR, "Available")
    await pool_owner.execute(offer, start + HOUR, start + 3 * HOUR, "Unattainable")
    await pool_owner.execute(
        "INSERT INTO statement (machine_id, version, start_at, end_at, issued_at, received_at, valid_until)"
        " VALUES ('mch_1', 1, $1, $2, $1, $1, $2)",
        *(start, start + 3 * HOUR),
    )
    await pool_owner.execute(
        "INSERT INTO service (id, enterprise_id, name, kind, instant, visibility, price_amount, price_currency,"
        " created_at) VALUES ('svc_1', 'ent_1', 's', 'processing', true, 'open', 1, 'EUR', $1)",
        start,
    )
    await pool_owner.execute(
        "INSERT INTO claim (id, machine_id, service_id, provider_id, booker_id, span, quantity, exclusive, state,"
        " price_amount, price_currency, work, created_at, updated_at)"
        " VALUES ('bkg_1', 'mch_1', 'svc_1', 'ent_1', 'ent_1', tstzrange($1, $2), 2, false, 'CONFIRMED',"
        " 1, 'EUR', '{}', $1, $1)",
        *(start + 15 * MINUTE, start + 45 * MINUTE),
    )

    async def hours() -> dict[tuple[datetime, str, str], tuple[float, int]]:
        rows = await rollups.ledger(pool_ingest, machine, "hour", start, start + DAY)  # type: ignore[arg-type]
        return {(row["start_at"], row["kind"], row["name"]): (row["seconds"], row["begun"]) for row in rows}

    await rollups.roll(pool_ingest, start + 30 * MINUTE, KEPT)
    assert await hours() == {(start, "offer", "Available"): (3600.0, 1), (start, "claim", "CONFIRMED"): (1800.0, 1)}
    await pool_owner.execute("UPDATE claim SET state = 'CANCELLED'")
    await rollups.roll(pool_ingest, start + 2 * HOUR, KEPT)
    assert await hours() == {
        (start, "offer", "Available"): (7200.0, 1),
        (start, "claim", "CANCELLED"): (3600.0, 1),
        (start + HOUR, "offer", "Unattainable"): (7200.0, 1),
    }


async def test_wide_views_of_samples_say_the_same_before_during_and_after_rolling_up(pool_ingest: asyncpg.Pool) -> None:
    store, plain, dice = PostgresSamples(pool_ingest), MemorySamples(), Random(3)
    start, end = NOW - 3 * DAY, NOW

    async def same() -> None:
        for step in (timedelta(seconds=7), MINUTE, 10 * MINUTE, 6 * HOUR, 7 * DAY):
            mine = await store.buckets("mch_1", "power", Span(start, end), step)
            theirs = await plain.buckets("mch_1", "power", Span(start, end), step)
            assert [_rounded(each) for each in mine] == [_rounded(each) for each in theirs], step

    for number in range(4):
        batch = [
            _sample(start + dice.random() * 3 * DAY, dice.choice((dice.random(), None, "off", float("nan"))))
            for _ in range(300)
        ]
        for each in (store, plain):
            await each.write(gathered(batch))
        await same()
        assert await rollups.roll(pool_ingest, NOW, KEPT) == 1, number
        await same()
    assert await rollups.roll(pool_ingest, NOW, KEPT) == 0
    assert await pool_ingest.fetchval("SELECT count(*) > 100 FROM sample_rollup")
    await store.write(gathered(batch))
    await same()


async def test_a_value_that_is_corrected_is_corrected_in_the_rollups(pool_ingest: asyncpg.Pool) -> None:
    store = PostgresSamples(pool_ingest)
    for value in (5.0, 1.0):
        await store.write(gathered([_sample(NOW, value), _sample(NOW + HOUR, 2.0)]))
        await rollups.roll(pool_ingest, NOW, KEPT)
        (day,) = await store.buckets("mch_1", "power", Span(NOW, NOW + HOUR), DAY)
        assert (day.samples, day.least, day.most, day.last) == (2, min(value, 2.0), max(value, 2.0), 2.0)


async def test_partitions_are_dropped_once_all_of_their_samples_are_old_enough(pool_ingest: asyncpg.Pool) -> None:
    store = PostgresSamples(pool_ingest)
    for days in (0, 20, 40):
        await store.write(gathered([_sample(NOW - days * DAY, 1.0)]))
    await rollups.roll(pool_ingest, NOW, KEPT)
    whole = Span(NOW - KEPT, NOW + DAY)
    assert await rollups.forget(pool_ingest, NOW, timedelta(days=30)) == 2
    assert [each.at for each in await store.read("mch_1", "power", whole)] == [NOW - 20 * DAY, NOW]
    days = await store.buckets("mch_1", "power", whole, DAY)
    assert [each.samples for each in days] == [1, 1, 1]
    with pytest.raises(asyncpg.UndefinedTableError):
        await store.write(gathered([_sample(NOW - 40 * DAY, 2.0)]))
    await store.write(gathered([_sample(NOW - 40 * DAY, 2.0)]))
    assert len(await store.read("mch_1", "power", whole)) == 3


async def test_minutes_are_pruned_and_hours_stay(pool_ingest: asyncpg.Pool, machine: str) -> None:
    await change(pool_ingest, 1, NOW - 2 * HOUR, "Executing")
    await rollups.roll(pool_ingest, NOW, KEPT)
    before = await seconds(pool_ingest, "hour")
    assert await seconds(pool_ingest, "minute")
    await rollups.forget(pool_ingest, NOW + 36 * DAY, KEPT)
    assert await seconds(pool_ingest, "minute") == {}
    assert await seconds(pool_ingest, "hour") == before


def _sample(at: datetime, value: Any) -> Sample:
    return Sample("mch_1", "power", at, value)


def _rounded(bucket: Bucket) -> Bucket:
    return bucket._replace(mean=None if bucket.mean is None else round(bucket.mean, 9))
