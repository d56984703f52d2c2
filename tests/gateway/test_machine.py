"""States, modes and the SEMI E10 time that they count as."""

import pytest

from gateway.machine import ItemState, OperationMode, TimeCategory, time_category


@pytest.mark.parametrize(
    ("state", "mode", "category"),
    [
        ("NotExecuting", "Setup", "ENG"),
        ("NotExecuting", "Processing", "SBY"),
        ("OutOfService", "Processing", "UDT"),
        ("Executing", "Processing", "PRD"),
        ("Executing", "Maintenance", "SDT"),
    ],
)
def test_the_time_category_follows_the_standards_reading(state: str, mode: str, category: str) -> None:
    assert time_category(ItemState(state), OperationMode(mode), staffed=True) == category


def test_a_machine_that_is_off_outside_its_working_time_is_not_down() -> None:
    off = ItemState.NOT_AVAILABLE
    assert time_category(off, OperationMode.NONE, staffed=False) is TimeCategory.NON_SCHEDULED
    assert time_category(off, OperationMode.NONE, staffed=True) is TimeCategory.STANDBY


def test_every_state_and_mode_counts_as_something() -> None:
    for state in ItemState:
        for mode in OperationMode:
            assert time_category(state, mode, staffed=True) in TimeCategory
