"""How packets join into a chain, as a table; and that what is joined is what was sent."""

import pytest

from gateway.bridge.parcel import Chain, Place, merged, place, rest
from gateway.link import Data, Entry, Point
from gateway.messages import Stream

OLD, NEW, OTHER = 7 << 32, 8 << 32, 9 << 32


def data(epoch: int, first: int, last: int, after: Point | None = None) -> Data:
    return Data(Stream.STATE, epoch, after, tuple(Entry(n, n, b'{"n":%d}' % n) for n in range(first, last + 1)))


CHAIN = Chain.of(data(OLD, 5, 9)).plus(data(NEW, 1, 4, Point(OLD, 9)))


@pytest.mark.parametrize(
    ("packet", "found"),
    [
        pytest.param(data(NEW, 5, 6, Point(OLD, 9)), Place.JOINS, id="right behind it"),
        pytest.param(data(NEW, 3, 6, Point(OLD, 9)), Place.JOINS, id="behind it, with some that it has"),
        pytest.param(data(OTHER, 1, 2, Point(NEW, 4)), Place.JOINS, id="a new epoch, from where it ends"),
        pytest.param(data(NEW, 2, 4, Point(OLD, 9)), Place.KNOWN, id="all of it is there"),
        pytest.param(data(OLD, 6, 9), Place.KNOWN, id="all of it is there, in an earlier epoch"),
        pytest.param(data(NEW, 6, 7, Point(OLD, 9)), Place.BEYOND, id="leaves a hole"),
        pytest.param(data(OTHER, 1, 2, Point(NEW, 5)), Place.BEYOND, id="a new epoch that leaves a hole"),
        pytest.param(data(OTHER, 1, 2, None), Place.BEYOND, id="a new epoch from nowhere"),
        pytest.param(data(OLD, 1, 3), Place.BEFORE, id="before it, and the receiver has it"),
        pytest.param(data(OLD, 4, 5), Place.STARTS, id="before it, and the receiver lacks it"),
    ],
)
def test_where_a_packet_lies(packet: Data, found: Place) -> None:
    assert place(CHAIN, Point(OLD, 3), packet) is found


def test_without_a_chain_what_the_receiver_lacks_starts_one() -> None:
    assert place(None, Point(OLD, 3), data(OLD, 3, 4)) is Place.STARTS
    assert place(None, Point(OLD, 3), data(OLD, 2, 3)) is Place.BEFORE
    assert place(None, None, data(OLD, 2, 3)) is Place.STARTS


@pytest.mark.parametrize(
    ("point", "goes_on"),
    [
        (Point(OLD, 3), False), (Point(OLD, 4), True), (Point(OLD, 9), True), (Point(NEW, 2), True),
        (Point(NEW, 4), True), (Point(NEW, 5), False), (Point(OTHER, 1), False), (None, False),
    ],
)  # fmt: skip
def test_whether_a_receiver_can_go_on_with_a_chain(point: Point | None, goes_on: bool) -> None:
    assert CHAIN.continues(point) is goes_on


def test_a_chain_from_the_beginning_of_an_epoch_follows_where_that_began() -> None:
    assert Chain.of(data(OLD, 1, 2)).continues(None)
    assert Chain.of(data(NEW, 1, 2, Point(OLD, 9))).continues(Point(OLD, 9))
    assert not Chain.of(data(NEW, 1, 2, Point(OLD, 9))).continues(None)


def test_only_what_is_new_of_a_packet_is_kept_and_joined_parts_are_one_packet() -> None:
    new = rest(CHAIN, data(NEW, 3, 6, Point(OLD, 9)))
    assert (new.first, new.last) == (5, 6)
    assert merged([data(NEW, 1, 4, Point(OLD, 9)), new]) == data(NEW, 1, 6, Point(OLD, 9))
