"""One stream's way through the door: what is kept of it goes out within a window until the receiver has it."""

from dataclasses import dataclass
from random import Random

from gateway.bridge.cache import Cache, Name, Parcel
from gateway.bridge.parcel import Chain, Place, merged, place, rest
from gateway.link import Ack, Data, Hello, Kept, Limits, Point, Timing, Welcome, Who
from gateway.link.window import Window

GRACE = 2.0
"""Real seconds without progress after which the receiver counts as out of reach, whatever the broker says."""

LIMITS = Limits(items=12, size=512 << 10, packet_items=1, packet_size=64 << 10, patience=1.0)
"""What of a stream may be under way; an ingest holds no more than 64 packets of one agent."""

LOST = 3
"""Times that the receiver may ask who the sender is without any progress; then the copies are no use to it."""


@dataclass(frozen=True, slots=True)
class Out:
    """A packet for the receiver."""

    packet: Data


@dataclass(frozen=True, slots=True)
class Pass:
    """Let the packet that just came in go on, as it is."""


Step = Out | Pass | Kept


class Passage:
    """Decides on one stream; it never acknowledges. `now` is monotonic real seconds.

    All that it adds to what an honest but slow network would do is to send authentic packets again, so neither end
    can be harmed by it. It never has to send one: the agent does, for as long as the receiver has not acknowledged.
    """

    def __init__(self, name: Name, cache: Cache, random: Random, timing: Timing) -> None:
        self.name = name
        self.deadline: float | None = None
        self._up = False
        self._cache = cache
        self._behind_to: Point | None = None
        self._random = random
        self._timing = timing
        self._window = Window(LIMITS)
        self._sent_to = 0
        self._stalls = self._lost = 0
        self._trip = 0.0
        self._moved = 0.0
        self._gap: Point | None = None
        self._nonce, self._greeted, self._welcomed = "", 0.0, False
        self._fall_behind()

    @property
    def behind(self) -> bool:
        """Whether copies wait that the receiver should have had by now; meanwhile the sender is told to go on."""
        return self._behind_to is not None

    @property
    def chain(self) -> Chain | None:
        """What is kept."""
        return self._cache.chain(self.name)

    @property
    def waits(self) -> bool:
        return self.chain is not None

    def connected(self, now: float) -> list[Step]:
        """The receiver's broker is there (again): what waited goes out at once."""
        self._up = True
        self._moved, self._stalls = now, 0
        self._rewind()
        return self._pump(now)

    def disconnected(self) -> None:
        self._up = False
        self._rewind()
        self.deadline = None
        self._fall_behind()

    def hello(self, hello: Hello, now: float) -> list[Step]:
        """A greeting is the receiver's to answer; where it is out of reach, the sender is told to go on."""
        if hello.nonce != self._nonce:
            self._nonce, self._greeted, self._welcomed = hello.nonce, now, False
        unanswered = not self._welcomed and now - self._greeted > GRACE
        out: list[Step] = [Pass()] if self._up else []
        return [self._kept(), *out] if unanswered or self.behind or not self._up else out

    def data(self, packet: Data, now: float) -> list[Step]:
        """Keep it if it joins; without the receiver's word the sender keeps it too."""
        out: list[Step] = []
        chain = self.chain
        match place(chain, self._cache.acked(self.name), packet):
            case Place.JOINS:
                out = self._keep(rest(chain, packet), now)
            case Place.STARTS:
                self._drop()
                out = self._keep(packet, now)
            case Place.KNOWN:
                pass
            case Place.BEFORE | Place.BEYOND:
                out = self._let_by(packet)
        out += self._pump(now)
        if not self._up or now - self._moved > GRACE:
            self._fall_behind()
        return [*out, self._kept()] if self._nonce and (self.behind or not self._up) else out

    def answer(self, answer: Ack | Welcome | Who, now: float) -> list[Step]:
        """What the receiver says goes to the sender, and prunes what is kept."""
        chain = self.chain
        out: list[Step] = [Pass()]
        match answer:
            case Ack(point=point, gap=True) if chain and chain.continues(point):
                # The hole is between here and the receiver, so it is ours to fill; the sender need not hear of it.
                self._settle(point, now)
                if point != self._gap:
                    self._gap = point
                    self._rewind()
                out = []
            case Ack(gap=True):
                self._drop()
            case Ack(point=point):
                self._settle(point, now)
            case Welcome(point=point, nonce=nonce):
                self._welcomed = self._welcomed or nonce == self._nonce
                if chain and not chain.continues(point):
                    self._drop()
                self._settle(point, now)
                self._rewind()
            case Who():
                self._lost += 1
                if self._lost >= LOST:
                    self._drop()
        return out + self._pump(now)

    def tick(self, now: float) -> list[Step]:
        """Send again what stayed without an answer."""
        if self.deadline is None or now < self.deadline:
            return []
        self._stalls += 1
        self.deadline = None
        self._fall_behind()
        self._rewind()
        return self._pump(now)

    def _keep(self, packet: Data, now: float) -> list[Step]:
        if not self.waits:
            self._moved = now
        return [] if self._cache.append(self.name, packet) else self._let_by(packet)

    def _let_by(self, packet: Data) -> list[Step]:
        """What can't be kept goes out as it is, unless it would overtake what waits; its sender has it in any case."""
        return [Out(packet)] if self._up and not self.behind else []

    def _settle(self, point: Point | None, now: float) -> None:
        if point is None:
            return
        acked, chain = self._cache.acked(self.name), self.chain
        useful = chain is not None and (chain.continues(point) or chain.last < point)
        if useful or acked is None or acked < point:
            self._cache.prune(self.name, point)
            self._moved, self._stalls, self._lost = now, 0, 0
        sent = self._window.settle(point)
        if sent is not None:
            self._trip = 0.8 * self._trip + 0.2 * (now - sent) if self._trip else now - sent
            self._window.narrow(self._trip)
        self._restart_timer(now)
        if not self.waits or (self._behind_to and self._behind_to <= point):
            self._behind_to = None

    def _pump(self, now: float) -> list[Step]:
        out: list[Step] = []
        while self._up and self._window.room[0]:
            parcels = self._cache.following(self.name, self._sent_to, LIMITS.packet_size)
            if not parcels:
                break
            self._sent_to = parcels[-1].place
            out.append(Out(self._under_way(parcels, now)))
        if self.deadline is None:
            self._restart_timer(now)
        return out

    def _under_way(self, parcels: list[Parcel], now: float) -> Data:
        packet = merged([parcel.packet for parcel in parcels])
        size = sum(entry.size for entry in packet.entries)
        self._window.add(Point(packet.epoch, packet.last), 1, size, now, again=self._stalls > 0)
        return packet

    def _fall_behind(self) -> None:
        chain = self.chain
        self._behind_to = chain.last if chain else None

    def _kept(self) -> Kept:
        chain = self.chain
        return Kept(self.name.stream, self._nonce, chain.first if chain else None, chain.last if chain else None)

    def _drop(self) -> None:
        self._cache.drop(self.name)
        self._rewind()
        self._lost = 0
        self._behind_to = None

    def _rewind(self) -> None:
        self._window.clear()
        self._sent_to = 0

    def _restart_timer(self, now: float) -> None:
        wait = self._timing.delay(self._stalls, self._random, self._trip)
        self.deadline = None if self._window.empty else now + wait
