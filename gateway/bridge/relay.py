"""One agent's four ways through the door: opens what is sealed, lets by what is authentic, and judges what goes out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random

from gateway.bridge.cache import Cache, Name
from gateway.bridge.judge import Judge, Judged, judged
from gateway.bridge.passage import Out, Pass, Passage, Step
from gateway.bridge.seen import Seen
from gateway.link import STREAMS, Data, Hello, Kept, Lane, Mark, Refusal, Timing, read
from gateway.link.packets import Back, decode_back, encode
from gateway.messages import Stream
from gateway.topics import Channel


@dataclass(frozen=True, slots=True)
class Packet:
    """Bytes to publish on a channel of the agent: `up` and `down-ack` outside, `down` and `up-ack` inside."""

    channel: Channel
    data: bytes


class Relay:
    """Bytes in, packets out; it touches no clock. `now` is monotonic real seconds.

    `on_judged` hears of each message once, however often it is sent (again after a restart). What is not
    sealed with the agent's key, for this agent and this way, goes nowhere; `on_refused` hears of it.
    """

    def __init__(self, lane: Lane, cache: Cache, judge: Judge, random: Random, timing: Timing | None = None) -> None:
        self.on_refused: Callable[[Channel, Refusal], None] = lambda _, __: None
        self.on_judged: Callable[[Judged], None] = lambda _: None
        self._up, self._down = replace(lane, leg="up"), replace(lane, leg="down")
        self._judge = judge
        self._seen = Seen()
        self.passages: Mapping[Stream, Passage] = {
            stream: Passage(Name(lane.agent, stream), cache, random, timing or Timing()) for stream in STREAMS
        }

    @property
    def deadline(self) -> float | None:
        """When `tick` is due; None while nothing is awaited."""
        dues = [passage.deadline for passage in self.passages.values() if passage.deadline is not None]
        return min(dues, default=None)

    def connected(self, now: float) -> list[Packet]:
        """The cloud's broker is there (again)."""
        return [packet for each in self.passages.values() for packet in self._packets(each.connected(now), b"")]

    def disconnected(self) -> None:
        for passage in self.passages.values():
            passage.disconnected()

    def tick(self, now: float) -> list[Packet]:
        return [packet for each in self.passages.values() for packet in self._packets(each.tick(now), b"")]

    def receive(self, channel: Channel, raw: bytes, now: float) -> list[Packet]:
        """What to publish for a packet that came in on this channel: up and down-ack inside, the others outside."""
        match channel:
            case Channel.UP:
                return self._from_agent(raw, now)
            case Channel.UP_ACK:
                return self._from_receiver(raw, now)
            case Channel.DOWN:
                return self._by(channel, read(self._down, raw), raw)
            case Channel.DOWN_ACK:
                return self._by(channel, _back(self._down, raw), raw)

    def _from_agent(self, raw: bytes, now: float) -> list[Packet]:
        packet = read(self._up, raw)
        if isinstance(packet, Refusal):
            self.on_refused(Channel.UP, packet)
            return []
        passage = self.passages[packet.stream]
        if isinstance(packet, Hello):
            return self._packets(passage.hello(packet, now), raw, Channel.UP)
        return self._packets(passage.data(self._judged(packet), now), b"")

    def _from_receiver(self, raw: bytes, now: float) -> list[Packet]:
        answer = _back(self._up, raw)
        if isinstance(answer, Refusal):
            self.on_refused(Channel.UP_ACK, answer)
            return []
        if isinstance(answer, Kept):
            return []  # our own word or another gateway's, which means nothing on this side
        return self._packets(self.passages[answer.stream].answer(answer, now), raw, Channel.UP_ACK)

    def _by(self, channel: Channel, opened: object, raw: bytes) -> list[Packet]:
        """Orders come in and their receipts go out as they are; both ends keep what they need to send them again."""
        if isinstance(opened, Refusal):
            self.on_refused(channel, opened)
            return []
        return [Packet(channel, raw)]

    def _judged(self, packet: Data) -> Data:
        allowed, verdicts = judged(self._judge, packet)
        for each in verdicts:
            if self._seen.add(Mark(each.stream, *each.point)):
                self.on_judged(each)
        return allowed

    def _packets(self, steps: list[Step], raw: bytes, channel: Channel = Channel.UP) -> list[Packet]:
        return [self._packet(step, raw, channel) for step in steps]

    def _packet(self, step: Step, raw: bytes, channel: Channel) -> Packet:
        match step:
            case Out(packet):
                return Packet(Channel.UP, self._up.seal("forth", encode(packet)))
            case Pass():
                return Packet(channel, raw)
            case Kept():
                return Packet(Channel.UP_ACK, self._up.seal("back", encode(step)))


def _back(lane: Lane, raw: bytes) -> Back | Refusal:
    body = lane.unseal("back", raw)
    return body if isinstance(body, Refusal) else decode_back(body)
