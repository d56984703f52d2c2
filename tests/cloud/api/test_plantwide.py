"""What the API says of many machines at once, and of one over a long time, is what was told of each."""

from datetime import timedelta

import asyncpg
import pytest
from api_market import START, Market, at, booking, piece

from cloud.client import ApiError
from cloud.telemetry import rollups
from cloud.telemetry.model import Sample, gathered
from cloud.telemetry.postgres import PostgresSamples

KEPT = timedelta(days=400)
DAY = timedelta(days=1)


async def say(market: Market, machine: str, *told: tuple[float, str, str], origin: str = "plant") -> None:
    """Changes of state: hours after START, state, mode."""
    await market.owner.executemany(
        "INSERT INTO state_history VALUES ($1, $2, $3, $4, $5, 'good', NULL, 1, $6, $2)",
        [(machine, at(hour), state, mode, origin, number) for number, (hour, state, mode) in enumerate(told)],
    )


async def flapping(market: Market, machine: str, minutes: int, first: float = 0) -> None:
    """So many changes, one a minute, of which two in three say that it works."""
    told = [(first + n / 60, "NotExecuting" if n % 3 == 2 else "Executing", "Processing") for n in range(minutes)]
    await say(market, machine, *told)


@pytest.mark.parametrize("rolled", [False, True])
async def test_many_states_come_in_few_pieces_that_lose_no_second(
    market: Market, pool_ingest: asyncpg.Pool, rolled: bool
) -> None:
    (machine,) = await market.plant("maker", "one")
    await flapping(market, machine, 600, first=-10)
    if rolled:
        await rollups.roll(pool_ingest, START, KEPT)
    window = {"start": at(-10), "end": at(0)}
    found = await market.clients["maker"].states(machine, **window, pieces=20)
    assert (found.step_s, len(found.items)) == (1800, 20)
    assert {each.state for each in found.items} == {"Executing"}
    shares = [share for each in found.items for share in (each.shares or {}).items()]
    assert sum(seconds for _, seconds in shares) == pytest.approx(36_000)
    assert sum(seconds for state, seconds in shares if state == "Executing") == pytest.approx(24_000)
    assert sum(each.changes for each in found.items) == 600
    whole = await market.clients["maker"].states(machine, **window, pieces=1000)
    assert (whole.step_s, len(whole.items)) == (None, 600)


async def test_of_a_long_time_the_rollups_tell_and_the_end_is_right_to_the_second(
    market: Market, pool_ingest: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud.telemetry.coarse.FOLDED", 300)
    (machine,) = await market.plant("maker", "one")
    await flapping(market, machine, 60 * 48, first=-48)
    await rollups.roll(pool_ingest, at(-2), KEPT)
    found = await market.clients["maker"].states(machine, at(-48), at(0), pieces=60)
    assert found.step_s == 3600
    assert sum(sum((each.shares or {}).values()) for each in found.items) == pytest.approx(48 * 3600)
    assert found.items[-1].end == at(0)


async def test_the_figures_of_a_day_are_those_of_its_states_and_counters(
    market: Market, pool_ingest: asyncpg.Pool
) -> None:
    machine, other = await market.plant("maker", "one", "two", zone="UTC")
    await say(
        market,
        machine,
        *((-6, "NotAvailable", "None"), (-4, "Executing", "Processing"), (-2, "NotExecuting", "Processing")),
        (-1, "OutOfService", "None"),
    )
    samples = [Sample(machine, "part_count", at(-5 + n / 10), 100.0 + n) for n in range(41)]
    samples += [Sample(machine, "good_part_count", at(-5 + n / 10), 50.0 + n * 0.9) for n in range(41)]
    samples += [Sample(machine, "planned_run_time_per_item", at(-5), 120.0)]
    await PostgresSamples(pool_ingest).write(gathered(samples))
    await rollups.roll(pool_ingest, START, KEPT)
    one, two = await market.clients["maker"].performance(start=at(-6), end=at(0))
    assert (one.machine_id, one.days, one.times.seen) == (machine, 1, 6 * 3600.0)
    assert (one.times.apt, one.times.adot, one.times.adet, one.times.off) == (7200, 3600, 3600, 7200)
    assert (one.produced, one.good, one.run_time) == (40, pytest.approx(36), 120)
    assert one.availability == pytest.approx(0.5)
    assert one.effectiveness == pytest.approx(40 * 120 / 7200)
    assert one.quality_ratio == pytest.approx(0.9)
    assert one.oee == pytest.approx(0.5 * 40 * 120 / 7200 * 0.9)
    assert (two.machine_id, two.days, two.availability, two.oee, two.produced) == (other, 0, None, None, None)


async def test_what_a_plant_did_at_a_glance_is_by_the_hour(market: Market, pool_ingest: asyncpg.Pool) -> None:
    machine, other = await market.plant("maker", "one", "two")
    await say(
        market, machine, (-6, "Executing", "Processing"), (-3.6, "NotExecuting", "None"), (-1, "Executing", "Setup")
    )
    await rollups.roll(pool_ingest, START, KEPT)
    one, two = await market.clients["maker"].bands(start=at(-6), end=at(0))
    assert [(band.start, band.end, band.state, band.mode) for band in one.items] == [
        (at(-6), at(-4), "Executing", "Processing"),
        (at(-4), at(-1), "NotExecuting", "None"),
        (at(-1), at(0), "Executing", "Setup"),
    ]
    assert (two.machine_id, two.items) == (other, ())


async def test_a_plant_sees_its_own_machines_alone(market: Market) -> None:
    await market.plant("maker", "one")
    assert await market.clients["rival"].performance() == []
    assert await market.clients["rival"].bands() == []


@pytest.mark.parametrize("path", ["performance", "bands", "bookings"])
async def test_a_window_that_ends_before_it_begins_is_refused(market: Market, path: str) -> None:
    query = "start=2026-03-02T00:00:00Z&end=2026-03-01T00:00:00Z"
    answer = await market.clients["maker"]._http.get(f"/v1/{path}?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "query/end")


async def test_bookings_are_found_by_the_time_that_they_touch(market: Market) -> None:
    service, machine = await market.offer("maker", piece(0, 48))
    buyer = market.clients["buyer"]
    made = [await buyer.book(booking(service, hour, hour + 2)) for hour in (2, 6, 30)]
    told = await buyer.bookings(machine_id=machine, start=at(3), end=at(8))
    assert [each.id for each in told] == [made[0].id, made[1].id]
    assert [each.id for each in await buyer.bookings(start=at(8))] == [made[2].id]
    assert [each.id for each in await buyer.bookings(end=at(6))] == [made[0].id]


async def test_a_line_is_of_samples_with_their_quality_while_they_can_be_looked_at(
    market: Market, pool_ingest: asyncpg.Pool
) -> None:
    (machine,) = await market.plant("maker", "one")
    values = [float(n % 10) for n in range(7200)]
    values[4321] = 1e6
    samples = [Sample(machine, "power", at(-6) + timedelta(seconds=n), value) for n, value in enumerate(values)]
    await PostgresSamples(pool_ingest).write(gathered(samples))
    maker = market.clients["maker"]
    found = await maker.samples(machine, "power", start=at(-6), end=at(-4), points=200, shape="line")
    assert (found.step_s, found.total) == (None, 7200)
    assert len(found.items) <= 202
    assert 1e6 in {each.value for each in found.items}
    assert {each.quality for each in found.items} == {"good"}
    with pytest.raises(ApiError):
        await maker.samples(machine, "power", shape="circle")
