"""What an outage left behind takes its time: a stream with a rate never goes faster, and holds nobody else up."""

from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import pytest

from gateway.link import (
    LIMITS,
    Accept,
    Data,
    Effect,
    Lane,
    MemoryJournal,
    Position,
    Refusal,
    Send,
    Sender,
    read,
    receive,
    reply,
)
from gateway.messages import Stream

AT = datetime(2026, 3, 2, 6, tzinfo=UTC)
SIZE, RATE = 10_000, 100_000.0


class Line:
    """A sender and a receiver that answers at once, on one clock, driven by the sender's own deadlines."""

    def __init__(self, lane: Lane, rate: float | None) -> None:
        self.lane, self.now = lane, 0.0
        self.journal = MemoryJournal(Random(3))
        self.sender = Sender(self.journal, lane, Random(5), streams=[Stream.TELEMETRY, Stream.BACKFILL])
        self.sender.flows[Stream.BACKFILL].limit(replace(LIMITS[Stream.BACKFILL], rate=rate, packet_size=20_000))
        self.positions = {stream: Position() for stream in Stream}
        self.taken: list[tuple[float, Stream, int]] = []
        self.carry(self.sender.connected(0.0))

    def append(self, stream: Stream, count: int) -> None:
        with self.journal.transaction() as tx:
            for _ in range(count):
                tx.append(stream, b'{"p":"%b"}' % (b"x" * (SIZE - 8)))
        self.carry(self.sender.wake(self.now))

    def carry(self, effects: list[Effect]) -> None:
        while effects:
            sent = [effect.data for effect in effects if isinstance(effect, Send)]
            effects = [answer for data in sent for answer in self.answer(data)]

    def answer(self, data: bytes) -> list[Effect]:
        packet = read(self.lane, data)
        assert not isinstance(packet, Refusal)
        decision = receive(self.positions[packet.stream], packet, b"b" * 16)
        if isinstance(decision, Accept) and isinstance(packet, Data):
            self.taken.append((self.now, packet.stream, sum(entry.size for entry in packet.entries)))
        self.positions[packet.stream] = decision.position
        return list(self.sender.receive(reply(self.lane, decision, AT), self.now))

    def run(self, until: float) -> None:
        while (due := self.sender.deadline) is not None and due <= until:
            self.now = due
            self.carry(list(self.sender.tick(self.now)))
        self.now = until

    def bytes(self, stream: Stream) -> int:
        return sum(size for _, of, size in self.taken if of is stream)


@pytest.fixture
def line(lane: Lane) -> Line:
    return Line(lane, RATE)


def test_a_backlog_is_drained_at_its_rate(line: Line) -> None:
    line.append(Stream.BACKFILL, 200)
    for second in range(1, 15):
        line.run(float(second))
        assert line.bytes(Stream.BACKFILL) <= RATE * second + 20_000, "never faster"
    assert line.bytes(Stream.BACKFILL) >= RATE * 13, "and not much slower"
    line.run(60.0)
    assert line.bytes(Stream.BACKFILL) == 200 * SIZE
    assert line.sender.deadline is None, "a drained stream wakes nobody"


def test_control_without_a_rate_it_is_all_there_at_once(lane: Lane) -> None:
    line = Line(lane, None)
    line.append(Stream.BACKFILL, 200)
    assert line.bytes(Stream.BACKFILL) == 200 * SIZE > RATE + 20_000


def test_what_is_live_does_not_wait_for_it(line: Line) -> None:
    line.append(Stream.BACKFILL, 200)
    line.run(1.0)
    line.append(Stream.TELEMETRY, 5)
    assert [(at, stream) for at, stream, _ in line.taken][-1] == (1.0, Stream.TELEMETRY)
    assert line.bytes(Stream.TELEMETRY) == 5 * SIZE
    assert line.bytes(Stream.BACKFILL) < 200 * SIZE


def test_backfill_has_a_rate_and_nothing_else_has() -> None:
    assert [stream for stream in Stream if LIMITS[stream].rate is not None] == [Stream.BACKFILL]
