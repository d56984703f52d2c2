"""The measured time in Executing within a job's span."""

from datetime import UTC, datetime, timedelta

import pytest

from edge.history import executing

START = datetime(2026, 3, 2, 8, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("history", "seconds"),
    [
        ([], 0),
        ([(-50, True)], 100),
        ([(-50, False)], 0),
        ([(-50, False), (20, True), (50, False), (90, True)], 40),
        ([(-50, True), (-10, False)], 0),
        ([(100, True)], 0),
        ([(-50, True), (200, False)], 100),
    ],
    ids=["nothing known", "all along", "never", "two pieces", "before it", "after it", "past its end"],
)
def test_only_what_lies_in_the_span_counts(history: list[tuple[float, bool]], seconds: float) -> None:
    assert executing([(at(when), busy) for when, busy in history], at(0), at(100)) == seconds
