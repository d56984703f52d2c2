"""The sender, driven by hand: what it says to a receiver that answers, stays silent, forgets, or lies."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import pytest

from gateway.link import (
    LIMITS,
    Accept,
    Acked,
    Adopted,
    Data,
    Effect,
    Hello,
    Keyring,
    Lane,
    MemoryJournal,
    PeerClock,
    Phase,
    Point,
    Position,
    Refusal,
    Resync,
    Send,
    Sender,
    Timing,
    read,
    receive,
    reply,
)
from gateway.link.packets import Ack, Who, encode
from gateway.messages import Stream

STATE, BOOT = Stream.STATE, b"b" * 16
AT = datetime(2026, 3, 2, 6, tzinfo=UTC)


class Pair:
    """A sender of one stream and a receiver beside it; nothing moves unless the test carries it."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.journal = MemoryJournal(Random(3))
        self.position = Position()
        self.stored: list[int] = []
        self.now = 0.0
        self.restart()

    def restart(self) -> None:
        self.journal = MemoryJournal(Random(4), self.journal.disk)
        self.sender = Sender(self.journal, self.lane, Random(5), streams=[STATE], timing=Timing(1.0, 15.0))

    def append(self, count: int, size: int = 2) -> None:
        with self.journal.transaction() as tx:
            for _ in range(count):
                tx.append(STATE, b"{" + b" " * (size - 2) + b"}")

    def packets(self, effects: Iterable[Effect]) -> list[Data | Hello]:
        found = [read(self.lane, effect.data) for effect in effects if isinstance(effect, Send)]
        return [packet for packet in found if not isinstance(packet, Refusal)]

    def answer(self, packet: Data | Hello) -> list[Effect]:
        """The receiver handles the packet, the sender its reply."""
        decision = receive(self.position, packet, BOOT)
        if isinstance(decision, Accept | Adopted):
            self.position = decision.position
            self.stored += [entry.seq for entry in decision.entries]
        return self.sender.receive(reply(self.lane, decision, AT), self.now)

    def run(self, effects: list[Effect]) -> list[Effect]:
        """Carry everything both ways until nothing is left; returns all that the application was told."""
        told: list[Effect] = []
        while effects:
            told += [effect for effect in effects if not isinstance(effect, Send)]
            effects = [effect for packet in self.packets(effects) for effect in self.answer(packet)]
        return told

    def start(self) -> list[Effect]:
        return self.run(self.sender.connected(self.now))


@pytest.fixture
def pair(lane: Lane) -> Pair:
    return Pair(lane)


def test_nothing_is_sent_before_the_connection_is_up(pair: Pair) -> None:
    pair.append(3)
    assert pair.sender.wake(0.0) == []
    assert pair.sender.deadline is None


def test_it_greets_first_and_sends_after_the_welcome(pair: Pair) -> None:
    pair.append(3)
    effects = pair.sender.connected(0.0)
    assert [type(packet) for packet in pair.packets(effects)] == [Hello]
    assert pair.packets(pair.sender.wake(0.0)) == []
    answered = pair.answer(pair.packets(effects)[0])
    assert [(packet.first, packet.last) for packet in pair.packets(answered) if isinstance(packet, Data)] == [(1, 3)]


def test_what_is_acknowledged_is_deleted_and_told(pair: Pair) -> None:
    pair.append(3)
    told = pair.start()
    assert pair.stored == [1, 2, 3]
    assert [effect.seq for effect in told if isinstance(effect, Acked)] == [3]
    assert pair.journal.held(STATE)[0].drained
    assert pair.sender.deadline is None


def test_an_unanswered_hello_is_repeated_less_and_less_often(pair: Pair) -> None:
    pair.sender.connected(0.0)
    waits, now = [], 0.0
    for _ in range(8):
        deadline = pair.sender.deadline
        assert deadline is not None
        waits.append(deadline - now)
        now = deadline
        assert pair.sender.tick(now - 0.001) == []
        assert len(pair.packets(pair.sender.tick(now))) == 1
    assert 0.8 <= waits[0] <= 1.2
    assert all(12 <= wait <= 18 for wait in waits[5:])


