"""Signals, samples and rollups over the API: as they are while they are few, in buckets where they are many."""

from datetime import datetime, timedelta
from typing import Any

import asyncpg
import httpx2
import pytest
from api_market import START, Market, at, booking, piece
from foreign_stores import Engine, OldWriter

from cloud.app import create_app
from cloud.client import ApiError, Client
from cloud.config import Settings
from cloud.telemetry import rollups
from cloud.telemetry.model import Sample, gathered, micros
from cloud.telemetry.place import Place
from cloud.telemetry.postgres import PostgresSamples
from cloud.telemetry.steps import STEPS, step_for
from gateway.clock import Clock
from gateway.machine import Quality

KEPT = timedelta(days=400)


@pytest.fixture
async def machine(market: Market) -> str:
    (machine_id,) = await market.plant("maker", "one")
    return machine_id


def second(number: float) -> datetime:
    return START - timedelta(hours=6) + timedelta(seconds=number)


async def write(pool: asyncpg.Pool, machine: str, values: list[Any], signal: str = "power") -> None:
    samples = [Sample(machine, signal, second(number), value) for number, value in enumerate(values)]
    await PostgresSamples(pool).write(gathered(samples))


async def test_few_samples_come_as_they_are(market: Market, machine: str, pool_ingest: asyncpg.Pool) -> None:
    maker = market.clients["maker"]
    bad = Sample(machine, "power", second(3), None, Quality.BAD)
    await write(pool_ingest, machine, [1.5, "off", float("nan")])
    await PostgresSamples(pool_ingest).write(gathered([bad]))
    found = await maker.samples(machine, "power", end=second(60))
    assert (found.step_s, found.store) == (None, "PostgreSQL")
    assert [(each.at, each.value, each.quality) for each in found.items] == [
        (second(0), 1.5, "good"),
        (second(1), "off", "good"),
        (second(2), "nan", "good"),
        (second(3), None, "bad"),
    ]
    (told,) = (await maker.signals(machine)).items
    assert (told.signal, told.unit, found.unit) == ("power", None, None), "no plant said in which unit"


async def test_the_unit_that_the_plant_named_is_told_with_its_signal_and_its_samples(
    market: Market, machine: str, pool_ingest: asyncpg.Pool
) -> None:
    maker = market.clients["maker"]
    for signal in ("power", "torque"):
        await write(pool_ingest, machine, [1.5], signal)
    await market.owner.execute("INSERT INTO signal_unit VALUES ($1, 'power', 'kW'), ($1, 'heat', '°C')", machine)
    assert [(each.signal, each.unit) for each in (await maker.signals(machine)).items] == [
        ("power", "kW"),
        ("torque", None),
    ]
    assert (await maker.samples(machine, "power")).unit == "kW"
    assert (await maker.samples(machine, "torque")).unit is None


