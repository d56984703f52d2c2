"""Fifty thousand steps through the registry in plain values: whatever happens, no hour is sold twice."""

from collections import Counter
from typing import Any, ClassVar

from deeds import Deeds
from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from cloud.booking.model import Refused

STEPS = 50_000
SETTINGS = settings(
    max_examples=105,
    stateful_step_count=100,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class Pure(Deeds):
    """Each deed is done to the model alone, and then looked at."""

    done: ClassVar[Counter[str]] = Counter()

    def do(self, name: str, *arguments: Any, **more: Any) -> Any:
        told = getattr(self.market, name)(*arguments, **more)
        outcome = told.code if isinstance(told, Refused) else told if isinstance(told, str) else "done"
        self.done[f"{name}: {outcome}"] += 1
        return told

    @invariant()
    def nothing_is_wrong(self) -> None:
        self.done["step"] += 1
        self.forget_the_refused()
        assert self.market.faults() == []


def test_whatever_happens_no_hour_is_sold_twice() -> None:
    Pure.done.clear()
    # By chance some runs meet little of what is rare, and go on until they have met it.
    while Pure.done["step"] < STEPS or (_unmet() and Pure.done["step"] < 3 * STEPS):
        run_state_machine_as_test(Pure, settings=SETTINGS)
    assert _unmet() == set(), f"too tame: {Pure.done}"


def _unmet() -> set[str]:
    rare = {"heal: moved", "accept: done", "amend: done", "bundle: done", "serve: OFFERED", "extend: done"}
    return {name for name in rare if Pure.done[name] < 20}