def test_an_unanswered_packet_is_sent_again_and_then_the_receiver_is_greeted(pair: Pair) -> None:
    pair.start()
    pair.append(2)
    pair.sender.wake(0.0)
    first = pair.packets(pair.sender.tick(2.0))
    assert [type(packet) for packet in first] == [Data]
    again = pair.packets(pair.sender.tick(10.0))
    assert [type(packet) for packet in again] == [Hello]


def test_a_silent_receiver_is_not_flooded(pair: Pair) -> None:
    pair.start()
    pair.append(500, size=1000)
    sent = sum(len(effect.data) for effect in pair.sender.wake(0.0) if isinstance(effect, Send))
    for second in range(1, 3600):
        sent += sum(len(effect.data) for effect in pair.sender.tick(float(second)) if isinstance(effect, Send))
    assert sent < 1_300_000


def test_what_is_under_way_is_bounded_whatever_the_backlog(pair: Pair) -> None:
    pair.start()
    pair.append(5000, size=1000)
    flow = pair.sender.flows[STATE]
    pair.sender.wake(0.0)
    assert 0 < flow.window.items <= LIMITS[STATE].items
    assert flow.window.size <= LIMITS[STATE].size + LIMITS[STATE].packet_size
    assert pair.sender.wake(0.0) == []


def test_on_a_slow_uplink_bulk_keeps_less_under_way_so_that_control_need_not_queue_behind_it(lane: Lane) -> None:
    def under_way(trip: float) -> dict[Stream, int]:
        sender = Sender(MemoryJournal(Random(1)), lane, Random(2))
        for flow in sender.flows.values():
            flow.window.narrow(trip)
        shares = {stream: flow.window.limits.size * flow.window.share for stream, flow in sender.flows.items()}
        return {stream: round(size) >> 10 for stream, size in shares.items()}

    quick, slow = under_way(0.05), under_way(4.0)
    assert slow[Stream.CONTROL] == quick[Stream.CONTROL] == 1024
    assert quick[Stream.TELEMETRY] == 2048
    assert slow[Stream.TELEMETRY] == 512
    assert slow[Stream.BACKFILL] == 128


def test_however_slow_the_uplink_one_packet_goes(pair: Pair) -> None:
    pair.start()
    pair.sender.flows[STATE].window.narrow(1e6)
    pair.append(1000, size=1000)
    assert len(pair.packets(pair.sender.wake(0.0))) == 1


def test_a_gap_makes_it_go_back_once(pair: Pair) -> None:
    pair.append(1)
    pair.start()
    pair.append(600, size=500)
    sent = pair.packets(pair.sender.wake(0.0))
    second, third = pair.packets(pair.answer(sent[1])), pair.packets(pair.answer(sent[2]))
    assert second == sent
    assert third == []


def test_when_the_first_packets_ever_come_out_of_order_the_receiver_asks_who_it_is(pair: Pair) -> None:
    pair.start()
    pair.append(600, size=500)
    sent = pair.packets(pair.sender.wake(0.0))
    assert [type(packet) for packet in pair.packets(pair.answer(sent[1]))] == [Hello]


def test_after_a_restart_old_epochs_go_first(pair: Pair) -> None:
    pair.append(2)
    pair.restart()
    pair.append(2)
    pair.start()
    assert pair.stored == [1, 2, 1, 2]
    assert len(pair.position.past) == 1


def test_an_acknowledgement_from_before_the_restart_still_counts(pair: Pair) -> None:
    pair.append(2)
    late = pair.lane.seal("back", encode(Ack(STATE, Point(pair.journal.held(STATE)[0].epoch, 2), gap=False, at=AT)))
    pair.restart()
    assert [type(effect) for effect in pair.sender.receive(late, 0.0)] == [Acked]


