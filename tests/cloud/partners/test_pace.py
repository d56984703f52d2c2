"""A bucket for each key: bursts pass, a flood waits, and one key's flood is nobody else's."""

from cloud.partners import pace
from cloud.partners.pace import Pace


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_passes_and_then_the_rate_holds() -> None:
    time = Time()
    bucket = Pace(rate=10, burst=5, monotonic=time)
    assert [bucket.wait("a") for _ in range(5)] == [0.0] * 5
    assert bucket.wait("a") == 0.1
    assert bucket.wait("b") == 0.0
    time.now = 0.1
    assert (bucket.wait("a"), bucket.wait("a")) == (0.0, 0.1)


def test_a_call_that_had_to_wait_took_nothing() -> None:
    time = Time()
    bucket = Pace(rate=1, burst=1, monotonic=time)
    bucket.wait("a")
    for _ in range(100):
        assert bucket.wait("a") > 0
    time.now = 1.0
    assert bucket.wait("a") == 0.0


def test_the_memory_is_bounded() -> None:
    bucket = Pace(rate=1, burst=1)
    for number in range(pace.MOST + 10):
        bucket.wait(str(number))
    assert len(bucket._buckets) == pace.MOST
