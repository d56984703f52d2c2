"""Copies of packets that agents sent and nobody has acknowledged yet: the shape of such a store, and one in memory."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from gateway.bridge.parcel import Chain
from gateway.link import Data, Point
from gateway.link.packets import decode_forth, encode
from gateway.messages import Stream

OVERHEAD = 64
"""Bytes that a packet is counted for besides its body."""

FIRST = (Stream.CONTROL, Stream.STATE)
SHARE = 4
"""The last quarter of the room is for control and state alone, so that telemetry never takes their place."""


class Name(NamedTuple):
    """One stream of one agent."""

    agent: str
    stream: Stream


class Parcel(NamedTuple):
    """A kept packet, and its place in the order of arrival."""

    place: int
    packet: Data


class Cache(Protocol):
    """All of it may vanish at any moment; nothing is promised to anybody."""

    def chain(self, name: Name) -> Chain | None:
        """What is kept of a stream."""
        ...

    def acked(self, name: Name) -> Point | None:
        """How far the receiver is known to have got, as far as is remembered."""
        ...

    def append(self, name: Name, packet: Data) -> bool:
        """Keep a packet that joins the chain or starts one. False: there is no room (or no disk), it is not kept."""
        ...

    def following(self, name: Name, place: int, size: int) -> list[Parcel]:
        """Kept packets of one epoch after `place`, in order: one at least, then up to `size` bytes."""
        ...

    def prune(self, name: Name, through: Point) -> None:
        """The receiver has all up to `through`: forget it, and remember that."""
        ...

    def drop(self, name: Name) -> None:
        """Forget the whole chain."""
        ...

    def size(self, name: Name | None = None) -> int:
        """Bytes kept of a stream, or of all."""
        ...


def fits(stream: Stream, used: int, more: int, limit: int) -> bool:
    """Whether `more` bytes of a stream may be kept when `used` are."""
    return used + more <= (limit if stream in FIRST else limit - limit // SHARE)


@dataclass(slots=True)
class _Shelf:
    chain: Chain | None = None
    acked: Point | None = None
    parcels: list[tuple[int, bytes, Point]] = field(default_factory=list)


class MemoryCache:
    """A cache of at most `limit` bytes that lives as long as this object."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._shelves: dict[Name, _Shelf] = defaultdict(_Shelf)
        self._places = 0

    def chain(self, name: Name) -> Chain | None:
        return self._shelves[name].chain

    def acked(self, name: Name) -> Point | None:
        return self._shelves[name].acked

    def append(self, name: Name, packet: Data) -> bool:
        body = encode(packet)
        if not fits(name.stream, self.size(), len(body) + OVERHEAD, self._limit):
            return False
        shelf = self._shelves[name]
        self._places += 1
        shelf.chain = shelf.chain.plus(packet) if shelf.chain else Chain.of(packet)
        shelf.parcels.append((self._places, body, Point(packet.epoch, packet.last)))
        return True

    def following(self, name: Name, place: int, size: int) -> list[Parcel]:
        found = [(at, body) for at, body, _ in self._shelves[name].parcels if at > place]
        return together(found, size)

    def prune(self, name: Name, through: Point) -> None:
        shelf = self._shelves[name]
        shelf.acked = through
        shelf.parcels = [parcel for parcel in shelf.parcels if parcel[2] > through]
        packets = [packet_of(body) for _, body, _ in shelf.parcels]
        shelf.chain = rebuilt(packets)

    def drop(self, name: Name) -> None:
        shelf = self._shelves[name]
        shelf.chain, shelf.parcels = None, []

    def size(self, name: Name | None = None) -> int:
        shelves = self._shelves.values() if name is None else [self._shelves[name]]
        return sum(len(body) + OVERHEAD for shelf in shelves for _, body, _ in shelf.parcels)


def packet_of(body: bytes) -> Data:
    """A body that was kept, as the packet it is. Raises ValueError for one that is damaged."""
    packet = decode_forth(body)
    if not isinstance(packet, Data):
        msg = "a kept packet is damaged"
        raise ValueError(msg)  # noqa: TRY004 - it is no type of an argument that is wrong
    return packet


def rebuilt(packets: list[Data]) -> Chain | None:
    """The chain that these packets are."""
    chain: Chain | None = None
    for packet in packets:
        chain = chain.plus(packet) if chain else Chain.of(packet)
    return chain


def together(rows: Iterable[tuple[int, bytes]], size: int) -> list[Parcel]:
    """As many of these rows, in order, as have one epoch and `size` bytes; one at least."""
    chosen: list[Parcel] = []
    for at, body in rows:
        size -= len(body)
        packet = packet_of(body)
        if chosen and (size < 0 or packet.epoch != chosen[0].packet.epoch):
            break
        chosen.append(Parcel(at, packet))
    return chosen