def test_a_receiver_that_lost_what_was_deleted_is_told_and_asks_for_a_resync(pair: Pair) -> None:
    pair.append(4)
    pair.start()
    epoch = pair.journal.held(STATE)[0].epoch
    pair.position = replace(pair.position, committed=2)
    pair.append(1)
    told = pair.run(pair.sender.wake(0.0))
    assert [type(effect) for effect in told if isinstance(effect, Resync)] == [Resync]
    assert pair.position.point == Point(epoch, 5)
    assert pair.journal.held(STATE)[0].drained


def test_a_drained_sender_notices_a_restored_receiver_when_it_connects(pair: Pair) -> None:
    pair.append(4)
    pair.start()
    pair.position = Position()
    assert any(isinstance(effect, Resync) for effect in pair.start())


def test_a_resync_is_asked_again_after_a_restart_until_it_is_honoured(pair: Pair) -> None:
    pair.append(4)
    pair.start()
    pair.position = Position()
    (resync,) = [effect for effect in pair.start() if isinstance(effect, Resync)]
    assert not any(isinstance(effect, Resync) for effect in pair.start())
    pair.restart()
    assert resync in pair.start()
    pair.sender.resynced(STATE, resync.token)
    pair.restart()
    assert not any(isinstance(effect, Resync) for effect in pair.start())


def test_a_welcome_for_another_hello_changes_nothing(pair: Pair) -> None:
    pair.append(1)
    (old,) = pair.packets(pair.sender.connected(0.0))
    pair.sender.connected(0.0)
    assert pair.answer(old) == []
    assert pair.sender.phases[STATE] is Phase.GREETING


def test_a_doubled_who_is_answered_once(pair: Pair) -> None:
    pair.start()
    who = pair.lane.seal("back", encode(Who(STATE, "c1", AT)))
    assert len(pair.packets(pair.sender.receive(who, 0.0))) == 1
    assert pair.sender.receive(who, 0.0) == []


def test_a_forged_acknowledgement_deletes_nothing_and_is_counted(pair: Pair) -> None:
    pair.start()
    pair.append(1)
    epoch = pair.journal.held(STATE)[0].epoch
    body = encode(Ack(STATE, Point(epoch, 1), gap=False, at=AT))
    thief = replace(pair.lane, keyring=Keyring({"k1": b"a guess"}, "k1"))
    for packet in (thief.seal("back", body), pair.lane.seal("forth", body), pair.lane.seal("back", b"{}"), b"noise"):
        assert pair.sender.receive(packet, 0.0) == []
    assert not pair.journal.held(STATE)[0].drained
    assert pair.sender.refused == {Refusal.MAC: 2, Refusal.FORM: 2}


def test_the_peers_clock_is_read_off_a_fresh_acknowledgement_only(pair: Pair) -> None:
    pair.start()
    pair.append(1)
    (packet,) = pair.packets(pair.sender.wake(0.0))
    pair.now = 0.25
    assert PeerClock(AT, 0.25) in pair.answer(packet)
    assert not any(isinstance(effect, PeerClock) for effect in pair.answer(packet))


def test_streams_do_not_wait_for_each_other(lane: Lane) -> None:
    journal = MemoryJournal(Random(1))
    sender = Sender(journal, lane, Random(2))
    with journal.transaction() as tx:
        tx.append(Stream.TELEMETRY, b"{}")
        tx.append(Stream.CONTROL, b"{}")
    hellos = [read(lane, effect.data) for effect in sender.connected(0.0) if isinstance(effect, Send)]
    assert [hello.stream for hello in hellos if isinstance(hello, Hello)] == list(Stream)
    control = next(hello for hello in hellos if isinstance(hello, Hello) and hello.stream is Stream.CONTROL)
    sender.receive(reply(lane, receive(Position(), control, BOOT), AT), 0.0)
    assert sender.phases[Stream.CONTROL] is Phase.FLOWING
    assert sender.phases[Stream.TELEMETRY] is Phase.GREETING
