"""One suite for the sample stores: the fake, PostgreSQL, InfluxDB and VictoriaMetrics behave alike."""

import math
import re
from datetime import timedelta
from typing import Any, cast

import pytest

from cloud.telemetry.engine import ClientWriter, Place, Reader
from cloud.telemetry.influx import InfluxSamples
from cloud.telemetry.model import EPOCH, Bucket, SampleStore, Series, StoreAway
from cloud.telemetry.victoria import VictoriaSamples
from gateway.machine import Quality
from gateway.span import Span

HOUR = timedelta(hours=1)


def after(shop: Any, seconds: float) -> Any:
    return shop.sample(seconds, None).at


async def test_samples_are_read_in_order_of_time_and_by_their_signal(shop: Any) -> None:
    await shop.write(shop.sample(2, 3.0), shop.sample(1, 2.0), shop.sample(0, 1.0), shop.sample(1, 9.0, "speed"))
    assert await shop.values() == [1.0, 2.0, 3.0]
    assert await shop.values("speed") == [9.0]
    assert [each.at for each in await shop.read()] == [after(shop, second) for second in (0, 1, 2)]


async def test_an_unknown_machine_and_an_unknown_signal_have_no_samples(shop: Any) -> None:
    await shop.write(shop.sample(0, 1.0))
    await shop.read()
    whole = Span(after(shop, -100), after(shop, 100))
    for machine, signal in (("mch_nobody", "power"), (shop.machine, "nothing"), ('it\'s "odd" \\', "a 'b'")):
        assert await shop.store.read(machine, signal, whole) == []
        assert await shop.store.buckets(machine, signal, whole, HOUR) == []
    assert await shop.store.signals("mch_nobody") == []


async def test_a_span_is_half_open(shop: Any) -> None:
    await shop.write(shop.sample(0, 1.0), shop.sample(1, 2.0), shop.sample(2, 3.0))
    await shop.read()
    assert await shop.values(span=Span(after(shop, 1), after(shop, 2))) == [2.0]


async def test_the_same_samples_again_are_there_once(shop: Any) -> None:
    batch = [shop.sample(second, float(second)) for second in range(10)]
    for _ in range(3):
        await shop.write(*batch)
    assert list(await shop.read()) == batch
    (bucket,) = await shop.store.buckets(shop.machine, "power", Span(after(shop, 0), after(shop, 10)), HOUR)
    assert bucket.samples == 10


async def test_the_last_value_of_a_moment_wins_within_a_batch_and_between_batches(shop: Any) -> None:
    if not shop.exact:
        pytest.skip("VictoriaMetrics keeps the larger of two values of one millisecond")
    await shop.write(shop.sample(0, 1.0), shop.sample(0, 2.0))
    assert await shop.values() == [2.0]
    await shop.write(shop.sample(0, "broken"))
    assert await shop.values() == ["broken"]
    await shop.write(shop.sample(0, None, quality=Quality.BAD))
    assert await shop.values() == [None]
    await shop.write(shop.sample(0, 4.0))
    assert await shop.values() == [4.0]


async def test_texts_are_kept_as_they_are(shop: Any) -> None:
    texts = ["off", "", "two\nlines", 'a "quoted" \\ one', "größer ≥ 3", "v=1,q=2i 7"]
    await shop.write(*(shop.sample(second, text) for second, text in enumerate(texts)), shop.sample(99, 1.0))
    assert await shop.values() == ([*texts, 1.0] if shop.exact else [1.0])


async def test_each_value_keeps_its_quality(shop: Any) -> None:
    told = [
        (1.0, Quality.GOOD),
        (2.0, Quality.UNCERTAIN),
        (3.0, Quality.BAD),
        (None, Quality.BAD),
        (None, Quality.GOOD),
    ]
    await shop.write(*(shop.sample(second, value, quality=quality) for second, (value, quality) in enumerate(told)))
    assert [(each.value, each.quality) for each in await shop.read()] == told


async def test_numbers_come_back_exactly(shop: Any) -> None:
    told = [0.1 + 0.2, -1e-12, 1e15, 123456.789, 0.0, -0.5]
    await shop.write(*(shop.sample(second, value) for second, value in enumerate(told)))
    found = await shop.values()
    assert found == (told if shop.exact else pytest.approx(told, rel=1e-9))


async def test_no_number_that_is_not_finite_breaks_a_batch(shop: Any) -> None:
    await shop.write(*(shop.sample(at, value) for at, value in enumerate((1.0, math.inf, -math.inf, math.nan, 2.0))))
    found = await shop.values()
    assert (found[0], found[4]) == (1.0, 2.0)
    assert all(value is None or not math.isfinite(value) for value in found[1:4])
    (bucket,) = await shop.store.buckets(shop.machine, "power", Span(after(shop, 0), after(shop, 5)), HOUR)
    assert bucket[2:] == (1.0, 2.0, 1.5, 2.0)


async def test_times_are_exact_to_the_microsecond_or_millisecond(shop: Any) -> None:
    await shop.write(shop.sample(0.001001, 1.0), shop.sample(0.002002, 2.0))
    rest = timedelta() if shop.exact else timedelta(microseconds=1)
    assert [each.at for each in await shop.read()] == [after(shop, 0.001001) - rest, after(shop, 0.002002) - 2 * rest]


