"""ISO 22400-2 by hand: an eight hour shift, worked out on paper."""

from datetime import UTC, datetime, timedelta

import pytest

from cloud.telemetry.kpi import Counts, Times, counted, element_of, figures, times
from cloud.telemetry.model import Bucket

HOUR = 3600.0
SHIFT = times(
    [
        ("Executing", "Processing", False, 4 * HOUR),
        ("Executing", "Processing", True, 1 * HOUR),
        ("NotExecuting", "Setup", False, 0.5 * HOUR),
        ("OutOfService", "Processing", False, 0.5 * HOUR),
        ("NotExecuting", "Processing", False, 1.5 * HOUR),
        ("NotExecuting", "Maintenance", False, 0.5 * HOUR),
        ("NotAvailable", "None", False, 16 * HOUR),
    ]
)


def test_the_time_elements_of_a_shift() -> None:
    hours = [value / HOUR for value in (SHIFT.apt, SHIFT.booked, SHIFT.aust, SHIFT.adet, SHIFT.adot)]
    assert hours == [5.0, 1.0, 0.5, 0.5, 1.5]
    assert [value / HOUR for value in (SHIFT.aubt, SHIFT.pbt, SHIFT.planned_down, SHIFT.off, SHIFT.seen)] == [
        6.0,
        7.5,
        0.5,
        16.0,
        24.0,
    ]


def test_oee_is_the_product_of_its_three_factors() -> None:
    """500 made, 475 good, 30 s each: A = 5/7.5, E = 500 x 30 / 18000, Q = 475/500."""
    told = figures(SHIFT, Counts(produced=500, good=475, run_time=30))
    assert told.availability == pytest.approx(2 / 3)
    assert told.effectiveness == pytest.approx(15_000 / 18_000)
    assert told.quality_ratio == pytest.approx(0.95)
    assert told.oee == pytest.approx(2 / 3 * 15 / 18 * 0.95)
    assert told.utilisation == pytest.approx(5 / 24)
    assert told.technical_efficiency == pytest.approx(5 / 5.5)
    assert told.setup_ratio == pytest.approx(0.5 / 5.5)


@pytest.mark.parametrize(
    ("counts", "missing"),
    [
        (Counts(), {"effectiveness", "quality_ratio", "oee"}),
        (Counts(produced=500, good=475), {"effectiveness", "oee"}),
        (Counts(produced=500, run_time=30), {"quality_ratio", "oee"}),
        (Counts(good=475, run_time=30), {"effectiveness", "quality_ratio", "oee"}),
    ],
    ids=["nothing crosses", "no planned time", "no good count", "no total"],
)
def test_what_nobody_measured_is_not_made_up(counts: Counts, missing: set[str]) -> None:
    told = figures(SHIFT, counts)
    names = ("availability", "effectiveness", "quality_ratio", "oee", "utilisation")
    assert {name for name in names if getattr(told, name) is None} == missing


def test_a_machine_of_which_nothing_is_known_has_no_figures() -> None:
    told = figures(Times(), Counts(produced=0, good=0, run_time=30))
    assert all(getattr(told, name) is None for name in told.__slots__)


def test_a_machine_that_was_off_all_day_was_not_planned_and_so_not_unavailable() -> None:
    told = figures(times([("NotAvailable", "None", False, 24 * HOUR)]), Counts())
    assert (told.availability, told.utilisation) == (None, 0.0)


@pytest.mark.parametrize(
    ("state", "mode", "element"),
    [
        ("Executing", "None", "apt"),
        ("Executing", "Setup", "aust"),
        ("Executing", "Maintenance", "planned_down"),
        ("NotExecuting", "None", "adot"),
        ("OutOfService", "Setup", "adet"),
        ("OutOfService", "Maintenance", "planned_down"),
        ("NotAvailable", "Maintenance", "planned_down"),
    ],
)
def test_each_state_counts_to_one_time_element(state: str, mode: str, element: str) -> None:
    assert element_of(state, mode) == element


def bucket(hour: int, least: float | None, most: float | None, last: float | None) -> Bucket:
    return Bucket(datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=hour), 3, least, most, most, last)


def test_a_counter_is_counted_from_what_it_stood_at_before() -> None:
    assert counted([bucket(0, 102, 110, 110), bucket(1, 111, 130, 130)], before=100) == 30


def test_a_counter_that_was_never_seen_before_counts_from_its_first_value() -> None:
    assert counted([bucket(0, 102, 110, 110)], before=None) == 8


def test_a_counter_that_begins_again_is_not_negative() -> None:
    assert counted([bucket(0, 90, 100, 100), bucket(1, 0, 120, 15)], before=80) == 20 + 20 + 15
    assert counted([bucket(0, 3, 15, 15)], before=100) == 15


def test_no_counter_is_not_zero() -> None:
    assert counted([], before=None) is None
    assert counted([bucket(0, None, None, None)], before=5) is None
