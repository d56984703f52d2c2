"""One stream's passage: it keeps, sends again, fills holes, and never says what is the registry's to say."""

from datetime import UTC, datetime
from random import Random

import pytest

from gateway.bridge.cache import MemoryCache, Name
from gateway.bridge.passage import GRACE, LOST, Out, Pass, Passage, Step
from gateway.bridge.seen import Seen
from gateway.link import Ack, Data, Entry, Hello, Kept, Mark, Point, Timing, Welcome, Who
from gateway.messages import Stream

AT = datetime(2026, 3, 2, 6, tzinfo=UTC)
STATE = Stream.STATE
NAME = Name("edge-1", STATE)
E = 1 << 32


def data(first: int, last: int) -> Data:
    return Data(STATE, E, None, tuple(Entry(n, n, b'{"n":%d}' % n) for n in range(first, last + 1)))


def hello(nonce: str = "n1") -> Hello:
    return Hello(STATE, nonce, "", ())


def ack(seq: int, *, gap: bool = False) -> Ack:
    return Ack(STATE, Point(E, seq), gap=gap, at=AT)


def sent(steps: list[Step]) -> list[tuple[int, int]]:
    return [(step.packet.first, step.packet.last) for step in steps if isinstance(step, Out)]


def kept(last: int | None) -> Kept:
    return Kept(STATE, "n1", Point(E, 1) if last else None, Point(E, last) if last else None)


@pytest.fixture
def passage() -> Passage:
    return Passage(NAME, MemoryCache(10**6), Random(1), Timing(1.0, 4.0))


def test_with_a_line_all_passes_and_the_greeting_is_the_registrys_to_answer(passage: Passage) -> None:
    passage.connected(0.0)
    assert passage.hello(hello(), 0.0) == [Pass()]
    assert passage.data(data(1, 3), 0.0) == [Out(data(1, 3))]
    assert passage.answer(ack(3), 0.1) == [Pass()]
    assert not passage.waits


def test_without_a_line_it_says_what_it_keeps_and_sends_it_at_once_when_the_line_is_back(passage: Passage) -> None:
    assert passage.hello(hello(), 0.0) == [kept(None)]
    assert passage.data(data(1, 3), 0.0) == [kept(3)]
    assert passage.data(data(4, 5), 0.1) == [kept(5)]
    assert sent(passage.connected(60.0)) == [(1, 5)]
    assert passage.behind
    assert passage.answer(ack(5), 60.1) == [Pass()]
    assert not passage.behind


def test_a_registry_that_does_not_answer_is_out_of_reach_whatever_the_broker_says(passage: Passage) -> None:
    passage.connected(0.0)
    passage.hello(hello(), 0.0)
    assert passage.data(data(1, 2), 0.0) == [Out(data(1, 2))]
    assert passage.data(data(3, 3), GRACE + 1)[-1] == kept(3)
    assert passage.hello(hello(), GRACE + 1) == [kept(3), Pass()]


def test_what_is_sent_again_by_the_agent_is_not_sent_again_at_once(passage: Passage) -> None:
    passage.connected(0.0)
    passage.hello(hello(), 0.0)
    passage.data(data(1, 3), 0.0)
    assert passage.data(data(1, 3), 0.5) == []
    assert passage.tick(0.5) == []
    assert sent(passage.tick(2.0)) == [(1, 3)]


def test_a_hole_on_the_line_is_filled_from_here_and_the_agent_does_not_hear_of_it(passage: Passage) -> None:
    passage.connected(0.0)
    passage.hello(hello(), 0.0)
    for n in range(1, 5):
        passage.data(data(n, n), 0.0)
    assert sent(passage.answer(ack(1, gap=True), 0.1)) == [(2, 4)]
    assert passage.answer(ack(1, gap=True), 0.1) == []


def test_a_hole_that_cannot_be_filled_from_here_is_the_agents_to_fill(passage: Passage) -> None:
    passage.connected(0.0)
    passage.hello(hello(), 0.0)
    passage.data(data(5, 6), 0.0)
    assert passage.answer(ack(1, gap=True), 0.1) == [Pass()]
    assert not passage.waits
    assert passage.data(data(2, 6), 0.2) == [Out(data(2, 6))]


def test_copies_that_are_of_no_use_to_the_registry_are_dropped(passage: Passage) -> None:
    passage.hello(hello(), 0.0)
    passage.data(data(5, 6), 0.0)
    passage.connected(1.0)
    for _ in range(LOST):
        assert passage.answer(Who(STATE, "c", AT), 1.0)[0] == Pass()
    assert not passage.waits
    passage.data(data(5, 6), 2.0)
    passage.answer(Welcome(STATE, Point(E, 1), "n1", "", AT), 2.0)
    assert not passage.waits


def test_what_there_is_no_room_for_goes_by_with_a_line_and_stays_with_the_agent_without() -> None:
    passage = Passage(NAME, MemoryCache(200), Random(1), Timing())
    passage.hello(hello(), 0.0)
    passage.data(data(1, 1), 0.0)
    assert passage.data(data(2, 9), 0.0) == [kept(1)]
    passage.connected(1.0)
    passage.answer(ack(1), 1.0)
    assert passage.data(data(2, 9), 1.1) == [Out(data(2, 9))]


def test_numbers_are_remembered_as_ranges() -> None:
    seen = Seen()
    order = [5, 1, 2, 4, 3, 9]
    assert [seen.add(Mark(STATE, E, n)) for n in order] == [True] * 6
    assert [seen.add(Mark(STATE, E, n)) for n in [1, 3, 5, 9, 6, 8]] == [False, False, False, False, True, True]
    assert seen.add(Mark(STATE, E + 1, 1))
    assert list(seen._ranges.values()) == [[(1, 6), (8, 9)], [(1, 1)]]
