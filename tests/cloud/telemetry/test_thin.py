"""Fewer samples, the same line."""

import random
from datetime import UTC, datetime, timedelta

from cloud.telemetry.model import Sample, Value
from cloud.telemetry.thin import thinned
from gateway.machine import Quality

START = datetime(2026, 3, 2, tzinfo=UTC)


def samples(*values: Value) -> list[Sample]:
    return [Sample("mch_1", "power", START + timedelta(seconds=n), value) for n, value in enumerate(values)]


def test_few_samples_stay_as_they_are() -> None:
    few = samples(1.0, "off", None)
    assert thinned(few, 10) == few


def test_the_extremes_and_the_ends_stay() -> None:
    chance = random.Random(7)
    values = [chance.gauss(10, 1) for _ in range(14_000)]
    values[3210], values[9876] = 99.0, -99.0
    told = thinned(samples(*values), 500)
    assert len(told) <= 502
    assert {99.0, -99.0} <= {sample.value for sample in told}
    assert (told[0].at, told[-1].at) == (START, START + timedelta(seconds=13_999))
    assert [sample.at for sample in told] == sorted({sample.at for sample in told})


def test_where_the_quality_changes_is_kept() -> None:
    many = samples(*[1.0] * 5000)
    many[2000:2010] = [sample._replace(quality=Quality.BAD) for sample in many[2000:2010]]
    told = thinned(many, 100)
    kept = {(sample.at - START).total_seconds(): sample.quality for sample in told}
    assert (kept[2000.0], kept[2010.0]) == (Quality.BAD, Quality.GOOD)


def test_texts_stay_where_they_change() -> None:
    many = samples(*["idle"] * 900, *["busy"] * 900, *["idle"] * 900)
    assert [sample.value for sample in thinned(many, 50)] == ["idle", "busy", "idle", "idle"]


def test_no_number_and_infinity_do_no_harm() -> None:
    many = samples(*[float(n % 7) for n in range(3000)], float("nan"), float("inf"), *[1.0] * 3000)
    assert len(thinned(many, 200)) < 300