@pytest.mark.parametrize("rolled", [False, True])
async def test_many_samples_come_in_buckets_that_hide_no_peak(
    market: Market, machine: str, pool_ingest: asyncpg.Pool, rolled: bool
) -> None:
    values = [float(number % 10) for number in range(7200)]
    values[4321] = 1e6
    await write(pool_ingest, machine, values)
    if rolled:
        await rollups.roll(pool_ingest, START, KEPT)
    window = {"start": second(0), "end": second(7200), "points": 120}
    found = await market.clients["maker"].samples(machine, "power", **window)
    assert (found.step_s, len(found.items)) == (60, 120)
    assert sum(each.samples for each in found.items) == 7200
    peak = found.items[4321 // 60]
    assert (peak.most, peak.least, peak.last, peak.at) == (1e6, 0.0, 9.0, second(4320))
    assert found.items[0].value == pytest.approx(4.5)


async def test_a_signal_that_was_never_there_is_empty_and_none_at_all_is_told(market: Market, machine: str) -> None:
    maker = market.clients["maker"]
    assert (await maker.samples(machine, "nothing")).items == ()
    assert (await maker.signals(machine)).items == ()
    for query in ("", "?signal=x&start=2026-01-01T00:00:00Z&end=2025-01-01T00:00:00Z", "?signal=x&points=5"):
        answer = await maker._http.get(f"/v1/machines/{machine}/samples{query}")
        assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid"), query
        assert answer.json()["errors"][0]["pointer"].startswith("query/")


async def test_nobody_reads_anothers_samples(market: Market, machine: str, pool_ingest: asyncpg.Pool) -> None:
    await write(pool_ingest, machine, [1.0])
    for call in ("signals", "samples?signal=power", "rollups"):
        answer = await market.clients["rival"]._http.get(f"/v1/machines/{machine}/{call}")
        assert answer.status_code == 404, call


async def test_rollups_tell_states_offers_and_claims(market: Market, pool_ingest: asyncpg.Pool) -> None:
    service, machine = await market.offer("maker", piece(0, 4))
    await market.clients["buyer"].book(booking(service, 1, 2))
    for number, state in enumerate(("Executing", "NotExecuting")):
        await market.owner.execute(
            "INSERT INTO state_history VALUES ($1, $2, $3, 'Processing', 'plant', 'good', NULL, 1, $4, $2)",
            *(machine, at(number), state, number),
        )
    await rollups.roll(pool_ingest, at(3), KEPT)
    found = await market.clients["maker"].rollups(machine, "hour", start=at(0), end=at(3))
    assert [(each.start, each.states[0].state, each.states[0].seconds) for each in found.items] == [
        (at(0), "Executing", 3600.0),
        (at(1), "NotExecuting", 3600.0),
        (at(2), "NotExecuting", 3600.0),
    ]
    assert [{(share.kind, share.name): share.seconds for share in each.ledger} for each in found.items] == [
        {("offer", "Available"): 3600.0},
        {("offer", "Available"): 3600.0, ("claim", "CONFIRMED"): 3600.0},
        {("offer", "Available"): 3600.0},
    ]
    with pytest.raises(ApiError, match="7 days"):
        await market.clients["maker"].rollups(machine, "minute", start=at(0), end=at(24 * 8))


@pytest.mark.parametrize(
    ("hours", "points", "step"), [(1, 1000, 5), (24, 1000, 120), (24 * 366, 1000, 43_200), (1, 10, 600)]
)
def test_steps_are_ones_that_people_read_on_an_axis(hours: int, points: int, step: int) -> None:
    assert step_for(timedelta(hours=hours), points) == step
    assert all(60 % step == 0 or step % 60 == 0 for step in STEPS)
    assert all(3600 % step == 0 or step % 3600 == 0 for step in STEPS)


async def test_an_engine_that_is_away_is_told_and_stops_charts_alone(
    database: Any, clock: Clock, market: Market, machine: str, influx_alone: Engine
) -> None:
    place = Place(influx_alone.url, "plant")
    settings = Settings(api_dsn=database.api_dsn, telemetry=f"influx+{place.url}?bucket=plant")
    app = create_app(settings, clock)
    old = OldWriter(place)
    await old.client.post(f"{place.url}/query", data={"q": "CREATE DATABASE plant"})
    await old.write(f"sample,machine={machine},signal=power v=7.5,q=0i {micros(second(0))}".encode())
    key = market.enterprises["maker"].key
    transport = httpx2.ASGITransport(app=app)
    async with app.router.lifespan_context(app), Client("http://api", key, transport=transport) as maker:
        found = await maker.samples(machine, "power", end=second(60))
        assert ([each.value for each in found.items], found.store) == ([7.5], "InfluxDB")
        assert [each.signal for each in (await maker.signals(machine)).items] == ["power"]
        influx_alone.kill()
        for path in ("signals", "samples?signal=power"):
            answer = await maker._http.get(f"/v1/machines/{machine}/{path}")
            assert (answer.status_code, answer.json()["code"]) == (503, "store.away"), path
            assert int(answer.headers["Retry-After"]) > 0
        assert (await maker.machine(machine)).id == machine
        assert (await maker.rollups(machine, "hour")).items == ()
    await old.close()
