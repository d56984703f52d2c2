"""A histogram of durations whose parts add up, and whose quantiles are right within a fifth."""

from random import Random

import pytest

from cloud.operations.latency import PARTS, added, part, quantile


def histogram(*durations: float) -> list[int]:
    found = [0] * PARTS
    for duration in durations:
        found[part(duration)] += 1
    return found


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_a_quantile_is_right_within_a_fifth(share: float) -> None:
    dice = Random(3)
    durations = sorted(dice.lognormvariate(-2, 1.5) for _ in range(5000))
    exact = durations[int(share * len(durations))]
    assert quantile(histogram(*durations), share) == pytest.approx(exact, rel=0.2)


def test_two_histograms_together_are_one_of_all_their_durations() -> None:
    one, other = histogram(0.01, 0.2), histogram(3.0, 0.2)
    assert added(one, other) == histogram(0.01, 0.2, 3.0, 0.2)
    assert added([], other) == other == added(other, [])


def test_no_messages_have_no_quantile() -> None:
    assert quantile([], 0.5) is None
    assert quantile([0] * PARTS, 0.99) is None


@pytest.mark.parametrize(("seconds", "place"), [(-3600, 0), (0, 0), (0.001, 0), (0.0011, 1), (1e9, PARTS - 1)])
def test_what_comes_from_the_future_took_no_time_and_what_took_years_is_in_the_last_part(
    seconds: float, place: int
) -> None:
    assert part(seconds) == place
