"""A sender whom a gateway on the way tells that it keeps copies: it goes on, deletes nothing, and goes on greeting."""

from datetime import UTC, datetime
from random import Random

import pytest

from gateway.link import Ack, Data, Hello, Kept, Lane, MemoryJournal, Phase, Point, Send, Sender, Timing, Welcome, read
from gateway.link.packets import Back, decode_back, encode
from gateway.messages import Stream

AT = datetime(2026, 3, 2, 6, tzinfo=UTC)
STATE = Stream.STATE


class Agent:
    """A sender of one stream, spoken to in packets."""

    def __init__(self, lane: Lane, messages: int) -> None:
        self.lane, self.now = lane, 0.0
        self.journal = MemoryJournal(Random(1))
        self.sender = Sender(self.journal, lane, Random(1), streams=[STATE], timing=Timing(1.0, 4.0))
        self.append(messages)
        hello = self._packets(self.sender.connected(0.0))[0]
        assert isinstance(hello, Hello)
        self.nonce = hello.nonce

    def append(self, count: int) -> list[int]:
        for _ in range(count):
            self.journal.append(STATE, b'{"x":"%b"}' % (b"x" * 1000))
        return self._seqs(self.sender.wake(self.now))

    def hear(self, packet: Back) -> list[int]:
        """The numbers that it sends at this."""
        return self._seqs(self.sender.receive(self.lane.seal("back", encode(packet)), self.now))

    def wait(self, seconds: float) -> list[object]:
        self.now += seconds
        return self._packets(self.sender.tick(self.now))

    def at(self, seq: int) -> Point:
        return Point(self.journal.held(STATE)[-1].epoch, seq)

    @property
    def phase(self) -> Phase:
        return self.sender.phases[STATE]

    def _packets(self, effects: list[object]) -> list[object]:
        return [read(self.lane, effect.data) for effect in effects if isinstance(effect, Send)]

    def _seqs(self, effects: list[object]) -> list[int]:
        return [entry.seq for packet in self._packets(effects) if isinstance(packet, Data) for entry in packet.entries]


@pytest.fixture
def agent(lane: Lane) -> Agent:
    return Agent(lane, 2000)


def keep_all(agent: Agent) -> int:
    """Let the gateway keep what it is sent until nothing more comes; the last number that came."""
    last, sent = 0, agent.hear(Kept(STATE, agent.nonce, None, None))
    while sent:
        last = sent[-1]
        sent = agent.hear(Kept(STATE, agent.nonce, agent.at(1), agent.at(last)))
    return last


def test_it_sends_far_more_than_a_window_and_deletes_nothing(agent: Agent) -> None:
    assert keep_all(agent) == 2000
    assert agent.phase is Phase.RELAYED
    assert agent.journal.held(STATE)[0].oldest == 1


def test_without_the_gateways_word_it_sends_nothing_before_it_is_welcome(agent: Agent) -> None:
    assert agent.append(1) == []
    assert agent.phase is Phase.GREETING


def test_it_goes_on_greeting_and_a_welcome_makes_it_send_again_what_nobody_keeps(agent: Agent) -> None:
    keep_all(agent)
    assert [type(packet) for packet in agent.wait(20.0)] == [Hello]
    sent = agent.hear(Welcome(STATE, agent.at(100), agent.nonce, "", AT))
    assert agent.phase is Phase.FLOWING
    assert sent[0] == 101


def test_a_welcome_while_copies_are_vouched_for_sends_none_of_them_twice(agent: Agent) -> None:
    keep_all(agent)
    agent.wait(20.0)
    assert agent.hear(Kept(STATE, agent.nonce, agent.at(1), agent.at(2000))) == []
    assert agent.hear(Welcome(STATE, agent.at(100), agent.nonce, "", AT)) == []
    assert agent.phase is Phase.RELAYED
    agent.hear(Ack(STATE, agent.at(2000), gap=False, at=AT))
    assert [type(packet) for packet in agent.wait(2.0)] == [Hello]
    agent.hear(Welcome(STATE, agent.at(2000), agent.nonce, "", AT))
    assert agent.phase is Phase.FLOWING


def test_copies_that_are_lost_are_sent_again(agent: Agent) -> None:
    keep_all(agent)
    agent.hear(Kept(STATE, agent.nonce, None, None))
    again = agent.wait(20.0)
    assert isinstance(again[0], Hello)
    assert isinstance(again[1], Data)
    assert again[1].first == 1


def test_copies_that_start_later_than_what_it_holds_do_not_count(agent: Agent) -> None:
    agent.hear(Kept(STATE, agent.nonce, agent.at(50), agent.at(90)))
    again = agent.wait(20.0)
    assert isinstance(again[1], Data)
    assert again[1].first == 1


def test_a_gap_that_the_gateway_cannot_fill_is_greeted_about(agent: Agent) -> None:
    keep_all(agent)
    agent.hear(Ack(STATE, agent.at(30), gap=True, at=AT))
    assert agent.phase is Phase.GREETING
    assert agent.journal.held(STATE)[0].oldest == 31


def test_the_word_of_a_gateway_on_another_greeting_means_nothing(agent: Agent) -> None:
    assert agent.hear(Kept(STATE, "an old nonce", None, None)) == []
    assert agent.phase is Phase.GREETING


def test_the_word_travels_as_it_is() -> None:
    for packet in (Kept(STATE, "n", None, None), Kept(STATE, "n", Point(1, 1), Point(2, 7))):
        assert decode_back(encode(packet)) == packet
