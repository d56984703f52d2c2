"""One suite for the sample stores: the fake in memory and PostgreSQL behave alike."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from cloud.telemetry.memory import MemorySamples
from cloud.telemetry.model import Sample, SampleStore
from cloud.telemetry.postgres import PostgresSamples
from cloud.telemetry.rules import unpack
from gateway.messages import Samples
from gateway.span import Span

AT = datetime(2026, 3, 1, 23, 59, 30, tzinfo=UTC)
WHOLE = Span(AT - timedelta(days=400), AT + timedelta(days=400))


def sample(seconds: float, value: float | str | None, signal: str = "power") -> Sample:
    return Sample("mch_1", signal, AT + timedelta(seconds=seconds), value)


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> SampleStore:
    if request.param == "memory":
        return MemorySamples()
    connections: asyncpg.Pool = request.getfixturevalue("pool_ingest")
    return PostgresSamples(connections)


async def test_samples_are_read_in_order_of_time_and_by_their_signal(store: SampleStore) -> None:
    await store.write([sample(2, 3.0), sample(1, "off"), sample(0, None), sample(1, 9.0, "speed")])
    assert [each.value for each in await store.read("mch_1", "power", WHOLE)] == [None, "off", 3.0]
    assert [each.value for each in await store.read("mch_1", "speed", WHOLE)] == [9.0]
    assert await store.read("mch_2", "power", WHOLE) == []


async def test_a_span_is_half_open(store: SampleStore) -> None:
    await store.write([sample(0, 1.0), sample(1, 2.0)])
    found = await store.read("mch_1", "power", Span(AT, AT + timedelta(seconds=1)))
    assert [each.value for each in found] == [1.0]


async def test_the_same_samples_again_are_there_once(store: SampleStore) -> None:
    batch = [sample(second, float(second)) for second in range(10)]
    await store.write(batch)
    await store.write(batch)
    assert list(await store.read("mch_1", "power", WHOLE)) == batch


async def test_the_last_value_of_a_moment_wins_within_a_batch_and_between_batches(store: SampleStore) -> None:
    await store.write([sample(0, 1.0), sample(0, 2.0)])
    assert [each.value for each in await store.read("mch_1", "power", WHOLE)] == [2.0]
    await store.write([sample(0, "broken")])
    assert [each.value for each in await store.read("mch_1", "power", WHOLE)] == ["broken"]


async def test_a_batch_over_several_weeks_and_years_finds_its_place(store: SampleStore) -> None:
    days = (-380, -7, 0, 1, 300)
    await store.write([sample(day * 86_400, float(day)) for day in days])
    assert [each.value for each in await store.read("mch_1", "power", WHOLE)] == [float(day) for day in days]


async def test_an_empty_batch_is_nothing(store: SampleStore) -> None:
    await store.write([])
    assert await store.read("mch_1", "power", WHOLE) == []


@pytest.mark.parametrize("at", [-1.0, 1e12, float("inf"), float("nan")])
def test_a_time_that_no_clock_should_show_is_refused(at: float) -> None:
    with pytest.raises(ValueError, match="2000 to 2100"):
        unpack(Samples(machine="M1", signal="power", at=(at,), values=(1.0,)), {"M1": "mch_1"})


def test_truth_values_become_numbers_and_a_nul_in_a_text_is_replaced() -> None:
    message = Samples(machine="M1", signal="power", at=(AT.timestamp(),) * 3, values=(True, 7, "a\0b"))
    assert [each.value for each in unpack(message, {"M1": "mch_1"})] == [1.0, 7.0, "a\N{REPLACEMENT CHARACTER}b"]
