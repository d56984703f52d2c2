"""What a receiver makes of a packet: pure functions; the shell commits their answer and only then replies.

packet = read(lane, raw)                           # Data | Hello | Refusal (count it, drop it)
decision = receive(position, packet, boot)         # boot: 16 random bytes of this process
if decision.commits: in ONE transaction store decision.entries, decision.losses and decision.position
publish(reply(lane, decision, now))                # only after that commit
"""

from dataclasses import dataclass
from datetime import datetime

from gateway.link.journal import Entry, Point, clip
from gateway.link.packets import Ack, Back, Data, Forth, Hello, Welcome, Who, decode_forth, encode
from gateway.link.position import Loss, Position, adopt
from gateway.link.seal import Lane, Refusal
from gateway.messages import Stream


@dataclass(frozen=True, slots=True)
class Accept:
    """Store `entries` (of `epoch`, in order; tombstones too) and `position` in one transaction, then reply."""

    stream: Stream
    epoch: int
    entries: tuple[Entry, ...]
    position: Position
    losses: tuple[Loss, ...] = ()
    commits = True


@dataclass(frozen=True, slots=True)
class Duplicate:
    """All of it is in store already, up to `point`."""

    stream: Stream
    point: Point
    position: Position
    commits = False


@dataclass(frozen=True, slots=True)
class Gap:
    """Something before it is still missing; the reply says from where."""

    stream: Stream
    position: Position
    commits = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """Only a fresh hello can place it; the reply asks for one."""

    stream: Stream
    challenge: str
    position: Position
    commits = False


@dataclass(frozen=True, slots=True)
class Greeted:
    """The sender stands where the receiver expects it."""

    stream: Stream
    nonce: str
    position: Position
    commits = False


@dataclass(frozen=True, slots=True)
class Adopted:
    """The stream goes on elsewhere: store `losses` and `position` in one transaction, then reply."""

    stream: Stream
    nonce: str
    position: Position
    losses: tuple[Loss, ...]
    epoch: int = 0
    entries: tuple[Entry, ...] = ()
    commits = True


Decision = Accept | Duplicate | Gap | Unknown | Greeted | Adopted


def read(lane: Lane, raw: bytes) -> Forth | Refusal:
    """A packet that the sender of this agent and leg sealed, or why it is to be ignored."""
    body = lane.unseal("forth", raw)
    return body if isinstance(body, Refusal) else decode_forth(body)


def receive(position: Position, packet: Forth, boot: bytes) -> Decision:
    """The decision on one packet, given the stream's position. Changes nothing."""
    if isinstance(packet, Hello):
        return _greet(position, packet, boot)
    if packet.epoch == position.epoch:
        return _within(position, packet)
    known = position.past.get(packet.epoch)
    if known is not None and packet.last <= known:
        return Duplicate(packet.stream, Point(packet.epoch, known), position)
    if packet.after == position.point and packet.first <= (known or 0) + 1:
        return _accept(position, packet)
    if _reached_later(position, packet.after):
        return Gap(packet.stream, position)
    return Unknown(packet.stream, position.challenge(boot), position)


def reply(lane: Lane, decision: Decision, at: datetime) -> bytes:
    """The answer to send back, after the decision was committed. `at`: the receiver's business time."""
    return lane.seal("back", encode(_answer(decision, at)))


def ask(lane: Lane, stream: Stream, position: Position, boot: bytes, at: datetime) -> bytes:
    """A Who unasked: a receiver that has just started sends it, to be greeted at once and not at the next time-out."""
    return lane.seal("back", encode(Who(stream, position.challenge(boot), at)))


def _within(position: Position, packet: Data) -> Decision:
    if packet.last <= position.committed:
        return Duplicate(packet.stream, Point(packet.epoch, position.committed), position)
    if packet.first > position.committed + 1:
        return Gap(packet.stream, position)
    return _accept(position, packet)


def _accept(position: Position, packet: Data) -> Accept:
    start = (position.committed_in(packet.epoch) or 0) + 1
    entries = tuple(clip(entry, start) for entry in packet.entries if entry.last >= start)
    return Accept(packet.stream, packet.epoch, entries, position.moved(Point(packet.epoch, packet.last)))


def _reached_later(position: Position, after: Point | None) -> bool:
    """Whether the packet's epoch follows the current one, which has not got there or has lost the first packet."""
    return after is not None and after.epoch == position.epoch and after.seq >= position.committed


def _greet(position: Position, hello: Hello, boot: bytes) -> Decision:
    challenge = position.challenge(boot)
    adopted, losses = adopt(position, hello.held, challenge)
    if not losses:
        return Greeted(hello.stream, hello.nonce, position)
    if hello.challenge != challenge:
        return Unknown(hello.stream, challenge, position)
    return Adopted(hello.stream, hello.nonce, adopted, losses)


def _answer(decision: Decision, at: datetime) -> Back:
    match decision:
        case Accept(stream, _, _, position):
            return Ack(stream, position.point, gap=False, at=at)
        case Duplicate(stream, point):
            return Ack(stream, point, gap=False, at=at)
        case Gap(stream, position):
            return Ack(stream, position.point, gap=True, at=at)
        case Unknown(stream, challenge):
            return Who(stream, challenge, at)
        case Greeted(stream, nonce, position) | Adopted(stream, nonce, position):
            return Welcome(stream, position.point, nonce, position.resync, at)
