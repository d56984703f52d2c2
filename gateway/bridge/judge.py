"""What of a sealed packet may leave the plant: each message crosses the fence once more, at the door."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from gateway.crossing import Disclosure, cross
from gateway.errors import MessageRefused
from gateway.link import Data, Entry, Point
from gateway.link.journal import coalesce
from gateway.messages import Stream, Up, decode_up, encode

WITHHELD, UNREADABLE = "withheld", "unreadable"
"""Reasons of the tombstones that take the place of what is stopped here."""


@dataclass(frozen=True, slots=True)
class Passed:
    """It crosses as it is. `message` is None for what the agent itself has given up (`why`)."""

    message: Up | None
    size: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class Reduced:
    """It says more than the policy lets out, and crosses without that. `size`: bytes of what crosses."""

    message: Up
    size: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """It stays in; a tombstone with its number and the `reason` crosses. `message` is None where it is unreadable."""

    message: Up | None
    size: int
    reason: str
    why: str


Verdict = Passed | Reduced | Stopped
Judge = Callable[[Entry], tuple[Entry, Verdict]]


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one message, by its identity."""

    stream: Stream
    point: Point
    verdict: Verdict


def by_policy(policy: Disclosure) -> Judge:
    """A judge of this policy. A number keeps its place whatever becomes of its message, so no hole is left."""

    def judge(entry: Entry) -> tuple[Entry, Verdict]:
        if entry.payload is None:
            return entry, Passed(None, 0, entry.reason or "")
        try:
            message = decode_up(entry.payload)
        except MessageRefused as error:
            return _tombstone(entry, UNREADABLE), Stopped(None, entry.size, UNREADABLE, str(error))
        allowed = cross(policy, message)
        if allowed is None:
            return _tombstone(entry, WITHHELD), Stopped(message, entry.size, WITHHELD, _why(message))
        if allowed == message:
            return entry, Passed(message, entry.size)
        payload = encode(allowed)
        return replace(entry, payload=payload), Reduced(message, len(payload))

    return judge


def judged(judge: Judge, packet: Data) -> tuple[Data, list[Judged]]:
    """The packet as it may leave, and the verdict on each of its messages."""
    pairs = [judge(entry) for entry in packet.entries]
    verdicts = [
        Judged(packet.stream, Point(packet.epoch, entry.seq), verdict)
        for entry, (_, verdict) in zip(packet.entries, pairs, strict=True)
    ]
    return replace(packet, entries=tuple(coalesce([entry for entry, _ in pairs]))), verdicts


def _tombstone(entry: Entry, reason: str) -> Entry:
    return Entry(entry.seq, entry.last, None, reason)


def _why(message: Up) -> str:
    machine = getattr(message, "machine", "")
    match message.kind:
        case "samples":
            return f"disclosure of {machine} does not name the signal {getattr(message, 'signal', '')}"
        case "telemetry":
            return f"disclosure of {machine} names none of these signals"
        case "statement":
            return f"disclosure of {machine} is `capacity: none`"
        case _:
            return f"disclosure of {machine} is `states: false`"
