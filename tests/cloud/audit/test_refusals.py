"""Refusals are told soon, in few lines, however often they happen."""

from datetime import UTC, datetime

from cloud.audit.refusals import LINES_AT_ONCE, MOST, OTHERS, Refusals
from cloud.partners.auth import Caller
from cloud.partners.model import Scope
from cloud.partners.pace import Pace

NOW = datetime(2026, 3, 2, tzinfo=UTC)


class Wall:
    """Real time, as the test wants it."""

    at = 0.0

    def __call__(self) -> float:
        return self.at


def gathered(wall: Wall) -> Refusals:
    return Refusals(Pace(1 / 60, LINES_AT_ONCE, wall))


def caller(number: int = 1) -> Caller:
    return Caller("ent_a", f"key_{number}", frozenset({Scope.READ}))


def note(refusals: Refusals, who: Caller, action: str = "GET /v1/keys", times: int = 1) -> None:
    for number in range(times):
        refusals.note(who, action, "auth.scope", f"req_{number}", NOW)


def test_alike_ones_are_one_line_with_their_number_and_the_last_request() -> None:
    refusals = gathered(Wall())
    note(refusals, caller(), times=1000)
    (line,) = refusals.due()
    assert (line["times"], line["request_id"], line["key_id"]) == (1000, "req_999", "key_1")
    assert refusals.due() == []


def test_an_enterprise_writes_no_more_than_its_pace_and_what_waits_goes_on_counting() -> None:
    wall = Wall()
    refusals = gathered(wall)
    for number in range(LINES_AT_ONCE + 5):
        note(refusals, caller(), action=f"GET /v1/{number}")
    assert len(refusals.due()) == LINES_AT_ONCE
    for number in range(LINES_AT_ONCE, LINES_AT_ONCE + 5):
        note(refusals, caller(), action=f"GET /v1/{number}")
    assert refusals.due() == []
    wall.at = 300
    assert [line["times"] for line in refusals.due()] == [2] * 5


def test_what_is_remembered_is_bounded_and_the_rest_is_counted() -> None:
    refusals = gathered(Wall())
    for number in range(3 * MOST):
        note(refusals, caller(), action=f"GET /v1/{number}")
    assert len(refusals._times) == MOST + 1
    assert sum(refusals._times.values()) == 3 * MOST
    assert [times for (_, action, _), times in refusals._times.items() if action == OTHERS] == [2 * MOST]


def test_even_of_ever_new_keys_no_more_than_twice_as_many_are_remembered() -> None:
    refusals = gathered(Wall())
    for number in range(5 * MOST):
        note(refusals, caller(number))
    assert len(refusals._times) <= 2 * MOST
