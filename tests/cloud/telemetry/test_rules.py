"""What a message of telemetry means as columns."""

from datetime import UTC, datetime

import pytest

from cloud.telemetry.rules import unpack
from gateway.messages import Samples, Telemetry
from gateway.telemetry import Column, Odd

AT = datetime(2026, 3, 1, 23, 59, 30, tzinfo=UTC)


@pytest.mark.parametrize("at", [-1.0, 1e12, float("inf"), float("nan")])
def test_a_time_that_no_clock_should_show_is_refused(at: float) -> None:
    with pytest.raises(ValueError, match="2000 to 2100"):
        unpack(Samples(machine="M1", signal="power", at=(at,), values=(1.0,)), "mch_1")


@pytest.mark.parametrize("steps", [(0, 10**17), (-(10**17),), (10**17, -(10**17))])
def test_one_impossible_time_among_others_is_refused(steps: tuple[int, ...]) -> None:
    column = Column(signal="power", at=steps, values=(1.0,) * len(steps))
    with pytest.raises(ValueError, match="2000 to 2100"):
        unpack(Telemetry(machine="M1", base=round(AT.timestamp() * 1e6), columns=(column,)), "mch_1")


def test_truth_values_become_numbers_and_a_nul_in_a_text_is_replaced() -> None:
    message = Samples(machine="M1", signal="power", at=(AT.timestamp(),) * 3, values=(True, 7, "a\0b"))
    (found,) = unpack(message, "mch_1")
    assert found.values == [1.0, 7.0, "a\N{REPLACEMENT CHARACTER}b"]
    assert {value.__class__ for value in found.values} == {float, str}


def test_times_add_up_and_qualities_and_odd_numbers_find_their_place() -> None:
    base = round(AT.timestamp() * 1e6)
    column = Column(
        signal="power",
        at=(5, 10, -3),
        values=(1, None, False),
        uncertain=(0,),
        bad=(2,),
        odd=(Odd(index=1, number="Infinity"),),
    )
    (found,) = unpack(Telemetry(machine="M1", base=base, columns=(column,)), "mch_1")
    assert found == ("mch_1", "power", [base + 5, base + 15, base + 12], [1.0, float("inf"), 0.0], bytes([1, 0, 2]))