async def test_a_batch_over_several_weeks_and_years_finds_its_place(shop: Any) -> None:
    days = (-380, -7, 0, 1, 300)
    await shop.write(*(shop.sample(day * 86_400, float(day)) for day in days))
    assert await shop.values() == [float(day) for day in days]


async def test_a_batch_of_many_machines_and_signals_is_told_apart(shop: Any) -> None:
    names = [f"{shop.machine}_{number}" for number in range(20)]
    await shop.write(*(shop.sample(0, float(at), f"s{at}", machine=name) for at, name in enumerate(names)))
    await shop.write(shop.sample(0, 0.0, "b"), shop.sample(0, 0.0, "a"))
    await shop.read("a")
    assert await shop.store.signals(shop.machine) == ["a", "b"]
    for at, name in enumerate(names):
        assert await shop.store.signals(name) == [f"s{at}"]


async def test_an_empty_batch_is_nothing(shop: Any) -> None:
    await shop.store.write([])
    await shop.store.write([Series(shop.machine, "power", [], [])])
    assert await shop.store.read(shop.machine, "power", Span(after(shop, 0), after(shop, 1))) == []
    assert await shop.store.signals(shop.machine) == []


async def test_buckets_tell_what_their_samples_come_to(shop: Any) -> None:
    await shop.write(*(shop.sample(at, float(at % 7), quality=Quality.GOOD) for at in range(30, 150)))
    await shop.read()
    start = after(shop, 30)
    found = await shop.store.buckets(
        shop.machine, "power", Span(start, start + timedelta(minutes=2)), timedelta(minutes=1)
    )
    values = [float(at % 7) for at in range(30, 150)]
    parts = values[:60], values[60:]
    told = [
        Bucket(
            start + place * timedelta(minutes=1), 60, 0.0, 6.0, cast("float", pytest.approx(sum(part) / 60)), part[-1]
        )
        for place, part in enumerate(parts)
    ]
    assert list(found) == told


async def test_buckets_begin_at_multiples_of_their_step_and_are_told_whole(shop: Any) -> None:
    await shop.write(*(shop.sample(at, 1.0) for at in (0, 20, 40, 60)))
    await shop.read()
    found = await shop.store.buckets(
        shop.machine, "power", Span(after(shop, 35), after(shop, 36)), timedelta(minutes=1)
    )
    assert [((each.at - EPOCH) % timedelta(minutes=1), each.samples) for each in found] == [(timedelta(), 2)]


async def test_of_a_huge_range_only_the_buckets_with_samples_come_back(shop: Any) -> None:
    await shop.write(shop.sample(0, 1.0), shop.sample(300 * 86_400, 2.0))
    await shop.read()
    whole = Span(after(shop, -400 * 86_400), after(shop, 400 * 86_400))
    found = await shop.store.buckets(shop.machine, "power", whole, timedelta(days=1))
    assert [(each.samples, each.last) for each in found] == [(1, 1.0), (1, 2.0)]


async def test_many_samples_are_written_at_once_and_read_back(shop: Any) -> None:
    count = 50_000
    start = after(shop, 0)
    first = (start - EPOCH) // timedelta(microseconds=1)
    at = [first + number * 100_000 for number in range(count)]
    await shop.store.write([Series(shop.machine, "power", at, [float(number % 1000) for number in range(count)])])
    found = await shop.read()
    assert (len(found), found[-1].value) == (count, 999.0)


async def test_a_store_says_its_version_and_how_long_it_keeps_samples(shop: Any) -> None:
    standing = await shop.store.standing()
    if shop.store.name in {"InfluxDB", "PostgreSQL"}:  # Debian's VictoriaMetrics does not know its own
        assert re.search(r"\d+\.\d+", standing.version)
    assert standing.keeps in {"VictoriaMetrics": {"100y"}}.get(shop.store.name, {None})


async def test_the_oldest_sample_of_some_machines_is_told_where_that_is_cheap(shop: Any) -> None:
    other = f"{shop.machine}_other"
    await shop.write(shop.sample(5, 1.0), shop.sample(3, 1.0, "speed"), shop.sample(1, 1.0, machine=other))
    await shop.read()
    cheap = shop.store.name != "VictoriaMetrics"
    assert await shop.store.oldest([shop.machine]) == (after(shop, 3) if cheap else None)
    assert await shop.store.oldest([shop.machine, other]) == (after(shop, 1) if cheap else None)
    assert await shop.store.oldest(["mch_nobody"]) is None
    assert await shop.store.oldest([]) is None


@pytest.mark.parametrize("kind", [VictoriaSamples, lambda writer, reader: InfluxSamples(writer, reader, "thirdshift")])
async def test_an_engine_that_is_not_there_is_one_retryable_error(kind: Any) -> None:
    place = Place("http://127.0.0.1:9")
    store: SampleStore = kind(ClientWriter(place), Reader(place))
    span = Span(EPOCH, EPOCH + HOUR)
    sample = [Series("mch_1", "power", [0], [1.0])]
    for call in (
        store.write(sample),
        store.read("m", "s", span),
        store.buckets("m", "s", span, HOUR),
        store.signals("m"),
        store.standing(),
    ):
        with pytest.raises(StoreAway, match=r"127\.0\.0\.1:9") as caught:
            await call
        assert caught.value.retryable
    await store.close()
