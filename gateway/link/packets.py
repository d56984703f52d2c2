"""The six packets of a stream and their form on the wire: one JSON line, and for data one more line per payload."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from gateway.link.journal import Entry, Held, Point
from gateway.link.seal import Refusal
from gateway.messages import Stream


@dataclass(frozen=True, slots=True)
class Data:
    """Forth: consecutive entries of one epoch; `after` is where the stream stood before that epoch."""

    stream: Stream
    epoch: int
    after: Point | None
    entries: tuple[Entry, ...]

    @property
    def first(self) -> int:
        return self.entries[0].seq

    @property
    def last(self) -> int:
        return self.entries[-1].last


@dataclass(frozen=True, slots=True)
class Hello:
    """Forth: what the sender still holds. `challenge` repeats a Who's, which proves that this hello is fresh."""

    stream: Stream
    nonce: str
    challenge: str
    held: tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class Ack:
    """Back: the receiver's store has all up to `point`. `gap`: it saw something that lies further on.

    `at` is the receiver's business time.
    """

    stream: Stream
    point: Point | None
    gap: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Welcome:
    """Back: the answer to the hello with this `nonce`. A `resync` token not yet honoured asks for the full state."""

    stream: Stream
    point: Point | None
    nonce: str
    resync: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Who:
    """Back: the receiver can't place what it saw, and wants a hello that repeats this challenge."""

    stream: Stream
    challenge: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """Back, from a gateway on the way while the receiver is out of reach: it has copies of all from `first` to `last`.

    Answers the sender's latest hello (`nonce`) and acknowledges nothing: the sender goes on after `last`, keeping all.
    """

    stream: Stream
    nonce: str
    first: Point | None
    last: Point | None


Forth = Data | Hello
Back = Ack | Welcome | Who | Kept


def encode(packet: Forth | Back) -> bytes:
    """The body of a packet. Payloads go in as they are, without being parsed."""
    match packet:
        case Data():
            return _encode_data(packet)
        case Hello(stream, nonce, challenge, held):
            rows = [[epoch.epoch, epoch.oldest, epoch.next, _pair(epoch.after)] for epoch in held]
            return orjson.dumps({"t": "hello", "s": stream, "n": nonce, "c": challenge, "h": rows})
        case Ack(stream, point, gap, at):
            return orjson.dumps({"t": "ack", "s": stream, "p": _pair(point), "g": gap, "at": at})
        case Welcome(stream, point, nonce, resync, at):
            return orjson.dumps({"t": "welcome", "s": stream, "p": _pair(point), "n": nonce, "r": resync, "at": at})
        case Who(stream, challenge, at):
            return orjson.dumps({"t": "who", "s": stream, "c": challenge, "at": at})
        case Kept(stream, nonce, first, last):
            return orjson.dumps({"t": "kept", "s": stream, "n": nonce, "f": _pair(first), "l": _pair(last)})


def _encode_data(packet: Data) -> bytes:
    tombs = [[entry.seq, entry.last, entry.reason] for entry in packet.entries if entry.payload is None]
    head: dict[str, Any] = {"t": "data", "s": packet.stream, "e": packet.epoch, "f": packet.first, "l": packet.last}
    head["a"] = _pair(packet.after)
    if tombs:
        head["x"] = tombs
    return b"\n".join([orjson.dumps(head), *(e.payload for e in packet.entries if e.payload is not None)])


def decode_forth(body: bytes) -> Forth | Refusal:
    """A packet from the sender, or Refusal.FORM. What is let through is consistent in itself."""
    try:
        head, *payloads = body.split(b"\n")
        fields = orjson.loads(head)
        if fields["t"] == "data":
            return _decode_data(fields, payloads)
        if fields["t"] == "hello":
            held = tuple(_held(row) for row in fields["h"])
            return Hello(Stream(fields["s"]), _text(fields["n"]), _text(fields["c"]), held)
    except (ValueError, KeyError, TypeError):
        return Refusal.FORM
    return Refusal.FORM


def decode_back(body: bytes) -> Back | Refusal:
    """A packet from the receiver, or Refusal.FORM."""
    try:
        fields = orjson.loads(body)
        stream = Stream(fields["s"])
        if fields["t"] == "kept":
            return Kept(stream, _text(fields["n"]), _point(fields["f"]), _point(fields["l"]))
        at = datetime.fromisoformat(fields["at"])
        match fields["t"]:
            case "ack":
                return Ack(stream, _point(fields["p"]), fields["g"] is True, at)
            case "welcome":
                return Welcome(stream, _point(fields["p"]), _text(fields["n"]), _text(fields["r"]), at)
            case "who":
                return Who(stream, _text(fields["c"]), at)
    except (ValueError, KeyError, TypeError):
        return Refusal.FORM
    return Refusal.FORM


def _decode_data(fields: dict[str, Any], payloads: list[bytes]) -> Data:
    seq, last = _number(fields["f"]), _number(fields["l"])
    if not 1 <= seq <= last:
        msg = "no entries"
        raise ValueError(msg)
    entries: list[Entry] = []
    waiting = iter(payloads)
    for start, end, reason in [*fields.get("x", []), (last + 1, last + 1, "")]:
        if not seq <= _number(start) <= _number(end):
            msg = "tombstones out of order"
            raise ValueError(msg)
        entries += [Entry(at, at, payload) for at, payload in zip(range(seq, start), waiting, strict=False)]
        if end <= last:
            entries.append(Entry(start, end, None, _text(reason)))
        seq = end + 1
    if (
        sum(entry.last - entry.seq + 1 for entry in entries) != last - fields["f"] + 1
        or next(waiting, None) is not None
    ):
        msg = "numbers and payloads do not match"
        raise ValueError(msg)
    return Data(Stream(fields["s"]), _number(fields["e"]), _point(fields["a"]), tuple(entries))


def _held(row: list[Any]) -> Held:
    epoch, oldest, following, after = row
    if not 1 <= _number(oldest) <= _number(following):
        msg = "an epoch's numbers out of order"
        raise ValueError(msg)
    return Held(_number(epoch), oldest, following, _point(after))


def _pair(point: Point | None) -> list[int] | None:
    return None if point is None else list(point)


def _point(value: Any) -> Point | None:
    if value is None:
        return None
    epoch, seq = value
    return Point(_number(epoch), _number(seq))


def _number(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 1 << 63:
        msg = f"{value!r} is not a number of ours"
        raise ValueError(msg)
    return value


def _text(value: Any) -> str:
    if type(value) is not str or len(value) > 200:
        msg = "text expected"
        raise ValueError(msg)
    return value
