"""The receiver's decision: a table of situations, and what holds for any order of packets."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.link import (
    Accept,
    Adopted,
    Cause,
    Data,
    Decision,
    Duplicate,
    Entry,
    Gap,
    Greeted,
    Held,
    Hello,
    Lane,
    Loss,
    Point,
    Position,
    Refusal,
    Unknown,
    adopt,
    ask,
    read,
    receive,
    reply,
)
from gateway.link.packets import Ack, Welcome, Who, decode_back, encode
from gateway.messages import Stream

BOOT, STATE = b"b" * 16, Stream.STATE
AT = datetime(2026, 3, 2, 6, tzinfo=UTC)
NEW, AT_FIVE = Position(), Position(epoch=20, committed=5, past={10: 3})


def data(epoch: int, first: int, last: int, after: Point | None = None) -> Data:
    return Data(STATE, epoch, after, tuple(Entry(seq, seq, b'{"n":%d}' % seq) for seq in range(first, last + 1)))


def hello(*held: Held, challenge: str = "") -> Hello:
    return Hello(STATE, "n1", challenge, held)


@pytest.mark.parametrize(
    ("position", "packet", "kind"),
    [
        (NEW, data(10, 1, 2), Accept),
        (NEW, data(10, 2, 2), Unknown),
        (NEW, data(10, 1, 1, Point(5, 1)), Unknown),
        (AT_FIVE, data(20, 6, 7), Accept),
        (AT_FIVE, data(20, 4, 7), Accept),
        (AT_FIVE, data(20, 1, 5), Duplicate),
        (AT_FIVE, data(20, 7, 8), Gap),
        (AT_FIVE, data(10, 1, 3), Duplicate),
        (AT_FIVE, data(10, 3, 4), Unknown),
        (AT_FIVE, data(30, 1, 2, Point(20, 5)), Accept),
        (AT_FIVE, data(30, 2, 2, Point(20, 5)), Gap),
        (AT_FIVE, data(30, 1, 2, Point(20, 6)), Gap),
        (AT_FIVE, data(30, 1, 2, Point(20, 4)), Unknown),
        (AT_FIVE, data(30, 1, 2), Unknown),
        (AT_FIVE, data(30, 1, 2, Point(10, 3)), Unknown),
        (AT_FIVE, hello(), Greeted),
        (AT_FIVE, hello(Held(20, 3, 9, Point(10, 3))), Greeted),
        (AT_FIVE, hello(Held(20, 6, 6, None), Held(30, 1, 4, Point(20, 5))), Greeted),
        (AT_FIVE, hello(Held(20, 8, 9, Point(10, 3))), Unknown),
        (AT_FIVE, hello(Held(20, 8, 9, None), challenge="stale"), Unknown),
        (AT_FIVE, hello(Held(20, 8, 9, None), challenge=AT_FIVE.challenge(BOOT)), Adopted),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_each_situation_has_its_answer(position: Position, packet: Data | Hello, kind: type[Decision]) -> None:
    decision = receive(position, packet, BOOT)
    assert type(decision) is kind
    assert decision.commits == (kind in {Accept, Adopted})
    assert decision.commits or decision.position == position


def test_only_what_is_new_of_an_overlapping_packet_is_stored() -> None:
    decision = receive(AT_FIVE, data(20, 4, 7), BOOT)
    assert isinstance(decision, Accept)
    assert [entry.seq for entry in decision.entries] == [6, 7]
    assert decision.position == Position(20, 7, {10: 3})


def test_of_a_tombstone_run_only_the_new_part_is_stored() -> None:
    packet = Data(STATE, 20, None, (Entry(2, 9, None, "dropped"),))
    decision = receive(AT_FIVE, packet, BOOT)
    assert isinstance(decision, Accept)
    assert decision.entries == (Entry(6, 9, None, "dropped"),)


@pytest.mark.parametrize(
    ("position", "held", "point", "losses"),
    [
        (
            AT_FIVE,
            [Held(20, 8, 12, Point(10, 3))],
            Point(20, 7),
            [Loss(Point(20, 5), Point(20, 8), Cause.RECEIVER_RESTORED, 2)],
        ),
        (
            AT_FIVE,
            [Held(20, 12, 12, Point(10, 3))],
            Point(20, 11),
            [Loss(Point(20, 5), Point(20, 12), Cause.RECEIVER_RESTORED, 6)],
        ),
        (
            AT_FIVE,
            [Held(30, 1, 3, Point(20, 9))],
            Point(30, 0),
            [Loss(Point(20, 5), Point(30, 1), Cause.RECEIVER_RESTORED, 4)],
        ),
        (
            AT_FIVE,
            [Held(30, 1, 3, Point(20, 4))],
            Point(30, 0),
            [Loss(Point(20, 5), Point(30, 1), Cause.SENDER_RESTORED, None)],
        ),
        (
            AT_FIVE,
            [Held(20, 3, 5, None), Held(30, 1, 3, Point(20, 4))],
            Point(30, 0),
            [Loss(Point(20, 5), Point(30, 1), Cause.SENDER_RESTORED, None)],
        ),
        (
            AT_FIVE,
            [Held(30, 1, 3, None)],
            Point(30, 0),
            [Loss(Point(20, 5), Point(30, 1), Cause.SENDER_RESET, None)],
        ),
        (
            AT_FIVE,
            [Held(10, 2, 9, None)],
            Point(10, 3),
            [Loss(Point(20, 5), Point(10, 4), Cause.SENDER_RESTORED, None)],
        ),
        (
            AT_FIVE,
            [Held(30, 4, 6, Point(25, 7))],
            Point(30, 3),
            [
                Loss(Point(20, 5), Point(30, 1), Cause.DIVERGED, None),
                Loss(Point(30, 0), Point(30, 4), Cause.RECEIVER_RESTORED, 3),
            ],
        ),
        (
            NEW,
            [Held(30, 4, 6, None)],
            Point(30, 3),
            [Loss(Point(30, 0), Point(30, 4), Cause.RECEIVER_RESTORED, 3)],
        ),
        (
            NEW,
            [Held(30, 1, 6, Point(20, 5))],
            Point(30, 0),
            [Loss(None, Point(30, 1), Cause.RECEIVER_RESTORED, None)],
        ),
    ],
    ids=[
        "receiver restored within the epoch",
        "receiver restored, sender drained",
        "receiver restored to before the epoch's end",
        "sender restored to before that",
        "the same, holding the old epoch too",
        "sender wiped",
        "sender restored into an epoch of the past",
        "both restored",
        "receiver wiped",
        "receiver wiped, epoch untouched",
    ],
)
def test_every_loss_is_told(position: Position, held: list[Held], point: Point, losses: list[Loss]) -> None:
    after, told = adopt(position, tuple(held), "token")
    assert after.point == point
    assert list(told) == losses
    assert after.resync == "token"


def test_a_challenge_is_worth_nothing_once_the_position_has_moved() -> None:
    held = Held(20, 9, 12, None)
    challenge = AT_FIVE.challenge(BOOT)
    assert isinstance(receive(AT_FIVE, hello(held, challenge=challenge), BOOT), Adopted)
    assert isinstance(receive(AT_FIVE.moved(Point(20, 6)), hello(held, challenge=challenge), BOOT), Unknown)
    assert isinstance(receive(AT_FIVE, hello(held, challenge=challenge), b"another process"), Unknown)


@pytest.mark.parametrize(
    ("packet", "answer"),
    [
        (data(20, 6, 7), Ack(STATE, Point(20, 7), gap=False, at=AT)),
        (data(20, 1, 2), Ack(STATE, Point(20, 5), gap=False, at=AT)),
        (data(10, 1, 2), Ack(STATE, Point(10, 3), gap=False, at=AT)),
        (data(20, 9, 9), Ack(STATE, Point(20, 5), gap=True, at=AT)),
        (data(40, 9, 9), Who(STATE, AT_FIVE.challenge(BOOT), AT)),
        (hello(Held(20, 3, 9, None)), Welcome(STATE, Point(20, 5), "n1", "", AT)),
    ],
    ids=["new", "doubled", "doubled, of the past", "gap", "unknown", "hello"],
)
def test_the_reply_says_what_is_in_store(lane: Lane, packet: Data | Hello, answer: Any) -> None:
    raw = lane.seal("forth", encode(packet))
    found = read(lane, raw)
    assert found == packet
    body = lane.unseal("back", reply(lane, receive(AT_FIVE, packet, BOOT), AT))
    assert isinstance(body, bytes)
    assert decode_back(body) == answer


def test_a_packet_of_the_wrong_direction_is_refused(lane: Lane) -> None:
    assert read(lane, ask(lane, STATE, NEW, BOOT, AT)) is Refusal.MAC


def test_a_position_survives_json() -> None:
    position = Position(1 << 61, 7, {3: 4, 1 << 62: 9}, "token")
    assert Position.from_json(position.to_json()) == position


def test_the_past_is_bounded() -> None:
    position = NEW
    for epoch in range(1, 5000):
        position = position.moved(Point(epoch, 1))
    assert len(position.past) == 4096
    assert position.committed_in(4998) == 1


@st.composite
def history(draw: st.DrawFn) -> tuple[list[Data], list[tuple[int, int]]]:
    """All packets of a sender that started a few times, cut at random, and the identities in the order of appending."""
    packets, order, after = [], [], None
    for epoch in range(1, draw(st.integers(1, 4)) + 1):
        length = draw(st.integers(1, 6))
        order += [(epoch, seq) for seq in range(1, length + 1)]
        for _ in range(draw(st.integers(1, 4))):
            first = draw(st.integers(1, length))
            packets.append(data(epoch, first, draw(st.integers(first, length)), after))
        after = Point(epoch, length)
    return packets, order


@given(history(), st.randoms(use_true_random=False))
def test_in_any_order_and_any_number_packets_arrive_as_a_prefix_of_what_was_appended(
    told: tuple[list[Data], list[tuple[int, int]]], random: Any
) -> None:
    packets, order = told
    position, store = Position(), []
    for packet in random.choices(packets, k=40):
        decision = receive(position, packet, BOOT)
        if isinstance(decision, Accept):
            store += [(decision.epoch, entry.seq) for entry in decision.entries]
        position = decision.position
    assert store == order[: len(store)]


EPOCHS = st.integers(1, 6)
POSITIONS = st.builds(
    lambda epoch, committed, past: Position(epoch, committed, {old: seq for old, seq in past.items() if old != epoch}),
    EPOCHS, st.integers(0, 8), st.dictionaries(EPOCHS, st.integers(0, 8), max_size=4),
) | st.just(NEW)  # fmt: skip


@st.composite
def holdings(draw: st.DrawFn) -> tuple[Held, ...]:
    after, held = draw(st.none() | st.builds(Point, EPOCHS, st.integers(1, 8))), []
    for place, epoch in enumerate(draw(st.lists(EPOCHS, unique=True, min_size=1, max_size=3))):
        oldest = draw(st.integers(1, 6)) if place == 0 else 1
        following = oldest + draw(st.integers(int(oldest == 1), 4))
        held.append(Held(epoch, oldest, following, after))
        after = Point(epoch, following - 1)
    return tuple(held)


@given(POSITIONS, holdings())
def test_adopting_tells_a_loss_or_changes_nothing_and_forgets_no_number(
    position: Position, held: tuple[Held, ...]
) -> None:
    after, losses = adopt(position, held, "token")
    assert bool(losses) == (after != position)
    assert all((after.committed_in(epoch) or 0) >= seq for epoch, seq in position.past.items())


@given(POSITIONS, holdings())
def test_wherever_both_stand_all_that_is_held_arrives_once_after_a_few_greetings(
    position: Position, held: tuple[Held, ...]
) -> None:
    wanted = [(epoch, seq) for epoch in held for seq in range(epoch.oldest, epoch.next)]
    due = [(epoch.epoch, seq) for epoch, seq in wanted if seq > (position.committed_in(epoch.epoch) or 0)]
    stored: list[tuple[int, int]] = []
    for _ in held:
        position, _ = adopt(position, held, "token")
        for epoch, seq in wanted:
            decision = receive(position, data(epoch.epoch, seq, seq, epoch.after), BOOT)
            position = decision.position
            stored += [(epoch.epoch, seq)] * isinstance(decision, Accept)
    assert stored == due
