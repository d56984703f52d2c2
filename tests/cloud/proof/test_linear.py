"""The checker itself: stories that can be told, and known-bad histories that it must reject."""

import math

import pytest
from linear import Op, Told, Untellable, linearize
from one_machine import Call, Done, History, Machine, No

FULL = No("capacity.insufficient")
OVER = No("claim.state")


def op(start: float, end: float, call: Call, answer: Done | No | None) -> History:
    return Op(call, answer, start, end)


def booked(start: float, end: float, name: str, first: int = 1, last: int = 2, quantity: int = 1) -> History:
    return op(
        start,
        end,
        Call("book", "", first, last, quantity),
        Done(name, "CONFIRMED", first, last, quantity),
    )


def cancelled(start: float, end: float, name: str) -> History:
    return op(start, end, Call("cancel", name), Done(name, "CANCELLED", 1, 2))


def refused(start: float, end: float, answer: No = FULL) -> History:
    return op(start, end, Call("book", "", 1, 2), answer)


def read(start: float, end: float, name: str, state: str, first: int = 1, last: int = 2) -> History:
    return op(start, end, Call("read", name), Done(name, state, first, last))


HELD = op(0, 1, Call("hold", "", 1, 2), Done("h", "HELD", 1, 2))
EXTENDED = Done("h", "HELD", 1, 2)

GOOD: dict[str, list[History]] = {
    "nothing happened": [],
    "one after the other, the second is refused": [booked(0, 1, "a"), refused(2, 3)],
    "at the same time, the first to be sent is refused": [refused(0, 3), booked(1, 2, "a")],
    "a refusal while a booking was cancelled and taken again": [
        booked(0, 1, "a"), cancelled(2, 6, "a"), refused(3, 4), booked(5, 8, "b"), refused(7, 9),
    ],
    "a read beside the cancellation sees either": [
        booked(0, 1, "a"), cancelled(2, 5, "a"), read(2, 4, "a", "CONFIRMED"), read(3, 6, "a", "CANCELLED"),
    ],
    "a booking that was never heard of took the hour": [op(0, math.inf, Call("book", "", 1, 2), None), refused(5, 6)],
    "a booking that was never heard of did not": [op(0, math.inf, Call("book", "", 1, 2), None), booked(5, 6, "a")],
    "an amendment makes room": [
        booked(0, 1, "a", 1, 3), op(2, 5, Call("amend", "a", 2, 3), Done("a", "CONFIRMED", 2, 3)), booked(3, 4, "b"),
    ],
    "a hold keeps its hour, and its booking takes its place": [
        HELD, refused(2, 3), op(4, 5, Call("redeem", "h"), Done("b", "CONFIRMED", 1, 2)), refused(6, 7),
    ],
    "extended once, by one of two": [
        HELD, op(2, 4, Call("extend", "h"), No("hold.extended")), op(2, 4, Call("extend", "h"), EXTENDED),
    ],
}  # fmt: skip


BAD: dict[str, list[History]] = {
    "an hour sold twice, one after the other": [booked(0, 1, "a"), booked(2, 3, "b")],
    "an hour sold twice at the same time": [booked(0, 3, "a"), booked(1, 2, "b")],
    "a lost cancellation: the hour is still taken": [booked(0, 1, "a"), cancelled(2, 3, "a"), refused(4, 5)],
    "a lost cancellation: the booking stands": [booked(0, 1, "a"), cancelled(2, 3, "a"), read(4, 5, "a", "CONFIRMED")],
    "a stale read after a confirmed write": [
        booked(0, 1, "a", 1, 3), op(2, 3, Call("amend", "a", 1, 2), Done("a", "CONFIRMED", 1, 2)),
        read(4, 5, "a", "CONFIRMED", 1, 3),
    ],
    "a read that goes back in time": [
        booked(0, 1, "a"), cancelled(2, 9, "a"), read(3, 4, "a", "CANCELLED"), read(5, 6, "a", "CONFIRMED"),
    ],
    "refused though nobody had it": [refused(0, 1)],
    "a hold that was ignored": [HELD, booked(2, 3, "a")],
    "a hold that was booked twice": [
        HELD, op(2, 5, Call("redeem", "h"), Done("a", "CONFIRMED", 1, 2)),
        op(3, 6, Call("redeem", "h"), Done("b", "CONFIRMED", 1, 2)),
    ],
    "a hold that was extended twice": [
        HELD, op(2, 3, Call("extend", "h"), EXTENDED), op(4, 5, Call("extend", "h"), EXTENDED),
    ],
    "an amendment that keeps the old hours too": [
        booked(0, 1, "a", 1, 2), op(2, 3, Call("amend", "a", 5, 6), Done("a", "CONFIRMED", 5, 6)), refused(4, 5),
    ],
    "an amendment into hours that are sold": [
        booked(0, 1, "a", 1, 2), booked(0, 1, "b", 5, 6),
        op(2, 3, Call("amend", "a", 5, 6), Done("a", "CONFIRMED", 5, 6)),
    ],
    "cancelled twice": [booked(0, 1, "a"), cancelled(2, 4, "a"), cancelled(3, 5, "a")],
}  # fmt: skip


@pytest.mark.parametrize("history", GOOD.values(), ids=GOOD.keys())
def test_a_story_is_told_that_keeps_to_the_times(history: list[History]) -> None:
    told = linearize(history, frozenset(), Machine().step)
    assert isinstance(told, Told)
    for place, one in enumerate(told.order):
        assert not any(later.end < one.start for later in told.order[place + 1 :])


@pytest.mark.parametrize("history", BAD.values(), ids=BAD.keys())
def test_a_known_bad_history_is_rejected(history: list[History]) -> None:
    told = linearize(history, frozenset(), Machine().step)
    assert isinstance(told, Untellable)
    assert told.stuck
    assert len(told.order) < len(history)


def test_a_pool_sells_as_many_at_once_as_it_has_and_no_more() -> None:
    three = [booked(0, 1, "a", 1, 4, 2), booked(2, 3, "b", 1, 2), booked(4, 5, "c", 3, 4)]
    assert isinstance(linearize(three, frozenset(), Machine(3).step), Told)
    assert isinstance(linearize([*three, booked(6, 7, "d", 1, 2)], frozenset(), Machine(3).step), Untellable)


def test_a_request_is_confirmed_once_and_only_by_its_provider_grows() -> None:
    asked = op(0, 1, Call("book", "", 1, 2), Done("a", "REQUESTED", 1, 2))
    confirmed = Done("a", "CONFIRMED", 1, 2)
    one, two = op(2, 4, Call("confirm", "a"), confirmed), op(3, 5, Call("confirm", "a"), confirmed)
    late = op(6, 7, Call("amend", "a", 1, 3), No("booking.needs_provider"))
    machine = Machine(instant=False)
    again = op(3, 5, Call("confirm", "a"), OVER)
    assert isinstance(linearize([asked, one, again, late], frozenset(), machine.step), Told)
    assert isinstance(linearize([asked, one, two], frozenset(), machine.step), Untellable)


def test_many_at_once_are_told_in_a_moment() -> None:
    """Twelve at a time on one hour: there are half a billion orders, and what was tried is not tried again."""
    history = []
    for turn in range(20):
        history += [refused(turn, turn + 0.9) for _ in range(11)]
        history += [booked(turn, turn + 0.9, f"a{turn}"), cancelled(turn + 0.91, turn + 0.95, f"a{turn}")]
    assert isinstance(linearize(history, frozenset(), Machine().step), Told)
    lost = [*history, refused(30, 31)]
    assert isinstance(linearize(lost, frozenset(), Machine().step), Untellable)
